/* plugins_test.c - fault P01 to P06, each on real files; the others
 * stand in cpu_test.c (P07), alive_test.c (P08, P09, P11, P12) and wrong_test.c
 * (P10).
 *
 * Usage: plugins_test FOLDER-OF-STUBS.  Run with --probe it is the probe. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "plugins/judge.h"
#include "tests/plugins/search.h"

static void test_good_plugin_is_loaded_by_name(void)
{
    place_begin(&here);
    place_stub(&here, "good", NULL);
    struct tarn_plugins *p = find_with("stub", 0);
    const struct tarn_plugin *q = tarn_plugins_at(p, 0);
    CHECK(n_ready(p) == 1);
    CHECK(q && q->state == TARN_PLUGIN_READY && q->backend);
    CHECK(q && q->n_devices == 1 && !strcmp(q->devices[0].name, "stub device"));
    CHECK(tarn_plugins_require(p, "stub", NULL) == TARN_OK);
    tarn_plugins_free(p);
    place_end(&here);
}

static void test_double_is_left_aside_unless_named(void)
{
    place_begin(&here);
    place_stub(&here, "good", NULL);
    struct tarn_plugins *p = find();
    struct tarn_error err;
    CHECK(n_ready(p) == 0);
    CHECK(tarn_plugins_at(p, 0)->state == TARN_PLUGIN_ASIDE);
    CHECK(tarn_plugins_require(p, NULL, &err) == TARN_DEVICE);
    CHECK(tarn_plugins_require(p, "nobody", &err) == TARN_USAGE);
    tarn_plugins_free(p);
    place_end(&here);
}

/* P01: a library in the current folder is no plugin. */
static void test_p01_planted_in_current_folder_is_not_opened(void)
{
    char old[4096];
    place_begin(&here);
    place_stub(&here, "good", NULL);
    place_mark_on(&here);
    const char *dirs[] = { here.empty };
    struct tarn_plugin_options opt = {
        .size = sizeof opt, .dirs = dirs, .n_dirs = 1, .cache_dir = here.cache
    };
    struct tarn_plugins *p = NULL;
    CHECK(getcwd(old, sizeof old) && chdir(here.plugins) == 0);
    CHECK(tarn_plugins_find(&opt, &p, NULL) == TARN_OK);
    for (size_t i = 0; i < tarn_plugins_count(p); i++)
        CHECK(!strstr(tarn_plugins_at(p, i)->path, here.plugins));
    tarn_plugins_free(p);
    /* a relative folder is refused even when a person names it */
    dirs[0] = ".";
    struct tarn_error err;
    CHECK(tarn_plugins_find(&opt, &p, &err) == TARN_USAGE);
    CHECK(strstr(err.text, "absolute"));
    CHECK(chdir(old) == 0);
    CHECK(!place_marked(&here));
    place_end(&here);
}

/* P02: the rule, and a planted driver in the current folder. */
static void test_p02_library_path_rule(void)
{
    CHECK(tarn_judge_library_path(NULL));
    CHECK(tarn_judge_library_path(""));
    CHECK(tarn_judge_library_path("/a:/b;/c"));
    CHECK(!tarn_judge_library_path("/a:"));
    CHECK(!tarn_judge_library_path(":/a"));
    CHECK(!tarn_judge_library_path("/a::/b"));
    CHECK(!tarn_judge_library_path("/a:lib"));
    CHECK(!tarn_judge_library_path("$ORIGIN/lib"));
}

/* The loader reads LD_LIBRARY_PATH when a program starts, so this program is
 * started again: as `plugins_test STUBS --driver FOLDER`. */
static int run_driver_child(const char *folder, bool trust)
{
    const char *dirs[] = { folder };
    struct tarn_plugin_options opt = { .size = sizeof opt,
                                       .dirs = dirs,
                                       .n_dirs = 1,
                                       .only_dirs = true,
                                       .backend = "stub",
                                       .trust_env = trust,
                                       .cache_dir = "" };
    struct tarn_plugins *p = NULL;
    if (tarn_plugins_find(&opt, &p, NULL))
        return 9;
    const struct tarn_plugin *q = tarn_plugins_at(p, 0);
    int code = !q                                ? 8
               : q->state == TARN_PLUGIN_REFUSED ? 3
                                                 : (int)q->n_devices - 1;
    bool said = tarn_plugins_notice(p) != NULL;
    tarn_plugins_free(p);
    return code + (said ? 10 : 0);
}

