/* web_server.c - see web_server.h.  libsoup 3. */
#include "cmd/web_server.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <libsoup/soup.h>
#include <signal.h>
#include <string.h>

#include "cmd/web_gate.h"
#include "core/base/error.h"

enum {
    MAX_CONNECTIONS = 64,
    MAX_FILES = 512,
    BACKLOG = 128, /* GLib's 10 makes further ones wait for whole seconds */
    HEADER_SECONDS = 10, /* to finish a request's headers, or the next one's */
    BODY_SECONDS = 120,  /* to read an answer */
    SECRET_BYTES = 16
};

static const char POLICY[] =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; "
    "style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "worker-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types tarn";

struct page_file {
    GBytes *bytes;
    const char *type;
};

/* A connection and the clock that runs on it. */
struct peer {
    struct web_server *server;
    GSocketConnection *connection; /* borrowed; see forget_peer() */
    guint timer;
};

struct web_server {
    GHashTable *files; /* path without the secret -> struct page_file */
    GHashTable *peers; /* "address port" -> struct peer */
    SoupServer *soup;
    GSocketService *service;
    GMainLoop *loop;
    char *secret, *address;
    uint16_t port;
    int signal;
};

/* ----------------------------------------------------------------- table */
static const char *type_of(const char *name)
{
    static const char *const TYPES[][2] = {
        { ".html", "text/html; charset=utf-8" },
        { ".css", "text/css; charset=utf-8" },
        { ".mjs", "text/javascript; charset=utf-8" },
        { ".js", "text/javascript; charset=utf-8" },
        { ".wasm", "application/wasm" },
        { ".svg", "image/svg+xml" },
        { ".png", "image/png" },
        { ".webmanifest", "application/manifest+json" },
        { ".gguf", "application/octet-stream" },
        { ".txt", "text/plain; charset=utf-8" },
    };
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < G_N_ELEMENTS(TYPES); i++)
        if (!strcmp(dot, TYPES[i][0]))
            return TYPES[i][1];
    return NULL;
}

static void free_file(gpointer p)
{
    struct page_file *f = p;
    g_bytes_unref(f->bytes);
    g_free(f);
}

static void add_file(struct web_server *s, const char *path, const char *name,
                     const char *type)
{
    GMappedFile *map = g_mapped_file_new(path, FALSE, NULL);
    if (!map)
        return;
    struct page_file *f = g_new0(struct page_file, 1);
    f->bytes = g_mapped_file_get_bytes(map);
    f->type = type;
    g_mapped_file_unref(map);
    g_hash_table_insert(s->files, g_strdup(name), f);
}

/* One folder; `prefix` is "" or "NAME/". */
static void add_folder(struct web_server *s, const char *folder,
                       const char *prefix)
{
    GDir *dir = g_dir_open(folder, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        char *path = g_build_filename(folder, name, NULL);
        char *key = g_strconcat(prefix, name, NULL);
        const char *type = type_of(name);
        if (g_file_test(path, G_FILE_TEST_IS_SYMLINK)) {
            /* never out of the folder */
        } else if (type && g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
            if (g_hash_table_size(s->files) < MAX_FILES)
                add_file(s, path, key, type);
        } else if (!*prefix && g_file_test(path, G_FILE_TEST_IS_DIR)) {
            char *below = g_strconcat(name, "/", NULL);
            add_folder(s, path, below);
            g_free(below);
        }
        g_free(key);
        g_free(path);
    }
    if (dir)
        g_dir_close(dir);
}

static const struct page_file *find_file(const struct web_server *s,
                                         const char *path)
{
    const size_t n = strlen(s->secret);
    if (path[0] != '/' || strncmp(path + 1, s->secret, n) ||
        path[1 + n] != '/')
        return NULL;
    const char *name = path + 1 + n + 1;
    return g_hash_table_lookup(s->files, *name ? name : "index.html");
}

