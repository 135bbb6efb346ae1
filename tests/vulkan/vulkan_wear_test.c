/* vulkan_wear_test.c - what changes between two runs or in the middle of one:
 * devices that go and come back, another driver (V07), cache files that are
 * damaged or not ours (V08).
 *
 * Without TARN_SOAK a sample of the bytes that are turned over. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/vulkan/vulkan_scene.h"

/* ------------------------------------------------------------ V07: devices */

static void unplug_after_first(int token)
{
    if (token)
        return;
    shim->only = "QueueSubmit";
    shim->fail_at = 1;
    shim->n_counted = 0;
    shim->for_ever = true;
    shim->result = VK_ERROR_DEVICE_LOST;
    shim->no_devices = true;
}

/* The card is pulled out between two tokens: a sentence, nothing left behind,
 * no device in the list; plugged in again, it serves as before. */
static void test_v07_a_device_that_goes_and_comes_back(void)
{
    struct scene c = { .between = unplug_after_first };
    struct tarn_device_info info = { .size = sizeof info };
    struct tarn_error err = { TARN_OK, "" };
    reset();
    CHECK(whole(&c) == TARN_DEVICE);
    CHECK_SAYS(strstr(c.b.err.text, "driver") != NULL, "%s", c.b.err.text);
    CHECK(c.b.held == 0 && shim->n_alive == 0);
    CHECK(tarn_backend_vulkan()->device_count(&c.b.host) == 0);
    CHECK(tarn_backend_vulkan()->device_info(&c.b.host, 0, &info, &err) ==
          TARN_DEVICE);
    CHECK_SAYS(strstr(err.text, "no graphics device") != NULL, "%s", err.text);
    tarn_vulkan_forget();
    reset();
    struct scene again = { .between = NULL };
    CHECK_SAYS(whole(&again) == TARN_OK && same(&again), "%s",
               again.b.err.text);
    CHECK(again.b.held == 0 && shim->n_alive == 0);
}

static void lose_memory_after_first(int token)
{
    if (token == 0)
        spoil(1u << 20);
}

/* Memory did not outlive a suspension: the canary says so before wrong text is
 * shown for long. */
static void test_v07_memory_lost_in_suspension_is_found_out(void)
{
    struct scene c = { .between = lose_memory_after_first };
    reset();
    vulkan_world("wg=8,lpr=1,stage=0,canary=2");
    CHECK(whole(&c) == TARN_DEVICE);
    CHECK(has_sentence(&c) && c.b.held == 0 && shim->n_alive == 0);
}

/* ---------------------------------------------------------- V08: the cache */

static char folder[64], file[256];

/* The one file that a run leaves in the cache; false: none. */
static bool find_file(void)
{
    char command[160], line[256] = "";
    snprintf(command, sizeof command, "ls %s/tarn/vulkan-*.bin 2>/dev/null",
             folder);
    FILE *f = popen(command, "r");
    const bool found = f && fgets(line, sizeof line, f);
    if (f)
        pclose(f);
    line[strcspn(line, "\n")] = 0;
    snprintf(file, sizeof file, "%s", line);
    return found;
}

static size_t read_file(uint8_t *out, size_t room)
{
    FILE *f = fopen(file, "rb");
    const size_t n = f ? fread(out, 1, room, f) : 0;
    if (f)
        fclose(f);
    return n;
}

static void write_file(const uint8_t *data, size_t n)
{
    unlink(file);
    FILE *f = fopen(file, "wb");
    CHECK(f && fwrite(data, 1, n, f) == n);
    if (f)
        fclose(f);
}

/* A run with the file as it stands: right, and the driver was shown so many
 * bytes of it; afterwards the file is good again. */
static void run_with(size_t shown, const char *what, size_t at)
{
    struct scene c = { .between = NULL };
    reset();
    CHECK_SAYS(whole(&c) == TARN_OK && same(&c), "%s %zu: %s", what, at,
               c.b.err.text);
    CHECK_SAYS(shim->cache_shown == shown,
               "%s %zu: the driver was shown %zu bytes, not %zu", what, at,
               shim->cache_shown, shown);
    CHECK(c.b.held == 0 && shim->n_alive == 0);
}