static int start_driver_child(const char *library_path, const char *how)
{
    pid_t pid = fork();
    if (pid == 0) {
        if (chdir(here.empty))
            _exit(99);
        setenv("LD_LIBRARY_PATH", library_path, 1);
        execl("/proc/self/exe", "plugins_test", place_stubs, how, here.plugins,
              (char *)NULL);
        _exit(98);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_p02_planted_driver_is_not_loaded(void)
{
    char planted[4200], mark[4200];
    place_begin(&here);
    place_stub(&here, "driver", NULL);
    snprintf(planted, sizeof planted, "%s/libtarn-test-driver.so.1",
             here.empty);
    place_copy_stub("planted", planted);
    snprintf(mark, sizeof mark, "%s/planted-mark", here.root);
    setenv("TARN_TEST_PLANTED", mark, 1);
    CHECK(start_driver_child("/x:", "--driver") == 13);
    CHECK(access(mark, F_OK) != 0);
    /* and a clean path loads the plugin, which finds no driver */
    CHECK(start_driver_child("/x:/y", "--driver") == 0);
    CHECK(access(mark, F_OK) != 0);
    /* the test can fail: with the environment trusted, the mark is there */
    CHECK(start_driver_child("/x:", "--driver-trusted") == 1);
    CHECK(access(mark, F_OK) == 0);
    unlink(mark);
    unlink(planted);
    unsetenv("TARN_TEST_PLANTED");
    place_end(&here);
}

/* P03: the rules one by one, without needing another user. */
static void check_stat(mode_t mode, uid_t uid, gid_t gid, nlink_t links,
                       bool folder, uid_t who, const char *words)
{
    struct tarn_error err = { TARN_OK, "" };
    struct stat st = { 0 };
    st.st_mode = mode;
    st.st_uid = uid;
    st.st_gid = gid;
    st.st_nlink = links;
    struct tarn_judge me = { who, (gid_t)who };
    enum tarn_status s = tarn_judge_stat(&me, &st, folder, &err);
    CHECK_SAYS((s == TARN_OK) == (words == NULL), "%o: %s", mode, err.text);
    if (words)
        CHECK_SAYS(strstr(err.text, words), "%s", err.text);
}

static void test_p03_rules_of_owner_and_mode(void)
{
    check_stat(S_IFREG | 0644, 1000, 1000, 1, false, 1000, NULL);
    check_stat(S_IFREG | 0644, 0, 0, 1, false, 1000, NULL);
    check_stat(S_IFDIR | 0755, 0, 0, 5, true, 1000, NULL);
    check_stat(S_IFREG | 0644, 1001, 1001, 1, false, 1000, "user 1001");
    check_stat(S_IFREG | 0644, 1000, 1000, 1, false, 0, "user 1000");
    check_stat(S_IFREG | 0646, 1000, 1000, 1, false, 1000, "everybody");
    check_stat(S_IFDIR | 01777, 0, 0, 5, true, 1000, "everybody");
    check_stat(S_IFREG | 0664, 1000, 100, 1, false, 1000, "its group");
    check_stat(S_IFREG | 0664, 0, 0, 1, false, 0, "its group");
    check_stat(S_IFREG | 0664, 0, 1000, 1, false, 1000, "its group");
    /* the user's own private group, as a umask of 002 leaves it */
    check_stat(S_IFREG | 0664, 1000, 1000, 1, false, 1000, NULL);
    check_stat(S_IFREG | 0644, 1000, 1000, 2, false, 1000, "hard links");
    check_stat(S_IFIFO | 0644, 1000, 1000, 1, false, 1000, "regular");
    check_stat(S_IFREG | 0644, 1000, 1000, 1, true, 1000, "folder");
}

static void check_here_refused(const char *words)
{
    struct tarn_plugins *p = find_with("stub", 0);
    const struct tarn_plugin *q = tarn_plugins_at(p, 0);
    CHECK(q && q->state == TARN_PLUGIN_REFUSED);
    CHECK_SAYS(q && strstr(q->reason, words), "%s", q ? q->reason : "");
    tarn_plugins_free(p);
    CHECK(!place_marked(&here));
}

static void test_p03_files_that_others_could_change(void)
{
    char file[4200], other[4200];
    place_begin(&here);
    place_stub(&here, "good", file);
    place_mark_on(&here);
    snprintf(other, sizeof other, "%s/other", here.root);
    CHECK(chmod(file, 0757) == 0);
    check_here_refused("everybody");
    CHECK(chmod(file, 0755) == 0 && link(file, other) == 0);
    check_here_refused("hard links");
    CHECK(unlink(file) == 0 && symlink(other, file) == 0);
    check_here_refused("symbolic link");
    CHECK(unlink(file) == 0 && mkfifo(file, 0600) == 0);
    check_here_refused("regular file");
    CHECK(unlink(file) == 0 && mkdir(file, 0755) == 0);
    check_here_refused("regular file");
    CHECK(rmdir(file) == 0 && unlink(other) == 0);
    place_end(&here);
}

static void test_p03_folder_that_everybody_can_write(void)
{
    place_begin(&here);
    place_stub(&here, "good", NULL);
    place_mark_on(&here);
    CHECK(chmod(here.plugins, 0777) == 0);
    const char *dirs[] = { here.plugins };
    struct tarn_plugin_options opt = { .size = sizeof opt,
                                       .dirs = dirs,
                                       .n_dirs = 1,
                                       .only_dirs = true,
                                       .cache_dir = "" };
    struct tarn_plugins *p = NULL;
    struct tarn_error err;
    CHECK(tarn_plugins_find(&opt, &p, &err) == TARN_USAGE);
    CHECK_SAYS(strstr(err.text, "everybody"), "%s", err.text);
    CHECK(!place_marked(&here));
    place_end(&here);
}

/* P04: files that are no libraries. */
static void check_bytes_refused(const void *data, size_t size,
                                const char *words)
{
    char file[4200];
    snprintf(file, sizeof file, "%s/a.so", here.plugins);
    place_write(file, data, size);
    struct tarn_plugins *p = find();
    const struct tarn_plugin *q = tarn_plugins_at(p, 0);
    CHECK_SAYS(q && q->state == TARN_PLUGIN_REFUSED && strstr(q->reason, words),
               "%s", q ? q->reason : "nothing found");
    tarn_plugins_free(p);
}

/* Where the last byte that is loaded lies. */
static size_t loaded_end(const char *lib)
{
    Elf64_Ehdr head;
    size_t end = 0;
    memcpy(&head, lib, sizeof head);
    for (unsigned i = 0; i < head.e_phnum; i++) {
        Elf64_Phdr h;
        memcpy(&h, lib + head.e_phoff + i * sizeof h, sizeof h);
        if (h.p_type == PT_LOAD && h.p_offset + h.p_filesz > end)
            end = h.p_offset + h.p_filesz;
    }
    return end;
}

static void test_p04_files_that_are_no_library(void)
{
    size_t size;
    place_begin(&here);
    char *lib = place_read_stub("good", &size);
    check_bytes_refused("", 0, "cut off");
    check_bytes_refused("#!/bin/sh\n", 10, "cut off");
    char text[100];
    memset(text, 'x', sizeof text);
    check_bytes_refused(text, sizeof text, "not a shared library");
    check_bytes_refused(lib, 63, "cut off");
    check_bytes_refused(lib, 200, "cut off");
    check_bytes_refused(lib, 600, "cut off");
    check_bytes_refused(lib, loaded_end(lib) - 6000, "");
    char was = lib[18]; /* e_machine: a 6502 */
    lib[18] = (char)254;
    check_bytes_refused(lib, size, "another kind of processor");
    lib[18] = was;
    lib[4] = 1; /* 32 bits */
    check_bytes_refused(lib, size, "another kind of processor");
    lib[4] = 2;
    lib[16] = 2; /* ET_EXEC */
    check_bytes_refused(lib, size, "not a shared library");
    lib[16] = 3;
    lib[56] = lib[57] = (char)0xff; /* 65,535 segments */
    check_bytes_refused(lib, size, "program header");
    free(lib);
    /* huge: a sparse file of 1 GiB costs nothing */
    char file[4200];
    snprintf(file, sizeof file, "%s/a.so", here.plugins);
    CHECK(truncate(file, 1 << 30) == 0);
    double t = tarn_now_ms();
    struct tarn_plugins *p = find();
    CHECK(strstr(tarn_plugins_at(p, 0)->reason, "at most"));
    CHECK(tarn_now_ms() - t < 500);
    tarn_plugins_free(p);
    place_end(&here);
}

static void test_p04_next_plugin_is_tried(void)
{
    char file[4200];
    place_begin(&here);
    place_stub(&here, "good", NULL);
    snprintf(file, sizeof file, "%s/aaa.so", here.plugins);
    place_write(file, "rubbish", 7);
    struct tarn_plugins *p = find_with("stub", 0);
    CHECK(tarn_plugins_count(p) == 2 && n_ready(p) == 1);
    tarn_plugins_free(p);
    place_end(&here);
}

/* P05: notes and structs. */
static void test_p05_notes(void)
{
    check_refused("no-note", "no tarn note");
    check_refused("two-notes", "two tarn notes");
    check_refused("note-kind", "kind 7");
    check_refused("note-short", "40 bytes");
    check_refused("note-huge", "claims more bytes");
    check_refused("abi-old", "ABI 0");
    check_refused("abi-new", "ABI 2");
    check_refused("note-name", "name or version");
    check_refused("needs", "this processor has no #63");
}

/* Refused by the note: no code of the file has run, not even in a child. */
static void test_p05_note_is_judged_before_any_code_runs(void)
{
    static const char *const STUBS[] = { "no-note", "two-notes", "abi-new",
                                         "note-name", "needs" };
    for (size_t i = 0; i < sizeof STUBS / sizeof *STUBS; i++) {
        place_begin(&here);
        place_stub(&here, STUBS[i], NULL);
        place_mark_on(&here);
        struct tarn_plugins *p = find();
        CHECK_SAYS(!place_marked(&here), "%s", STUBS[i]);
        tarn_plugins_free(p);
        place_end(&here);
    }
}

static void test_p05_what_is_inside(void)
{
    check_refused("no-symbol", "no function tarn_backend_v1");
    check_refused("null", "returns nothing");
    check_refused("abi-inside", "the plugin itself 2");
    check_refused("small-struct", "bytes");
    check_refused("other-name", "another name");
    check_refused("no-run", "functions are missing");
    check_refused("late-ill", "probe"); /* the note lied about the CPU */
    place_begin(&here);
    place_stub(&here, "large-struct", NULL); /* appended fields: fine */
    struct tarn_plugins *p = find_with("stub", 0);
    CHECK(n_ready(p) == 1);
    tarn_plugins_free(p);
    place_end(&here);
}

/* P06: death in the probe. */
static void test_p06_death_in_the_probe(void)
{
    check_refused("segv", "probe");
    check_refused("abort", "probe");
    check_refused("ill", "probe");
    check_refused("exit", "probe ended without an answer");
    check_refused("stack", "probe");
}

static void test_p06_death_is_remembered_until_the_file_changes(void)
{
    char file[4200];
    place_begin(&here);
    place_stub(&here, "segv", file);
    struct tarn_plugins *p = find();
    CHECK(!tarn_plugins_at(p, 0)->remembered);
    tarn_plugins_free(p);
    place_mark_on(&here);
    p = find();
    CHECK(tarn_plugins_at(p, 0)->remembered);
    CHECK(tarn_plugins_at(p, 0)->state == TARN_PLUGIN_REFUSED);
    CHECK(!place_marked(&here)); /* not even tried */
    tarn_plugins_free(p);
    size_t size;
    char *good = place_read_stub("good", &size);
    place_write(file, good, size);
    free(good);
    p = find_with("stub", 0);
    CHECK(n_ready(p) == 1);
    tarn_plugins_free(p);
    place_end(&here);
}

static void test_good_verdict_is_remembered(void)
{
    place_begin(&here);
    place_stub(&here, "good", NULL);
    tarn_plugins_free(find_with("stub", 0));
    struct tarn_plugins *p = find_with("stub", 0);
    const struct tarn_plugin *q = tarn_plugins_at(p, 0);
    CHECK(q->remembered && q->state == TARN_PLUGIN_READY);
    CHECK(q->n_devices == 1 && !strcmp(q->devices[0].name, "stub device"));
    tarn_plugins_free(p);
    place_end(&here);
}

static void test_damaged_memory_is_ignored(void)
{
    static const char *const TEXTS[] = {
        "",
        "{",
        "[]",
        "null",
        "{\"format\":1}",
        "{\"format\":1,\"machine\":\"x\",\"plugins\":[{}]}"
    };
    char file[4200], text[65536];
    place_begin(&here);
    place_stub(&here, "good", NULL);
    tarn_plugins_free(find_with("stub", 0));
    snprintf(file, sizeof file, "%s/plugins.json", here.cache);
    int fd = open(file, O_RDONLY);
    ssize_t size = read(fd, text, sizeof text);
    close(fd);
    CHECK(size > 0);
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        place_write(file, TEXTS[i], strlen(TEXTS[i]));
        struct tarn_plugins *p = find_with("stub", 0);
        CHECK_SAYS(n_ready(p) == 1 && !tarn_plugins_at(p, 0)->remembered, "%s",
                   TEXTS[i]);
        tarn_plugins_free(p);
    }
    for (ssize_t i = 0; i < size; i += 23) { /* every 23rd byte flipped */
        char was = text[i];
        text[i] ^= 0x15;
        place_write(file, text, (size_t)size);
        struct tarn_plugins *p = find_with("stub", 0);
        CHECK_SAYS(p && tarn_plugins_count(p) == 1, "byte %zd", i);
        tarn_plugins_free(p);
        text[i] = was;
    }
    place_end(&here);
}

static void test_same_name_first_folder_wins(void)
{
    char file[4200];
    size_t size;
    place_begin(&here);
    place_stub(&here, "good", NULL);
    char *good = place_read_stub("good", &size);
    snprintf(file, sizeof file, "%s/zzz.so", here.plugins);
    place_write(file, good, size);
    free(good);
    struct tarn_plugins *p = find_with("stub", 0);
    CHECK(tarn_plugins_count(p) == 2 && n_ready(p) == 1);
    const struct tarn_plugin *q = tarn_plugins_at(p, 1);
    CHECK(q->state == TARN_PLUGIN_ASIDE && strstr(q->path, "zzz.so"));
    CHECK(strstr(q->reason, "found first"));
    tarn_plugins_free(p);
    place_end(&here);
}

static void test_ignored_sigchld_still_probes(void)
{
    place_begin(&here);
    place_stub(&here, "good", NULL);
    signal(SIGCHLD, SIG_IGN);
    struct tarn_plugins *p = find_with("stub", 0);
    signal(SIGCHLD, SIG_DFL);
    CHECK(n_ready(p) == 1);
    tarn_plugins_free(p);
    place_end(&here);
}

int main(int argc, char **argv)
{
    int code;
    if (tarn_plugins_probe_main(argc, argv, &code))
        return code;
    place_stubs = argc > 1 ? argv[1] : ".";
    if (argc == 4)
        return run_driver_child(argv[3], !strcmp(argv[2], "--driver-trusted"));
    umask(022);
    unsetenv("LD_LIBRARY_PATH");
    RUN(test_good_plugin_is_loaded_by_name);
    RUN(test_double_is_left_aside_unless_named);
    RUN(test_p01_planted_in_current_folder_is_not_opened);
    RUN(test_p02_library_path_rule);
    RUN(test_p02_planted_driver_is_not_loaded);
    RUN(test_p03_rules_of_owner_and_mode);
    RUN(test_p03_files_that_others_could_change);
    RUN(test_p03_folder_that_everybody_can_write);
    RUN(test_p04_files_that_are_no_library);
    RUN(test_p04_next_plugin_is_tried);
    RUN(test_p05_notes);
    RUN(test_p05_note_is_judged_before_any_code_runs);
    RUN(test_p05_what_is_inside);
    RUN(test_p06_death_in_the_probe);
    RUN(test_p06_death_is_remembered_until_the_file_changes);
    RUN(test_good_verdict_is_remembered);
    RUN(test_damaged_memory_is_ignored);
    RUN(test_same_name_first_folder_wins);
    RUN(test_ignored_sigchld_still_probes);
    return tap_end();
}