/* ----------------------------------------------------------------- peers */
static char *name_of(GSocketAddress *address)
{
    if (!G_IS_INET_SOCKET_ADDRESS(address))
        return g_strdup("");
    GInetSocketAddress *inet = G_INET_SOCKET_ADDRESS(address);
    char *ip = g_inet_address_to_string(g_inet_socket_address_get_address(inet));
    char *name =
        g_strdup_printf("%s %u", ip, g_inet_socket_address_get_port(inet));
    g_free(ip);
    return name;
}

static gboolean hang_up(gpointer user)
{
    struct peer *p = user;
    p->timer = 0;
    g_socket_shutdown(g_socket_connection_get_socket(p->connection), TRUE,
                      TRUE, NULL);
    return G_SOURCE_REMOVE;
}

static void set_clock(struct peer *p, guint seconds)
{
    if (p->timer)
        g_source_remove(p->timer);
    p->timer = g_timeout_add_seconds(seconds, hang_up, p);
}

static void free_peer(gpointer user)
{
    struct peer *p = user;
    if (p->timer)
        g_source_remove(p->timer);
    g_free(p);
}

/* The connection object is gone. */
struct farewell {
    struct web_server *server;
    char *name;
};

static void forget_peer(gpointer user, GObject *gone)
{
    struct farewell *f = user;
    struct peer *p = f->server->peers
                         ? g_hash_table_lookup(f->server->peers, f->name)
                         : NULL;
    /* The same port may already be another connection's. */
    if (p && (GObject *)p->connection == gone)
        g_hash_table_remove(f->server->peers, f->name);
    g_free(f->name);
    g_free(f);
}

static gboolean on_incoming(GSocketService *service, GSocketConnection *c,
                            GObject *source, gpointer user)
{
    struct web_server *s = user;
    (void)service;
    (void)source;
    if (g_hash_table_size(s->peers) >= MAX_CONNECTIONS) {
        g_io_stream_close(G_IO_STREAM(c), NULL, NULL);
        return TRUE;
    }
    GSocketAddress *local = g_socket_connection_get_local_address(c, NULL);
    GSocketAddress *remote = g_socket_connection_get_remote_address(c, NULL);
    if (local && remote) {
        struct peer *p = g_new0(struct peer, 1);
        struct farewell *f = g_new0(struct farewell, 1);
        p->server = f->server = s;
        p->connection = c;
        f->name = name_of(remote);
        g_hash_table_replace(s->peers, g_strdup(f->name), p);
        g_object_weak_ref(G_OBJECT(c), forget_peer, f);
        set_clock(p, HEADER_SECONDS);
        soup_server_accept_iostream(s->soup, G_IO_STREAM(c), local, remote,
                                    NULL);
    }
    g_clear_object(&local);
    g_clear_object(&remote);
    return TRUE;
}

static struct peer *peer_of(struct web_server *s, SoupServerMessage *msg)
{
    GSocketAddress *remote = soup_server_message_get_remote_address(msg);
    char *name = remote ? name_of(remote) : NULL;
    struct peer *p = name ? g_hash_table_lookup(s->peers, name) : NULL;
    g_free(name);
    return p;
}

static void set_clock_of(struct web_server *s, SoupServerMessage *msg,
                         guint seconds)
{
    struct peer *p = peer_of(s, msg);
    if (p)
        set_clock(p, seconds);
}

static void hang_up_on(struct web_server *s, SoupServerMessage *msg)
{
    struct peer *p = peer_of(s, msg);
    soup_server_message_set_status(msg, 413, NULL);
    if (p)
        g_socket_shutdown(g_socket_connection_get_socket(p->connection), TRUE,
                          TRUE, NULL);
}

/* -------------------------------------------------------------- requests */
static void count_host(const char *name, const char *value, gpointer user)
{
    struct web_request *q = user;
    if (!g_ascii_strcasecmp(name, "Host")) {
        q->n_host++;
        q->host = value;
    }
}

