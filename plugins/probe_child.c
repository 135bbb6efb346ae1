/* probe_child.c - the child's half of probe.h, and the loading itself.
 *
 * `PROGRAM --probe FILE [FD]`: loads FILE, lists its devices, runs the canary,
 * measures, writes the verdict to FD (or stdout) and ends with _exit(): what
 * the plugin registered with atexit() is not wanted. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <signal.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "plugins/canary.h"
#include "plugins/elf_read.h"
#include "plugins/plugins.h"
#include "plugins/probe.h"

#define MAX_CANARY_DEVICES 8u

/* ---------------------------------------------------------------- loading */
static enum tarn_status check_backend(const struct tarn_backend *b,
                                      const struct tarn_note *note,
                                      struct tarn_error *err)
{
    if (!b)
        return tarn_fail(err, TARN_BAD_FILE,
                         "its function " TARN_BACKEND_SYMBOL
                         " returns nothing");
    if (b->abi != note->abi)
        return tarn_fail(err, TARN_BAD_FILE,
                         "its note says ABI %u, the plugin itself %u",
                         note->abi, b->abi);
    if (b->size < sizeof *b)
        return tarn_fail(err, TARN_BAD_FILE,
                         "its struct tarn_backend has %u bytes, ABI %u has "
                         "%zu",
                         b->size, b->abi, sizeof *b);
    if (!b->name || !b->version ||
        strncmp(b->name, note->name, sizeof note->name) != 0 ||
        strncmp(b->version, note->version, sizeof note->version) != 0)
        return tarn_fail(err, TARN_BAD_FILE,
                         "its note says \"%s\" %s, but inside it gives "
                         "itself another name or version",
                         note->name, note->version);
    bool whole = b->device_count && b->device_info && b->open && b->close &&
                 b->weight && b->weight_free && b->state_open &&
                 b->state_close && b->state_room && b->state_copy &&
                 b->state_read && b->state_write && b->prepare && b->release &&
                 b->cost && b->run;
    if (!whole)
        return tarn_fail(err, TARN_BAD_FILE,
                         "functions are missing in its struct tarn_backend");
    return TARN_OK;
}

/* The loader's own sentence, in one line, without the name that we gave. */
static enum tarn_status refuse_by_loader(const char *path,
                                         struct tarn_error *err)
{
    const char *text = dlerror();
    if (!text)
        text = "no reason given";
    size_t n = strlen(path);
    if (!strncmp(text, path, n) && text[n] == ':')
        text += n + 1 + (text[n + 1] == ' ');
    return tarn_fail(err, TARN_BAD_FILE, "it can't be loaded: %s",
                     tarn_shown_str(text).text);
}

enum tarn_status tarn_probe_load(int fd, const struct tarn_note *note,
                                 const struct tarn_backend **out,
                                 struct tarn_error *err)
{
    char path[48];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    dlerror();
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return refuse_by_loader(path, err);
    void *symbol = dlsym(library, TARN_BACKEND_SYMBOL);
    if (!symbol)
        return tarn_fail(err, TARN_BAD_FILE,
                         "it has no function " TARN_BACKEND_SYMBOL);
    tarn_backend_fn get;
    memcpy(&get, &symbol, sizeof get); /* POSIX: data and code fit alike */
    const struct tarn_backend *b = get();
    enum tarn_status s = check_backend(b, note, err);
    if (!s)
        *out = b;
    return s; /* the library stays loaded in any case (P12) */
}

/* ---------------------------------------------------------------- devices */
static enum tarn_status list_devices(const struct tarn_backend *b,
                                     struct tarn_verdict *v,
                                     struct tarn_error *err)
{
    uint32_t n = b->device_count(tarn_canary_host());
    if (n > TARN_PLUGIN_MAX_DEVICES)
        n = TARN_PLUGIN_MAX_DEVICES;
    if (n == 0) { /* it may know why */
        struct tarn_device_info none = { .size = sizeof none };
        struct tarn_error why = { TARN_OK, "" };
        if (b->device_info(tarn_canary_host(), 0, &none, &why) && why.text[0])
            return tarn_fail(err, TARN_DEVICE, "%s",
                             tarn_shown_str(why.text).text);
        return tarn_fail(err, TARN_DEVICE,
                         "it finds no device here that it could use");
    }
    v->devices = tarn_alloc(n, sizeof *v->devices);
    if (!v->devices)
        return tarn_fail(err, TARN_NO_MEMORY, "no memory left");
    for (uint32_t i = 0; i < n; i++) {
        struct tarn_device_info d = { .size = sizeof d };
        enum tarn_status s = b->device_info(tarn_canary_host(), i, &d, err);
        if (s)
            return s;
        v->devices[v->n_devices++] = d;
    }
    return TARN_OK;
}

static enum tarn_status try_devices(const struct tarn_backend *b,
                                    const struct tarn_verdict *v,
                                    struct tarn_error *err)
{
    float logits[TARN_CANARY_LOGITS];
    for (uint32_t i = 0; i < v->n_devices && i < MAX_CANARY_DEVICES; i++) {
        memset(logits, 0, sizeof logits);
        enum tarn_status s = tarn_canary_run(b, i, logits, err);
        if (!s)
            s = tarn_canary_judge(logits, v->devices[i].exact, err);
        if (s)
            return s;
    }
    return TARN_OK;
}

static enum tarn_status try_file(const char *path, struct tarn_verdict *v,
                                 struct tarn_error *err)
{
    struct tarn_elf elf;
    const struct tarn_backend *b = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return tarn_fail(err, TARN_IO, "it can't be opened");
    enum tarn_status s = tarn_elf_read(fd, &elf, err);
    if (!s)
        s = tarn_probe_load(fd, &elf.note, &b, err);
    if (!s)
        s = list_devices(b, v, err);
    if (!s && !(elf.note.flags & TARN_NOTE_DOUBLE)) {
        s = try_devices(b, v, err);
        if (!s)
            v->speed = tarn_canary_speed(b, 0);
        v->partial = s == TARN_UNSUPPORTED;
    }
    return s;
}

static bool write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, data, size);
        if (n <= 0)
            return false;
        data += n;
        size -= (size_t)n;
    }
    return true;
}

bool tarn_plugins_probe_main(int argc, char **argv, int *exit_code)
{
    if (argc < 3 || argc > 4 || strcmp(argv[1], "--probe") != 0)
        return false;
    int answer = argc == 4 ? atoi(argv[3]) : 1;
    const struct rlimit none = { 0, 0 };
    setrlimit(RLIMIT_CORE, &none);
    if (argc == 4)
        prctl(PR_SET_PDEATHSIG, SIGKILL);

    struct tarn_verdict v = { .good = false };
    struct tarn_error err = { TARN_OK, "" };
    enum tarn_status s = try_file(argv[2], &v, &err);
    v.good = s == TARN_OK || v.partial;
    v.passing = s == TARN_NO_MEMORY || s == TARN_IO;
    if (s)
        memcpy(v.reason, err.text[0] ? err.text : tarn_status_name(s),
               err.text[0] ? sizeof v.reason : strlen(tarn_status_name(s)) + 1);
    struct tarn_buf b = { 0 };
    tarn_verdict_write(&b, &v);
    tarn_buf_text(&b, "\n");
    bool written = !b.failed && write_all(answer, b.data, b.size);
    *exit_code = !written ? TARN_IO : v.good ? TARN_OK : (int)s;
    if (argc == 4)
        _exit(*exit_code);
    tarn_buf_finish(&b);
    tarn_verdict_finish(&v);
    return true;
}
