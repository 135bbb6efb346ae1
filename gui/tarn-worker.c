/* tarn-worker.c - see tarn-worker.h. */
#include "gui/tarn-worker.h"

#include "backends/backend.h"
#include "gui/tarn-settings.h"
#include "gui/tarn-words.h"

enum { PROGRESS_MS = 100 };

/* Backends and runtimes: made by the first thread that needs them, gone with
 * the last.  A runtime has its backends in one order; another model may be
 * faster with another one at their head. */
typedef struct {
    gint refs; /* atomic */
    GMutex lock;
    char *backend; /* asked for, or NULL */
    struct tarn_plugins *plugins;
    gpointer found; /* the same, atomic: the lock is held while searching */
    GPtrArray *runtimes; /* struct tarn_runtime */
    GPtrArray *heads;    /* the first backend of each, borrowed */
} Shared;

/* A model and its thread. */
typedef struct {
    gint refs;          /* atomic */
    TarnWorker *worker; /* main thread only; NULL: nobody waits for it */
    Shared *shared;
    char *path;
    guint context, kv; /* of the engine; see tarn_worker_set_memory() */
    GThread *thread;
    gint cancelled, quit, permille; /* atomic */
    GMutex lock;
    char *timing;  /* lock: the backend that is being timed, or NULL */
    gboolean live; /* lock: the engine is there and its owner steps it */
    gboolean away; /* main thread only: an errand has the engine */
    gboolean sent; /* lock: `errand` is to be done, or being done */
    TarnErrand errand;
    struct tarn_model *model;
    struct tarn_engine *engine;
    enum tarn_status status;
    struct tarn_error err;
} Seat;

struct _TarnWorker {
    GObject parent;
    Shared *shared;
    Seat *seat, *opening, *opened;
    guint context, kv;  /* for the next model */
    GPtrArray *threads; /* GThread of every seat there was */
    guint progress;
    gint shown;
};
G_DEFINE_FINAL_TYPE(TarnWorker, tarn_worker, G_TYPE_OBJECT)

enum { OPENED, FAILED, PROGRESS, TIMING, EVENTS, N_SIGNALS };
static guint signals[N_SIGNALS];

/* ----------------------------------------------------------------- shared */
static Shared *shared_ref(Shared *s)
{
    g_atomic_int_inc(&s->refs);
    return s;
}

static void shared_unref(Shared *s)
{
    if (!g_atomic_int_dec_and_test(&s->refs))
        return;
    for (guint i = 0; i < s->runtimes->len; i++)
        tarn_runtime_destroy(s->runtimes->pdata[i]);
    g_ptr_array_unref(s->runtimes);
    g_ptr_array_unref(s->heads);
    if (s->plugins)
        tarn_plugins_free(s->plugins);
    g_mutex_clear(&s->lock);
    g_free(s->backend);
    g_free(s);
}

static void log_line(void *user, int level, const char *sentence)
{
    (void)user;
    if (level == 0)
        g_message("%s", sentence);
    else
        g_debug("%s", sentence);
}

/* The one whose backends begin with the best. */
static enum tarn_status runtime_of(Shared *s, struct tarn_runtime **out,
                                   struct tarn_error *err)
{
    struct tarn_runtime_options o = { .size = sizeof o,
                                      .log = log_line,
                                      .backend = s->backend };
    o.backends = tarn_plugins_backends(s->plugins, &o.n_backends);
    gpointer head = o.n_backends ? (gpointer)o.backends[0] : NULL;
    guint at = 0;
    if (g_ptr_array_find(s->heads, head, &at)) {
        *out = s->runtimes->pdata[at];
        return TARN_OK;
    }
    enum tarn_status st = tarn_runtime_create(&o, out, err);
    if (!st) {
        g_ptr_array_add(s->runtimes, *out);
        g_ptr_array_add(s->heads, head);
    }
    return st;
}