static void add_headers(SoupServerMessage *msg)
{
    static const char *const HEADERS[][2] = {
        { "Cross-Origin-Opener-Policy", "same-origin" },
        { "Cross-Origin-Embedder-Policy", "require-corp" },
        { "Cross-Origin-Resource-Policy", "same-origin" },
        { "X-Content-Type-Options", "nosniff" },
        { "Referrer-Policy", "no-referrer" },
        { "Cache-Control", "no-cache" },
        { "Content-Security-Policy", POLICY },
    };
    SoupMessageHeaders *h = soup_server_message_get_response_headers(msg);
    for (size_t i = 0; i < G_N_ELEMENTS(HEADERS); i++)
        soup_message_headers_replace(h, HEADERS[i][0], HEADERS[i][1]);
}

static void refuse(SoupServerMessage *msg, unsigned status)
{
    SoupMessageHeaders *h = soup_server_message_get_response_headers(msg);
    soup_server_message_set_status(msg, status, NULL);
    if (status == 405)
        soup_message_headers_replace(h, "Allow", "GET, HEAD");
    /* What follows the headers of a refused request is not read. */
    soup_message_headers_replace(h, "Connection", "close");
    soup_server_message_set_response(msg, "text/plain", SOUP_MEMORY_STATIC,
                                     "not here\n", 9);
}

/* Runs when the headers are whole, before a body is read. */
static void on_request(SoupServer *server, SoupServerMessage *msg,
                       const char *path, GHashTable *query, gpointer user)
{
    struct web_server *s = user;
    SoupMessageHeaders *h = soup_server_message_get_request_headers(msg);
    GUri *uri = soup_server_message_get_uri(msg);
    struct web_request q = {
        .method = soup_server_message_get_method(msg),
        .fetch_site = soup_message_headers_get_one(h, "Sec-Fetch-Site"),
        .target_host = uri ? g_uri_get_host(uri) : NULL,
        .target_port = uri ? g_uri_get_port(uri) : -1,
    };
    (void)server;
    (void)path;
    (void)query;
    /* No request that we answer has a body, and none is read. */
    if (soup_message_headers_get_encoding(h) != SOUP_ENCODING_NONE) {
        hang_up_on(s, msg);
        return;
    }
    set_clock_of(s, msg, BODY_SECONDS);
    add_headers(msg);
    soup_message_headers_foreach(h, count_host, &q);
    /* Ranges are answered whole: libsoup's own are not safe (H05). */
    soup_message_headers_remove(h, "Range");
    unsigned status = web_gate(&q, s->port);
    const struct page_file *f =
        status ? NULL : find_file(s, g_uri_get_path(uri));
    if (!f) {
        refuse(msg, status ? status : 404);
        return;
    }
    soup_message_headers_set_content_type(
        soup_server_message_get_response_headers(msg), f->type, NULL);
    soup_server_message_set_status(msg, 200, NULL);
    soup_message_body_append_bytes(soup_server_message_get_response_body(msg),
                                   f->bytes);
}

static void on_done(SoupServer *server, SoupServerMessage *msg, gpointer user)
{
    (void)server;
    set_clock_of(user, msg, HEADER_SECONDS);
}

/* ---------------------------------------------------------------- server */
static char *new_secret(void)
{
    GString *hex = g_string_new(NULL);
    for (int i = 0; i < SECRET_BYTES; i += 4) {
        char *u = g_uuid_string_random(); /* from the system's random source */
        g_string_append_len(hex, u, 8);
        g_free(u);
    }
    return g_string_free(hex, FALSE);
}

enum tarn_status web_server_create(const char *folder, struct web_server **out,
                                   struct tarn_error *err)
{
    struct web_server *s = g_new0(struct web_server, 1);
    s->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                     free_file);
    s->peers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                     free_peer);
    s->secret = new_secret();
    add_folder(s, folder, "");
    if (!g_hash_table_contains(s->files, "index.html")) {
        web_server_destroy(s);
        return tarn_fail(err, TARN_IO,
                         "%s holds no page; build it with ./run web",
                         tarn_shown_str(folder).text);
    }
    *out = s;
    return TARN_OK;
}

