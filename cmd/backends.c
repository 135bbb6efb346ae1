/* backends.c - tarn backends: what can compute here, and why the rest can't. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/conformance/conformance.h"
#include "cmd/cmd.h"
#include "cmd/text_file.h"
#include "core/base/buf.h"
#include "core/base/memory.h"
#include "core/base/thread.h"
#include "plugins/plugins.h"

/* ------------------------------------------------------------------ the list
 */
static void print_devices(const struct tarn_plugin *q)
{
    for (uint32_t i = 0; i < q->n_devices; i++) {
        const struct tarn_device_info *d = &q->devices[i];
        printf("    %s", d->name);
        if (d->detail[0])
            printf(", %s", d->detail);
        if (d->memory_total)
            printf(", %.1f GB", (double)d->memory_total * 1e-9);
        printf("%s\n", d->exact ? "" : ", not bit-exact");
    }
}

static void print_plugin(const struct tarn_plugin *q, bool first)
{
    const char *name = q->name[0] ? q->name : "(unreadable)";
    const char *state =
        first && q->backend ? "in use" : tarn_plugins_state_name(q->state);
    printf("%-16s %-8s", name, state);
    if (q->speed > 0)
        printf(" %6.1f GMAC/s per thread", q->speed);
    if (q->needs[0] && q->state == TARN_PLUGIN_READY)
        printf("  (%s)", q->needs);
    printf("\n");
    if (q->reason[0])
        printf("    %s\n", q->reason);
    else
        print_devices(q);
    if (q->changed[0])
        printf("    changed %s while it was loaded; that was put back\n",
               q->changed);
    printf("    ");
    cmd_print_foreign(stdout, q->path, strlen(q->path));
    printf("\n");
}

static void print_speed(void *user, const struct tarn_speed *v)
{
    bool *first = user;
    if (*first)
        printf("\nMeasured, tokens per second:\n");
    *first = false;
    printf("    %-24.40s %-14s %8.1f read %8.2f written  (%.40s)\n", v->model,
           v->backend, v->prefill, v->decode, v->device);
}

static void print_list(const struct tarn_plugins *p)
{
    bool first = true;

    for (size_t i = 0; i < tarn_plugins_count(p); i++)
        print_plugin(tarn_plugins_at(p, i), i == 0);
    if (tarn_plugins_count(p) == 0)
        printf("No backend was found.\n");
    tarn_speeds_each(NULL, print_speed, &first);
    printf("\nLooked in:\n");
    for (size_t i = 0; i < tarn_plugins_n_dirs(p); i++)
        printf("    %s\n", tarn_plugins_dir(p, i));
    if (tarn_plugins_notice(p))
        printf("\n%s\n", tarn_plugins_notice(p));
}

static enum tarn_status print_json(const struct tarn_plugins *p,
                                   struct tarn_error *err)
{
    struct tarn_buf b = { 0 };
    tarn_plugins_write_json(p, &b);
    enum tarn_status s = TARN_OK;
    if (b.failed)
        s = tarn_fail(err, TARN_NO_MEMORY, "no memory for the list");
    else
        fwrite(b.data, 1, b.size, stdout);
    tarn_buf_finish(&b);
    return s;
}

/* ------------------------------------------------------------------ --check */
static void *host_alloc(void *user, size_t size, size_t align)
{
    (void)user;
    void *p = NULL;
    if (align < sizeof p)
        align = sizeof p;
    return posix_memalign(&p, align, size ? size : 1) ? NULL : p;
}

static void host_free(void *user, void *p)
{
    (void)user;
    free(p);
}

static void host_log(void *user, int level, const char *sentence)
{
    (void)user;
    (void)level;
    fprintf(stderr, "tarn: %s\n", tarn_shown_str(sentence).text);
}

static void host_parallel(void *user,
                          void (*fn)(void *arg, uint32_t i, uint32_t worker),
                          void *arg, uint32_t n)
{
    tarn_pool_run(user, fn, arg, n);
}

static uint32_t host_threads(void *user)
{
    return tarn_pool_threads(user);
}

static bool host_cancelled(void *user)
{
    (void)user;
    return false;
}

static void host_progress(void *user, uint64_t done, uint64_t total)
{
    (void)user;
    (void)done;
    (void)total;
}

struct check {
    uint32_t cases;
    uint64_t seed;
    bool verbose;
};

static void report_line(void *user, const char *line, bool ok)
{
    const struct check *c = user;
    if (!ok || c->verbose)
        printf("%s %s\n", ok ? "ok    " : "FAILED", line);
}

static enum tarn_status check_devices(const struct tarn_plugin *q,
                                      const struct check *c, uint32_t *n_failed)
{
    struct tarn_pool *pool;
    uint32_t got;
    enum tarn_status s =
        tarn_pool_create(tarn_threads_allowed(), &pool, &got, NULL);
    if (s)
        return s;
    const struct tarn_host host = { .size = sizeof host,
                                    .user = pool,
                                    .alloc = host_alloc,
                                    .free = host_free,
                                    .log = host_log,
                                    .parallel = host_parallel,
                                    .threads = host_threads,
                                    .cancelled = host_cancelled,
                                    .progress = host_progress };
    for (uint32_t i = 0; !s && i < q->n_devices; i++) {
        uint32_t good = 0, bad = 0;
        s = tarn_conformance_run(q->backend, i, &host, c->seed, c->cases,
                                 report_line, (void *)(uintptr_t)c, &good,
                                 &bad);
        printf("%s, device \"%s\": %u checks passed, %u failed (seed %llu)\n",
               q->name, q->devices[i].name, good, bad,
               (unsigned long long)c->seed);
        *n_failed += bad;
    }
    tarn_pool_destroy(pool);
    return s;
}