/* path: of the model that asks.  say: before something is timed. */
static enum tarn_status shared_runtime(Shared *s, const char *path,
                                       void (*say)(void *user,
                                                   const char *backend),
                                       void *user, struct tarn_runtime **out,
                                       struct tarn_error *err)
{
    g_mutex_lock(&s->lock);
    enum tarn_status st = TARN_OK;
    const struct tarn_choose choose = {
        .size = sizeof choose, .model_path = path, .say = say, .user = user
    };
    struct tarn_plugin_options po = { .size = sizeof po,
                                      .backend = s->backend };
    if (!s->plugins)
        st = tarn_plugins_find(&po, &s->plugins, err);
    g_atomic_pointer_set(&s->found, s->plugins);
    if (!st) /* none at all: says why */
        st = tarn_plugins_require(s->plugins, s->backend, err);
    /* As the command does it: once for a model, and only where a graphics
     * device may be faster. */
    if (!st && !s->backend && g_file_test(path, G_FILE_TEST_IS_REGULAR))
        st = tarn_plugins_choose(s->plugins, &choose, err);
    if (!st)
        st = runtime_of(s, out, err);
    g_mutex_unlock(&s->lock);
    return st;
}

/* ------------------------------------------------------------------- seat */
static Seat *seat_ref(Seat *s)
{
    g_atomic_int_inc(&s->refs);
    return s;
}

static void seat_unref(Seat *s)
{
    if (!g_atomic_int_dec_and_test(&s->refs))
        return;
    shared_unref(s->shared);
    g_mutex_clear(&s->lock);
    g_free(s->path);
    g_free(s->timing);
    g_free(s);
}

static void drop_seat(gpointer p)
{
    seat_unref(p);
}

static void on_load(void *user, uint64_t done, uint64_t total)
{
    Seat *s = user;
    if (total)
        g_atomic_int_set(&s->permille,
                         (gint)(1000.0 * (double)done / (double)total));
}

static bool is_cancelled(void *user)
{
    return g_atomic_int_get(&((Seat *)user)->cancelled) != 0;
}

static gboolean tell_events(gpointer user)
{
    Seat *s = user;
    if (s->worker && s->worker->seat == s)
        g_signal_emit(s->worker, signals[EVENTS], 0);
    return G_SOURCE_REMOVE;
}

/* On the owner's thread. */
static void on_event(void *user)
{
    g_idle_add_full(G_PRIORITY_DEFAULT, tell_events, seat_ref(user),
                    drop_seat);
}

static void on_timing(void *user, const char *backend)
{
    Seat *s = user;
    g_mutex_lock(&s->lock);
    g_free(s->timing);
    s->timing = g_strdup(backend);
    g_mutex_unlock(&s->lock);
}

static char *dup_timing(Seat *s)
{
    g_mutex_lock(&s->lock);
    char *timing = g_strdup(s->timing);
    g_mutex_unlock(&s->lock);
    return timing;
}

static gboolean tell_opened(gpointer user);

static void open_model(Seat *s)
{
    struct tarn_runtime *rt = NULL;
    s->status =
        shared_runtime(s->shared, s->path, on_timing, s, &rt, &s->err);
    g_mutex_lock(&s->lock);
    g_clear_pointer(&s->timing, g_free);
    g_mutex_unlock(&s->lock);
    struct tarn_model_options mo = { .size = sizeof mo,
                                     .progress = on_load,
                                     .cancelled = is_cancelled,
                                     .user = s };
    if (!s->status)
        s->status = tarn_model_open(rt, s->path, &mo, &s->model, &s->err);
    struct tarn_engine_options eo = { .size = sizeof eo };
    if (!s->status) {
        eo.n_context = MIN(s->context, tarn_model_info(s->model)->max_context);
        eo.kv_given = s->kv != TARN_KV_F16;
        eo.kv_type =
            s->kv == TARN_KV_F32 ? (uint32_t)TARN_F32 : (uint32_t)TARN_Q8_0;
        s->status = tarn_engine_create(s->model, &eo, &s->engine, &s->err);
    }
    if (!s->status)
        tarn_engine_on_event(s->engine, on_event, s);
}

static void set_live(Seat *s, gboolean live)
{
    g_mutex_lock(&s->lock);
    s->live = live;
    g_mutex_unlock(&s->lock);
}

/* The owner may be about to destroy its engine: hence the lock. */
static void quit_seat(Seat *s)
{
    g_mutex_lock(&s->lock);
    g_atomic_int_set(&s->cancelled, 1);
    g_atomic_int_set(&s->quit, 1);
    if (s->live && s->sent)
        tarn_engine_stop_all(s->engine);
    if (s->live)
        tarn_engine_wake(s->engine);
    g_mutex_unlock(&s->lock);
}