static bool add_address(struct web_server *s, GSocketFamily family,
                        uint16_t port, GError **error)
{
    GInetAddress *ip = g_inet_address_new_loopback(family);
    GSocketAddress *address = g_inet_socket_address_new(ip, port);
    GSocketAddress *got = NULL;
    const bool good = g_socket_listener_add_address(
        G_SOCKET_LISTENER(s->service), address, G_SOCKET_TYPE_STREAM,
        G_SOCKET_PROTOCOL_TCP, NULL, &got, error);
    if (good)
        s->port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(got));
    g_clear_object(&got);
    g_object_unref(address);
    g_object_unref(ip);
    return good;
}

enum tarn_status web_server_listen(struct web_server *s, uint16_t port,
                                   struct tarn_error *err)
{
    GError *error = NULL;
    s->service = g_socket_service_new();
    /* Begun in run(): a second address added to a service at work makes it
     * drop the connection that it is just accepting. */
    g_socket_service_stop(s->service);
    g_socket_listener_set_backlog(G_SOCKET_LISTENER(s->service), BACKLOG);
    if (!add_address(s, G_SOCKET_FAMILY_IPV4, port, &error)) {
        const bool taken =
            g_error_matches(error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
        const enum tarn_status status =
            taken ? tarn_fail(err, TARN_NET,
                              "port %u is in use by another program; choose "
                              "another with --port",
                              (unsigned)port)
                  : tarn_fail(err, TARN_NET, "port %u cannot be opened: %s",
                              (unsigned)port, error->message);
        g_clear_error(&error);
        g_clear_object(&s->service);
        return status;
    }
    add_address(s, G_SOCKET_FAMILY_IPV6, s->port, NULL);
    s->soup = g_object_new(SOUP_TYPE_SERVER, NULL);
    soup_server_add_early_handler(s->soup, NULL, on_request, s, NULL);
    g_signal_connect(s->soup, "request-finished", G_CALLBACK(on_done), s);
    g_signal_connect(s->service, "incoming", G_CALLBACK(on_incoming), s);
    g_free(s->address);
    s->address = g_strdup_printf("http://127.0.0.1:%u/%s/",
                                 (unsigned)s->port, s->secret);
    return TARN_OK;
}

const char *web_server_address(const struct web_server *s)
{
    return s->address;
}

static gboolean on_interrupt(gpointer user)
{
    struct web_server *s = user;
    s->signal = SIGINT;
    g_main_loop_quit(s->loop);
    return G_SOURCE_CONTINUE;
}

static gboolean on_terminate(gpointer user)
{
    struct web_server *s = user;
    s->signal = SIGTERM;
    g_main_loop_quit(s->loop);
    return G_SOURCE_CONTINUE;
}

int web_server_run(struct web_server *s)
{
    s->loop = g_main_loop_new(NULL, FALSE);
    const guint a = g_unix_signal_add(SIGINT, on_interrupt, s);
    const guint b = g_unix_signal_add(SIGTERM, on_terminate, s);
    g_socket_service_start(s->service);
    g_main_loop_run(s->loop);
    g_source_remove(a);
    g_source_remove(b);
    return s->signal;
}

void web_server_destroy(struct web_server *s)
{
    if (!s)
        return;
    if (s->service) {
        g_socket_service_stop(s->service);
        g_socket_listener_close(G_SOCKET_LISTENER(s->service));
    }
    /* Connections say farewell while the table is still there. */
    if (s->soup)
        soup_server_disconnect(s->soup);
    g_clear_object(&s->soup);
    g_clear_object(&s->service);
    g_clear_pointer(&s->peers, g_hash_table_destroy);
    g_clear_pointer(&s->files, g_hash_table_destroy);
    g_clear_pointer(&s->loop, g_main_loop_unref);
    g_free(s->secret);
    g_free(s->address);
    g_free(s);
}
