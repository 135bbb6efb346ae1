/* elf_test.c - P05: the reader of notes on 20,000 damaged files.
 *
 * Usage: elf_test FOLDER-OF-STUBS [RUNS [SEED]].  An accepted file must have
 * the name that it had before, or one that still is a plain word. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/error.h"
#include "plugins/elf_read.h"
#include "tests/plugins/place.h"
#include "tests/tap.h"

static unsigned n_runs = 20000;
static uint64_t seed = 1;

static uint64_t next_random(uint64_t *s)
{
    *s = *s * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *s >> 20;
}

/* Most of the damage where the reader looks: headers, notes, dynamic. */
static void damage(char *data, size_t size, uint64_t *s)
{
    unsigned n = 1 + (unsigned)(next_random(s) % 6);
    for (unsigned i = 0; i < n; i++) {
        uint64_t r = next_random(s);
        size_t at = (size_t)(next_random(s) % (r & 7 ? 1024 : size));
        static const unsigned char EXTREME[] = { 0, 1, 0x7f, 0x80, 0xff };
        if (at >= size)
            at = size - 1;
        data[at] =
            (char)(r & 8 ? EXTREME[r / 16 % 5] : (unsigned char)(r / 16));
    }
}

static void test_p05_damaged_files_are_read_safely(void)
{
    size_t size;
    char *good = place_read_stub("good", &size);
    char *bad = malloc(size);
    int fd = memfd_create("damaged", 0);
    unsigned n_good = 0;
    CHECK(bad && fd >= 0);
    printf("# %u runs, seed %llu\n", n_runs, (unsigned long long)seed);
    for (unsigned i = 0; i < n_runs && bad; i++) {
        uint64_t s = seed * 1000003 + i;
        struct tarn_elf e;
        struct tarn_error err = { TARN_OK, "" };
        memcpy(bad, good, size);
        damage(bad, size, &s);
        size_t keep = next_random(&s) % 8 ? size : next_random(&s) % size;
        if (ftruncate(fd, (off_t)keep) ||
            pwrite(fd, bad, keep, 0) != (ssize_t)keep) {
            CHECK_SAYS(false, "the file could not be written");
            break;
        }
        enum tarn_status st = tarn_elf_read(fd, &e, &err);
        if (st == TARN_OK) {
            n_good++;
            CHECK_SAYS(strnlen(e.note.name, 32) < 32 && e.note.name[0] > ' ',
                       "run %u", i);
        } else {
            CHECK_SAYS(st == TARN_BAD_FILE && err.text[0], "run %u", i);
        }
    }
    printf("# %u of them still read as a plugin\n", n_good);
    CHECK(n_good > 0 && n_good < n_runs);
    close(fd);
    free(bad);
    free(good);
}

static void test_prefixes_are_read_safely(void)
{
    size_t size;
    char *good = place_read_stub("good", &size);
    int fd = memfd_create("prefix", 0);
    for (size_t n = 0; n < size; n += n < 2048 ? 1 : 509) {
        struct tarn_elf e;
        struct tarn_error err = { TARN_OK, "" };
        if (ftruncate(fd, (off_t)n) || pwrite(fd, good, n, 0) != (ssize_t)n)
            break;
        enum tarn_status st = tarn_elf_read(fd, &e, &err);
        CHECK_SAYS(st == TARN_OK || err.text[0], "prefix of %zu bytes", n);
    }
    close(fd);
    free(good);
}

int main(int argc, char **argv)
{
    place_stubs = argc > 1 ? argv[1] : ".";
    const char *given = getenv("TARN_SEED");
    if (given && argc > 2) /* a campaign; ./check prints its seed */
        seed = strtoull(given, NULL, 10);
    if (argc > 2)
        n_runs = (unsigned)strtoul(argv[2], NULL, 10);
    if (argc > 2 && getenv("TARN_SOAK"))
        n_runs *= 100;
    if (argc > 3)
        seed = strtoull(argv[3], NULL, 10);
    RUN(test_p05_damaged_files_are_read_safely);
    RUN(test_prefixes_are_read_safely);
    return tap_end();
}