static gboolean is_sent(Seat *s)
{
    g_mutex_lock(&s->lock);
    gboolean sent = s->sent;
    g_mutex_unlock(&s->lock);
    return sent;
}

/* On the main thread: the engine is everybody's again. */
static gboolean tell_done(gpointer user)
{
    Seat *s = user;
    const TarnErrand e = s->errand;
    s->away = FALSE;
    if (s->worker && s->worker->seat == s)
        e.done(e.data);
    e.drop(e.data);
    return G_SOURCE_REMOVE;
}

/* On the owner's thread. */
static void run_errand(Seat *s)
{
    s->errand.work(s->engine, s->model, s->errand.data);
    g_mutex_lock(&s->lock);
    s->sent = FALSE;
    g_mutex_unlock(&s->lock);
    tarn_engine_step(s->engine); /* a stop that was meant for it is taken */
    g_idle_add_full(G_PRIORITY_DEFAULT, tell_done, seat_ref(s), drop_seat);
}

static gpointer run_seat(gpointer user)
{
    Seat *s = user;
    open_model(s);
    g_idle_add_full(G_PRIORITY_DEFAULT, tell_opened, seat_ref(s), drop_seat);
    set_live(s, s->status == TARN_OK);
    while (!s->status && !g_atomic_int_get(&s->quit))
        if (is_sent(s))
            run_errand(s);
        else if (tarn_engine_step(s->engine) != TARN_MORE &&
                 !g_atomic_int_get(&s->quit))
            tarn_engine_wait(s->engine); /* a wake-up before it is not lost */
    set_live(s, FALSE);
    if (is_sent(s)) /* it came too late */
        s->errand.drop(s->errand.data);
    if (s->engine)
        tarn_engine_destroy(s->engine);
    if (s->model)
        tarn_model_close(s->model);
    seat_unref(s);
    return NULL;
}

/* The thread ends by itself; nobody listens to it any more. */
static void leave_seat(Seat **at)
{
    Seat *s = g_steal_pointer(at);
    if (!s)
        return;
    s->worker = NULL;
    quit_seat(s);
    seat_unref(s);
}

static gboolean tell_opened(gpointer user)
{
    Seat *s = user;
    TarnWorker *w = s->worker;
    if (!w || w->opening != s) /* given up meanwhile */
        return G_SOURCE_REMOVE;
    g_clear_handle_id(&w->progress, g_source_remove);
    if (s->status) {
        char *text = tarn_words_valid(s->err.text, -1);
        gboolean mine = s->status == TARN_CANCELLED;
        leave_seat(&w->opening);
        g_signal_emit(w, signals[FAILED], 0, mine ? "" : text);
        g_free(text);
        return G_SOURCE_REMOVE;
    }
    leave_seat(&w->opened);
    w->opened = g_steal_pointer(&w->opening);
    g_signal_emit(w, signals[OPENED], 0);
    return G_SOURCE_REMOVE;
}

/* ----------------------------------------------------------------- worker */
static gboolean tell_progress(gpointer user)
{
    TarnWorker *w = user;
    gint now = w->opening ? g_atomic_int_get(&w->opening->permille) : 0;
    g_autofree char *timing = w->opening ? dup_timing(w->opening) : NULL;
    if (timing)
        g_signal_emit(w, signals[TIMING], 0, timing);
    else if (now >= w->shown) /* never a bar that goes backwards */
        g_signal_emit(w, signals[PROGRESS], 0, w->opening->path, now / 10);
    w->shown = MAX(now, w->shown);
    return G_SOURCE_CONTINUE;
}

void tarn_worker_set_backend(TarnWorker *w, const char *name)
{
    g_mutex_lock(&w->shared->lock);
    g_free(w->shared->backend);
    w->shared->backend = g_strdup(name);
    g_mutex_unlock(&w->shared->lock);
}

void tarn_worker_set_memory(TarnWorker *w, guint context, guint kv)
{
    w->context = context;
    w->kv = kv;
}