/* A backend that dies must not take this program along: it is checked in a
 * child, which gives 0, 1 for failed checks, or 2 when it could not begin. */
static enum tarn_status check_in_child(const struct tarn_plugin *q,
                                       const struct check *c,
                                       struct tarn_error *err)
{
    int status = 0;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        uint32_t n_failed = 0;
        signal(SIGINT, SIG_DFL); /* the parent says it */
        signal(SIGTERM, SIG_DFL);
        enum tarn_status s = check_devices(q, c, &n_failed);
        fflush(stdout);
        _exit(s ? 2 : n_failed > 0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return tarn_fail(err, TARN_NO_MEMORY, "the check can't be started");
    if (WIFSIGNALED(status))
        return tarn_fail(
            err, TARN_DEVICE, "%s died of signal %d (%s) while it was checked",
            q->name, WTERMSIG(status), strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status) == 2)
        return tarn_fail(err, TARN_DEVICE, "%s could not be checked", q->name);
    if (WEXITSTATUS(status))
        return tarn_fail(err, TARN_DEVICE,
                         "%s does not do what the contract says", q->name);
    return TARN_OK;
}

static enum tarn_status check_file(const char *path, const struct check *c,
                                   struct tarn_error *err)
{
    struct tarn_plugins *p = NULL;
    enum tarn_status s = tarn_plugins_open_file(path, &p, err);
    if (s)
        return s;
    const struct tarn_plugin *q = tarn_plugins_at(p, 0);
    if (q->backend)
        s = check_in_child(q, c, err);
    else
        s = tarn_fail(err, TARN_DEVICE, "%s is refused: %s",
                      tarn_shown_str(path).text, q->reason);
    tarn_plugins_free(p);
    return s;
}

/* ------------------------------------------------------------------ command */
static void say_measured(void *user, const char *backend)
{
    (void)user;
    fprintf(stderr, "tarn: timing %s ...\n", backend);
}

/* Times all that could run this model, again. */
static enum tarn_status measure(struct tarn_plugins *p, const char *word,
                                uint32_t threads, struct tarn_error *err)
{
    struct tarn_choose opt = { .size = sizeof opt,
                               .threads = threads,
                               .again = true,
                               .say = say_measured };
    struct cmd_text_file file; /* is it a model at all? */
    enum tarn_status s = cmd_text_file_open(word, &file, err);
    if (s)
        return s;
    cmd_text_file_close(&file);
    s = cmd_model_path(word, &opt.model_path, err);
    return s ? s : tarn_plugins_choose(p, &opt, err);
}

static enum tarn_status list(const struct cmd_common *common, bool json,
                             bool probe, const char *model,
                             struct tarn_error *err)
{
    char *dir = common->plugin_dir ? realpath(common->plugin_dir, NULL) : NULL;
    const char *dirs[] = { dir };
    const struct tarn_plugin_options opt = { .size = sizeof opt,
                                             .dirs = dirs,
                                             .n_dirs = dir ? 1 : 0,
                                             .backend = common->backend,
                                             .trust_env = common->trust_env,
                                             .probe_again = probe };
    struct tarn_plugins *p = NULL;
    enum tarn_status s = TARN_OK;
    if (common->plugin_dir && !dir)
        s = tarn_fail(err, TARN_USAGE,
                      "--plugin-dir %s is no folder that can be read",
                      tarn_shown_str(common->plugin_dir).text);
    if (!s)
        s = tarn_plugins_find(&opt, &p, err);
    free(dir);
    if (!s && model)
        s = measure(p, model, common->threads, err);
    if (!s && json)
        s = print_json(p, err);
    else if (!s)
        print_list(p);
    tarn_plugins_free(p);
    return s ? s : cmd_flush(err);
}

static enum tarn_status run(const struct cmd *self, int argc, char **argv,
                            struct tarn_error *err)
{
    struct cmd_common common = { 0 };
    struct check check = { .cases = 200, .seed = 1 };
    const char *file = NULL, *model = NULL;
    bool json = false, probe = false;
    const struct cmd_option options[] = {
        { "--json", NULL, CMD_FLAG, &json, 0, 0, NULL,
          "one JSON object for programs" },
        { "--probe", NULL, CMD_FLAG, &probe, 0, 0, NULL,
          "probe and measure again, whatever is remembered" },
        { "--measure", NULL, CMD_TEXT, &model, 0, 0, "MODEL",
          "time this model on every device again" },
        { "--check", NULL, CMD_TEXT, &file, 0, 0, "FILE.so",
          "hold this plugin against the reference, step by step" },
        { "--cases", NULL, CMD_U32, &check.cases, 0, 10000000, "N",
          "random cases of --check (default 200)" },
        { "--seed", NULL, CMD_U64, &check.seed, 0, 0, "N",
          "of the random cases (default 1)" },
    };
    struct cmd_args a;
    cmd_args_init(&a, self, 0);
    cmd_args_add(&a, options, sizeof options / sizeof *options);
    cmd_common_add(&a, &common);
    enum tarn_status s = cmd_args_parse(&a, argc, argv, err);
    if (s || a.help)
        return s;
    check.verbose = common.verbose;
    if (file)
        return check_file(file, &check, err);
    return list(&common, json, probe, model, err);
}

const struct cmd cmd_backends = {
    .name = "backends",
    .summary = "what can compute on this machine",
    .usage = "[--json] [--probe] [--measure MODEL] [--check FILE.so]",
    .detail = "Lists every backend that was found, best first, and why a "
              "backend was refused.\nWhere there is a graphics device, the "
              "fastest backend for a model is found by\ntiming it at first use; "
              "what was measured is listed.\n\n"
              "Examples:\n  tarn backends\n  tarn backends --check ./mine.so\n",
    .run = run,
};
