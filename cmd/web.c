/* web.c - tarn web: the page on loopback, in the person's own browser. */
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"

#if defined(TARN_HAVE_SOUP)
#include <gio/gio.h>
#include <signal.h>
#include <unistd.h>

#include "cmd/web_server.h"

/* A fixed port: the browser keeps chats and models per port. */
enum { USUAL_PORT = 8734, PORTS_TRIED = 10 };

/* The built page beside the program, or the installed one. */
static bool find_page(char *out, size_t room)
{
    static const char *const PLACES[] = { "/web", "/../share/tarn/web" };
    char exe[3000];
    const ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    exe[n > 0 ? n : 0] = 0;
    char *slash = strrchr(exe, '/');
    if (slash)
        *slash = 0;
    for (size_t i = 0; slash && i < sizeof PLACES / sizeof *PLACES; i++) {
        snprintf(out, room, "%s%s/index.html", exe, PLACES[i]);
        if (access(out, R_OK) == 0) {
            out[strlen(out) - strlen("/index.html")] = 0;
            return true;
        }
    }
    return false;
}

static enum tarn_status listen_somewhere(struct web_server *s, int32_t port,
                                         struct tarn_error *err)
{
    if (port >= 0)
        return web_server_listen(s, (uint16_t)port, err);
    enum tarn_status status = TARN_NET;
    for (int i = 0; status == TARN_NET && i < PORTS_TRIED; i++)
        status = web_server_listen(s, (uint16_t)(USUAL_PORT + i), err);
    return status;
}

static enum tarn_status serve(const char *folder, int32_t port, bool open,
                              struct tarn_error *err)
{
    struct web_server *s = NULL;
    enum tarn_status status = web_server_create(folder, &s, err);
    if (!status)
        status = listen_somewhere(s, port, err);
    if (!status) {
        printf("%s\n", web_server_address(s));
        fprintf(stderr, "The page is at this address, for this computer "
                        "only; Ctrl+C ends it.\n");
        status = cmd_flush(err);
    }
    if (!status) {
        if (open && !g_app_info_launch_default_for_uri(web_server_address(s),
                                                       NULL, NULL))
            fprintf(stderr, "No browser could be started; open the address "
                            "by hand.\n");
        status = (enum tarn_status)(128 + web_server_run(s));
    }
    web_server_destroy(s);
    return status;
}
#else
static enum tarn_status serve(const char *folder, int32_t port, bool open,
                              struct tarn_error *err)
{
    (void)folder;
    (void)port;
    (void)open;
    return tarn_fail(err, TARN_USAGE,
                     "this tarn was built without libsoup and cannot serve "
                     "the page; install libsoup-3.0-dev and build it again");
}

static bool find_page(char *out, size_t room)
{
    snprintf(out, room, "web");
    return true;
}
#endif

static enum tarn_status run(const struct cmd *self, int argc, char **argv,
                            struct tarn_error *err)
{
    const char *folder = NULL;
    int32_t port = -1;
    bool open = false;
    char found[3200];
    struct cmd_args a;
    cmd_args_init(&a, self, 0);
    const struct cmd_option own[] = {
        { "--port", NULL, CMD_I32, &port, 0, 65535, "N",
          "the port; 0: any that is free (8734 or the next free one)" },
        { "--open", NULL, CMD_FLAG, &open, 0, 0, NULL,
          "open the page in the browser" },
        { "--dir", NULL, CMD_TEXT, &folder, 0, 0, "DIR",
          "a page built elsewhere" },
    };
    cmd_args_add(&a, own, sizeof own / sizeof *own);
    const enum tarn_status s = cmd_args_parse(&a, argc, argv, err);
    if (s || a.help)
        return s;
    if (!folder && find_page(found, sizeof found))
        folder = found;
    if (!folder)
        return tarn_fail(err, TARN_IO,
                         "the page is not built; ./run web builds it");
    return serve(folder, port, open, err);
}

const struct cmd cmd_web = {
    .name = "web",
    .summary = "the page, in the browser of this computer",
    .usage = "[--port N] [--open]",
    .detail = "Serves the page and the pocket model on loopback, to this "
              "computer only.  The\naddress holds a secret that is new in "
              "each start.\n\nExample:\n  tarn web --open\n",
    .run = run,
};