static uint8_t good[1 << 20], bad[1 << 20];

static void flip(size_t n, size_t at, size_t shown)
{
    memcpy(bad, good, n);
    bad[at] ^= 0x10;
    write_file(bad, n);
    run_with(0, "byte", at);
    run_with(shown, "after byte", at);
}

static void test_v08_a_damaged_cache_is_not_shown_to_the_driver(void)
{
    struct scene c = { .between = NULL };
    reset();
    CHECK(whole(&c) == TARN_OK);
    CHECK(find_file());
    const size_t n = read_file(good, sizeof good);
    CHECK_SAYS(n > 64 && n < sizeof good, "%zu bytes", n);
    reset();
    CHECK(whole(&c) == TARN_OK);
    const size_t shown = shim->cache_shown; /* of a file that is good */
    CHECK_SAYS(shown > 0 && shown < n, "%zu of %zu", shown, n);
    const size_t head = n - shown;
    const char *seed = getenv("TARN_SEED");
    uint64_t random = seed ? strtoull(seed, NULL, 10) : 1;
    if (getenv("TARN_SOAK"))
        for (size_t i = 0; i < head; i++)
            flip(n, i, shown);
    for (int i = 0; i < 4; i++) {
        random = tarn_mix(random + 1);
        flip(n, random % head, shown);
        flip(n, head + (random >> 20) % shown, shown);
    }
    static const size_t cuts[] = { 0, 1, 63 };
    for (size_t i = 0; i < 3; i++) {
        write_file(good, cuts[i]);
        run_with(0, "cut to", cuts[i]);
    }
    write_file(good, n - 1);
    run_with(0, "cut to", n - 1);
}

static void test_v08_a_cache_of_2_gb_and_things_that_are_no_file(void)
{
    const size_t n = read_file(good, sizeof good);
    CHECK(n > 64);
    write_file(good, n);
    CHECK(truncate(file, (off_t)2 << 30) == 0); /* sparse */
    run_with(0, "2 GB", 0);
    struct stat st;
    CHECK(stat(file, &st) == 0 && st.st_size < 1 << 24);
    char other[300];
    snprintf(other, sizeof other, "%s.other", file);
    CHECK(rename(file, other) == 0 && symlink(other, file) == 0);
    run_with(0, "a link", 0);
    unlink(file);
    unlink(other);
    CHECK(mkdir(file, 0700) == 0);
    run_with(0, "a folder", 0);
    rmdir(file);
    CHECK(mkfifo(file, 0600) == 0); /* nobody writes: opening must not wait */
    run_with(0, "a pipe", 0);
    unlink(file);
}

/* V07 and V08: the driver was updated under us. */
static void test_v08_a_cache_of_another_driver(void)
{
    struct scene c = { .between = NULL };
    reset();
    CHECK(whole(&c) == TARN_OK);
    reset();
    CHECK(whole(&c) == TARN_OK && shim->cache_shown > 0);
    reset();
    shim->small.driver_version = 77;
    CHECK(whole(&c) == TARN_OK && same(&c));
    CHECK_SAYS(shim->cache_shown == 0, "%zu bytes of another driver's cache",
               shim->cache_shown);
    reset();
    shim->small.driver_version = 77;
    CHECK(whole(&c) == TARN_OK && shim->cache_shown > 0);
}

int main(int argc, char **argv)
{
    char command[128];
    snprintf(folder, sizeof folder, "/tmp/tarn-wear-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    setenv("XDG_CACHE_HOME", folder, 1);
    if (!begin_scene(argc, argv)) {
        rmdir(folder);
        return 0;
    }
    RUN(test_v07_a_device_that_goes_and_comes_back);
    RUN(test_v07_memory_lost_in_suspension_is_found_out);
    RUN(test_v08_a_damaged_cache_is_not_shown_to_the_driver);
    RUN(test_v08_a_cache_of_2_gb_and_things_that_are_no_file);
    RUN(test_v08_a_cache_of_another_driver);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) || tap_end();
}
