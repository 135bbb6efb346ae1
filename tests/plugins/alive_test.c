/* alive_test.c - fault P08, P09, P11 and P12: plugins that load well and
 * then behave badly.
 *
 * Usage: alive_test FOLDER-OF-STUBS POCKET.gguf.  Run with --probe it is the
 * probe.  Linked with --wrap=dlclose. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/compiler.h"
#include "core/tarn.h"
#include "tests/plugins/search.h"

static const char *pocket = "pocket.gguf";

/* ---------------------------------------------------------------------- P12 */
static uint32_t n_closed; /* libraries that are no part of the system */

int __wrap_dlclose(void *library);
int __real_dlclose(void *library);
int __wrap_dlclose(void *library)
{
    struct link_map *map = NULL;
    if (!dlinfo(library, RTLD_DI_LINKMAP, &map) && map &&
        !strncmp(map->l_name, "/proc/", 6))
        n_closed++;
    return __real_dlclose(library);
}

/* ---------------------------------------------------------------------- P08
 * A hang costs the limit, is refused, and is tried again. */
static void test_p08_hang_is_killed_and_not_remembered(void)
{
    place_begin(&here);
    place_stub(&here, "hang", NULL);
    for (int i = 0; i < 2; i++) {
        double t = tarn_now_ms();
        struct tarn_plugins *p = find_with(NULL, 150);
        double took = tarn_now_ms() - t;
        const struct tarn_plugin *q = tarn_plugins_at(p, 0);
        CHECK(q->state == TARN_PLUGIN_REFUSED && !q->remembered);
        CHECK_SAYS(strstr(q->reason, "within 150 ms"), "%s", q->reason);
        CHECK_SAYS(took >= 150 && took < 1500, "%.0f ms", took);
        tarn_plugins_free(p);
    }
    CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
    place_end(&here);
}

/* Asleep in a driver, deaf to SIGTERM, and the good one beside it is loaded. */
static void test_p08_sleeping_driver_costs_its_time_and_no_more(void)
{
    place_begin(&here);
    place_stub(&here, "sleeps", NULL);
    place_stub(&here, "twice", NULL);
    const double t = tarn_now_ms();
    struct tarn_plugins *p = find_with("stub", 150);
    const double took = tarn_now_ms() - t;
    CHECK(tarn_plugins_count(p) == 2 && n_ready(p) == 1);
    CHECK_SAYS(took >= 150 && took < 1500, "%.0f ms", took);
    CHECK(strstr(tarn_plugins_at(p, 1)->reason, "within 150 ms"));
    CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
    CHECK(TARN_PLUGIN_PROBE_MS >= 1000 && TARN_PLUGIN_PROBE_MS <= 2000);
    tarn_plugins_free(p);
    place_end(&here);
}

/* P09: lists that lie. */
static void test_p09_lying_device_lists(void)
{
    check_refused("no-device", "no device");
    check_refused("bad-kind", "probe"); /* its answer is none */
    place_begin(&here);
    place_stub(&here, "many", NULL);
    struct tarn_plugins *p = find_with("stub", 0);
    const struct tarn_plugin *q = tarn_plugins_at(p, 0);
    CHECK(q->n_devices == TARN_PLUGIN_MAX_DEVICES);
    for (uint32_t i = 0; i < q->n_devices; i++) {
        CHECK(strlen(q->devices[i].name) < sizeof q->devices[i].name);
        CHECK(!strchr(q->devices[i].detail, 0x1b));
        CHECK(!strchr(q->devices[i].detail, 0xff));
        CHECK(q->devices[i].memory_total == UINT64_C(1) << 46);
    }
    tarn_plugins_free(p);
    place_end(&here);
}

/* P11 of the probe: what a plugin prints is not taken for its answer. */
static void test_p11_printing_plugin_does_not_speak_for_itself(void)
{
    place_begin(&here);
    place_stub(&here, "prints", NULL);
    struct tarn_plugins *p = find_with("stub", 0);
    CHECK(n_ready(p) == 1);
    CHECK(tarn_plugins_at(p, 0)->n_devices == 1);
    tarn_plugins_free(p);
    place_end(&here);
}

/* The three others: no name and no memory, one device twice, one that goes
 * between the list and open(). */