void tarn_worker_open(TarnWorker *w, const char *path)
{
    leave_seat(&w->opening);
    leave_seat(&w->opened);
    Seat *s = g_new0(Seat, 1);
    g_mutex_init(&s->lock);
    s->refs = 2; /* the worker's and the thread's */
    s->worker = w;
    s->shared = shared_ref(w->shared);
    s->path = g_strdup(path);
    s->context = w->context;
    s->kv = w->kv;
    w->opening = s;
    w->shown = 0;
    if (!w->progress)
        w->progress = g_timeout_add(PROGRESS_MS, tell_progress, w);
    s->thread = g_thread_new("tarn-engine", run_seat, s);
    g_ptr_array_add(w->threads, s->thread);
}

void tarn_worker_cancel(TarnWorker *w)
{
    if (w->opening)
        g_atomic_int_set(&w->opening->cancelled, 1);
}

gboolean tarn_worker_is_opening(TarnWorker *w)
{
    return w->opening != NULL;
}

void tarn_worker_take(TarnWorker *w)
{
    if (!w->opened)
        return;
    leave_seat(&w->seat);
    w->seat = g_steal_pointer(&w->opened);
}

gboolean tarn_worker_has_opened(TarnWorker *w)
{
    return w->opened != NULL;
}

struct tarn_engine *tarn_worker_engine(TarnWorker *w)
{
    return w->seat && !w->seat->away ? w->seat->engine : NULL;
}

struct tarn_model *tarn_worker_model(TarnWorker *w)
{
    return w->seat && !w->seat->away ? w->seat->model : NULL;
}

gboolean tarn_worker_send(TarnWorker *w, const TarnErrand *errand)
{
    Seat *s = w->seat;
    if (!s || s->away) {
        errand->drop(errand->data);
        return FALSE;
    }
    g_mutex_lock(&s->lock);
    s->away = s->sent = TRUE;
    s->errand = *errand;
    if (s->live)
        tarn_engine_wake(s->engine);
    g_mutex_unlock(&s->lock);
    return TRUE;
}

void tarn_worker_hurry(TarnWorker *w)
{
    Seat *s = w->seat;
    if (!s || !s->away)
        return;
    g_mutex_lock(&s->lock);
    if (s->live && s->sent)
        tarn_engine_stop_all(s->engine);
    g_mutex_unlock(&s->lock);
}

const char *tarn_worker_path(TarnWorker *w)
{
    return w->seat ? w->seat->path : NULL;
}

const struct tarn_plugins *tarn_worker_plugins(TarnWorker *w)
{
    return g_atomic_pointer_get(&w->shared->found);
}

void tarn_worker_shut(TarnWorker *w)
{
    g_clear_handle_id(&w->progress, g_source_remove);
    leave_seat(&w->opening);
    leave_seat(&w->opened);
    leave_seat(&w->seat);
    for (guint i = 0; i < w->threads->len; i++)
        g_thread_join(w->threads->pdata[i]);
    g_ptr_array_set_size(w->threads, 0);
}

static void tarn_worker_finalize(GObject *o)
{
    TarnWorker *w = TARN_WORKER(o);
    tarn_worker_shut(w);
    g_ptr_array_unref(w->threads);
    shared_unref(w->shared);
    G_OBJECT_CLASS(tarn_worker_parent_class)->finalize(o);
}

static void tarn_worker_class_init(TarnWorkerClass *klass)
{
    GType t = G_TYPE_FROM_CLASS(klass);
    G_OBJECT_CLASS(klass)->finalize = tarn_worker_finalize;
    signals[OPENED] = g_signal_new("opened", t, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
    signals[FAILED] = g_signal_new("failed", t, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
    signals[PROGRESS] =
        g_signal_new("progress", t, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                     G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_INT);
    signals[TIMING] =
        g_signal_new("timing", t, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                     G_TYPE_NONE, 1, G_TYPE_STRING);
    signals[EVENTS] = g_signal_new("events", t, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

static void tarn_worker_init(TarnWorker *w)
{
    w->threads = g_ptr_array_new();
    w->shared = g_new0(Shared, 1);
    w->shared->refs = 1;
    w->shared->runtimes = g_ptr_array_new();
    w->shared->heads = g_ptr_array_new();
    g_mutex_init(&w->shared->lock);
}

TarnWorker *tarn_worker_new(void)
{
    return g_object_new(TARN_TYPE_WORKER, NULL);
}