static void test_p09_devices_without_name_and_twice(void)
{
    place_begin(&here);
    place_stub(&here, "nameless", NULL);
    struct tarn_plugins *p = find_with("stub", 0);
    const struct tarn_plugin *q = tarn_plugins_at(p, 0);
    CHECK(n_ready(p) == 1 && q->n_devices == 1);
    CHECK_SAYS(!strcmp(q->devices[0].name, "a device without a name"), "%s",
               q->devices[0].name);
    CHECK(q->devices[0].memory_total == 0);
    tarn_plugins_free(p);
    place_end(&here);
    place_begin(&here);
    place_stub(&here, "twice", NULL);
    p = find_with("stub", 0);
    CHECK(n_ready(p) == 1 && tarn_plugins_at(p, 0)->n_devices == 2);
    tarn_plugins_free(p);
    place_end(&here);
}

/* ------------------------------------------------- a model on such a backend */
static char logged[1024];

static void keep_line(void *user, int level, const char *sentence)
{
    (void)user;
    (void)level;
    snprintf(logged + strlen(logged), sizeof logged - strlen(logged), "%s\n",
             sentence);
}

/* Opens the pocket model on what p has. */
static enum tarn_status open_model(const struct tarn_plugins *p,
                                   struct tarn_error *err)
{
    struct tarn_runtime_options ro = { .size = sizeof ro,
                                       .threads = 1,
                                       .log = keep_line };
    struct tarn_runtime *rt = NULL;
    struct tarn_model *m = NULL;
    logged[0] = 0;
    ro.backends = tarn_plugins_backends(p, &ro.n_backends);
    enum tarn_status s = tarn_runtime_create(&ro, &rt, err);
    if (!s)
        s = tarn_model_open(rt, pocket, NULL, &m, err);
    tarn_model_close(m);
    tarn_runtime_destroy(rt);
    return s;
}

static void test_p09_device_that_vanishes_before_it_is_opened(void)
{
    struct tarn_error err = { TARN_OK, "" };
    place_begin(&here);
    place_stub(&here, "vanishes", NULL);
    struct tarn_plugins *p = find_with("stub", 0);
    CHECK(n_ready(p) == 1);
    const enum tarn_status s = open_model(p, &err);
    CHECK_SAYS(s == TARN_DEVICE && strstr(err.text, "device is gone"),
               "%d: %s", s, err.text);
    tarn_plugins_free(p);
    place_end(&here);
}

/* The core asks a device anew: what it says then is held to the same rules. */
static void test_p09_lies_to_the_core_are_clamped_too(void)
{
    struct tarn_error err = { TARN_OK, "" };
    place_begin(&here);
    place_stub(&here, "many", NULL);
    struct tarn_plugins *p = find_with("stub", 0);
    CHECK(n_ready(p) == 1);
    CHECK_SAYS(!open_model(p, &err), "%s", err.text);
    tarn_plugins_free(p);
    place_end(&here);
}

/* ---------------------------------------------------------------------- P11 */
/* Everything that a guard looks at, as text: two of them can be compared. */
static void describe_process(char *out, size_t room)
{
    char folder[4096] = "";
    sigset_t mask;
    size_t at = 0;
    const uint64_t fp = tarn_fp_begin();
    tarn_fp_end(fp);
    sigprocmask(SIG_SETMASK, NULL, &mask);
    at += (size_t)snprintf(out, room, "%s %p %llx %s ", setlocale(LC_ALL, NULL),
                           (void *)uselocale((locale_t)0),
                           (unsigned long long)fp & ~0x3full,
                           getcwd(folder, sizeof folder));
    for (int i = 1; i < NSIG && at + 40 < room; i++) {
        struct sigaction a;
        if (!sigaction(i, NULL, &a) &&
            (a.sa_handler != SIG_DFL || sigismember(&mask, i)))
            at += (size_t)snprintf(out + at, room - at, "%d:%p:%d ", i,
                                   (void *)(uintptr_t)a.sa_handler,
                                   sigismember(&mask, i));
    }
}

/* Loading it and opening its device change nothing that lasts, and both are
 * told.  words NULL: nothing is told. */
static void check_manners(const char *stub, const char *words)
{
    static char before[8192], after[8192];
    struct tarn_error err = { TARN_OK, "" };
    place_begin(&here);
    place_stub(&here, stub, NULL);
    describe_process(before, sizeof before);
    struct tarn_plugins *p = find_with("stub", 0);
    const struct tarn_plugin *q = tarn_plugins_at(p, 0);
    CHECK_SAYS(q->state == TARN_PLUGIN_READY, "%s: %s", stub, q->reason);
    describe_process(after, sizeof after);
    CHECK_SAYS(!strcmp(before, after), "%s loaded:\n# %s\n# %s", stub, before,
               after);
    CHECK_SAYS(words ? strstr(q->changed, words) != NULL : !q->changed[0],
               "%s: \"%s\"", stub, q->changed);
    CHECK_SAYS(!open_model(p, &err), "%s: %s", stub, err.text);
    describe_process(after, sizeof after);
    CHECK_SAYS(!strcmp(before, after), "%s opened:\n# %s\n# %s", stub, before,
               after);
    CHECK_SAYS(words ? strstr(logged, words) != NULL : !logged[0],
               "%s: \"%s\"", stub, logged);
    tarn_plugins_free(p);
    place_end(&here);
}

static void test_p11_what_a_plugin_changes_is_put_back(void)
{
    check_manners("good", NULL);
    check_manners("locale", "the locale");
    check_manners("thread-locale", "the locale");
    check_manners("mask", "the signal mask");
    check_manners("handler", "signal handlers");
    check_manners("folder", "the current folder");
#if defined(__x86_64__) || defined(__aarch64__)
    check_manners("floats", "the floating point environment");
#endif
}

static void test_p11_a_plugin_that_leaks_is_no_reason_to_fail(void)
{
    check_manners("leaks", NULL);
}

static void test_p11_nothing_but_answers_on_stdout(void)
{
    char file[4200];
    struct stat st;
    place_begin(&here);
    snprintf(file, sizeof file, "%s/out", here.empty);
    fflush(stdout);
    const int real = dup(1), out = open(file, O_CREAT | O_RDWR, 0600);
    CHECK(real >= 0 && out >= 0 && dup2(out, 1) == 1);
    printf("ours\n"); /* in the buffer while the plugin is loaded */
    place_stub(&here, "speaks", NULL);
    struct tarn_plugins *p = find_with("stub", 0);
    const enum tarn_status s = open_model(p, NULL);
    printf("too\n");
    fflush(stdout);
    dup2(real, 1);
    close(real);
    CHECK(s == TARN_OK && n_ready(p) == 1);
    CHECK_SAYS(!fstat(out, &st) && st.st_size == 9, "%lld bytes on stdout",
               (long long)st.st_size);
    close(out);
    tarn_plugins_free(p);
    place_end(&here);
}

/* ---------------------------------------------------------------------- P12 */
static void test_p12_a_loaded_library_is_never_closed(void)
{
    struct tarn_device_info d = { .size = sizeof d };
    place_begin(&here);
    place_stub(&here, "good", NULL);
    struct tarn_plugins *p = find_with("stub", 0);
    const struct tarn_backend *b = tarn_plugins_at(p, 0)->backend;
    CHECK(b && !open_model(p, NULL));
    tarn_plugins_free(p);
    place_end(&here);
    CHECK(b && !b->device_info(NULL, 0, &d, NULL)); /* it is still there */
    place_begin(&here); /* one that is refused after dlopen() stays, too */
    place_stub(&here, "good", NULL);
    CHECK(n_closed == 0);
    /* the wrapper can count: a library by such a name, closed */
    char path[64];
    const int fd = open(place_path(&here, "good"), O_RDONLY);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CHECK(library && !dlclose(library) && n_closed == 1);
    close(fd);
    place_end(&here);
}

int main(int argc, char **argv)
{
    int code;
    if (tarn_plugins_probe_main(argc, argv, &code))
        return code;
    place_stubs = argc > 1 ? argv[1] : ".";
    pocket = argc > 2 ? argv[2] : pocket;
    umask(022);
    unsetenv("LD_LIBRARY_PATH");
    RUN(test_p08_hang_is_killed_and_not_remembered);
    RUN(test_p08_sleeping_driver_costs_its_time_and_no_more);
    RUN(test_p09_lying_device_lists);
    RUN(test_p09_devices_without_name_and_twice);
    RUN(test_p09_device_that_vanishes_before_it_is_opened);
    RUN(test_p09_lies_to_the_core_are_clamped_too);
    RUN(test_p11_printing_plugin_does_not_speak_for_itself);
    RUN(test_p11_what_a_plugin_changes_is_put_back);
    RUN(test_p11_a_plugin_that_leaks_is_no_reason_to_fail);
    RUN(test_p11_nothing_but_answers_on_stdout);
    RUN(test_p12_a_loaded_library_is_never_closed);
    return tap_end();
}
