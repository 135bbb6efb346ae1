/* models_test.c - the list of models that were opened. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/models.h"
#include "tests/tap.h"

static char top[] = "/tmp/tarn-store-XXXXXX";

static const char *in_top(const char *name)
{
    static char path[4][300];
    static unsigned k;
    char *out = path[k++ % 4];
    snprintf(out, sizeof path[0], "%s/%s", top, name);
    return out;
}

static void put(const char *name, const char *text)
{
    FILE *f = fopen(in_top(name), "w");
    if (f) {
        fputs(text, f);
        fclose(f);
    }
}

static struct tarn_models *load(void)
{
    struct tarn_models *m = NULL;
    CHECK(tarn_models_load(&m, NULL) == TARN_OK);
    return m;
}

static enum tarn_status note(struct tarn_models *m, const char *name)
{
    const struct tarn_model_info info = { .size = sizeof info,
                                          .path = in_top(name),
                                          .name = "A \"model\"",
                                          .file_type = "Q4_K_M",
                                          .n_params = 8300000000 };
    return tarn_models_note(m, &info, NULL);
}

static void test_list_begins_with_the_pocket_model(void)
{
    struct tarn_models *m = load();
    CHECK(tarn_models_count(m) == 1 && tarn_models_at(m, 0)->pocket);
    CHECK(tarn_models_remove(m, tarn_models_at(m, 0)->path, NULL) ==
          TARN_USAGE);
    tarn_models_free(m);
}

static void test_what_was_opened_is_remembered_latest_first(void)
{
    struct tarn_models *m = load();
    put("a.gguf", "12345");
    put("b.gguf", "1");
    CHECK(note(m, "a.gguf") == TARN_OK && note(m, "b.gguf") == TARN_OK);
    tarn_models_free(m);
    m = load();
    CHECK(tarn_models_count(m) == 3);
    const struct tarn_model_file *f = tarn_models_at(m, 2);
    CHECK(f && !strcmp(f->path, in_top("a.gguf")) &&
          !strcmp(f->name, "A \"model\"") && f->n_params == 8300000000 &&
          !strcmp(f->file_type, "Q4_K_M") && f->bytes == 5);
    CHECK(note(m, "a.gguf") == TARN_OK && tarn_models_count(m) == 3);
    f = tarn_models_at(m, 1);
    CHECK(f && !strcmp(f->path, in_top("a.gguf")));
    CHECK(tarn_models_at(m, 3) == NULL);
    tarn_models_free(m);
    struct stat st = { 0 };
    CHECK(stat(in_top("tarn/models.json"), &st) == 0 &&
          (st.st_mode & 0777) == 0600);
}

static void test_removed_is_off_the_list_and_still_there(void)
{
    struct tarn_models *m = load();
    CHECK(tarn_models_remove(m, in_top("a.gguf"), NULL) == TARN_OK);
    CHECK(tarn_models_remove(m, in_top("a.gguf"), NULL) == TARN_USAGE);
    tarn_models_free(m);
    m = load();
    CHECK(tarn_models_count(m) == 2 && access(in_top("a.gguf"), F_OK) == 0);
    unlink(in_top("b.gguf"));
    tarn_models_free(m);
    m = load(); /* gone, and said to be so */
    CHECK(tarn_models_count(m) == 2 && tarn_models_at(m, 1)->bytes == 0);
    tarn_models_free(m);
}

static void test_folder_is_looked_through(void)
{
    mkdir(in_top("tarn/models"), 0700);
    put("tarn/models/c.gguf", "123");
    put("tarn/models/notes.txt", "123");
    struct tarn_models *m = load();
    const struct tarn_model_file *f = tarn_models_at(m, 2);
    CHECK(tarn_models_count(m) == 3 && f && f->found &&
          !strcmp(f->name, "c.gguf") && f->bytes == 3);
    CHECK(tarn_models_remove(m, f->path, NULL) == TARN_USAGE);
    CHECK(note(m, "tarn/models/c.gguf") == TARN_OK);
    CHECK(tarn_models_count(m) == 3 && !tarn_models_at(m, 1)->found);
    tarn_models_free(m);
}

static void test_damaged_list_is_an_empty_one(void)
{
    static const char half[] = "{\"models\": [{\"path\": 7}, 1, "
                               "{\"path\": \"x\"}, null]}";
    static const char *const BAD[] = { "", "{", "[]", "{\"models\": 3}", half };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        put("tarn/models.json", BAD[i]);
        struct tarn_models *m = load();
        CHECK_SAYS(tarn_models_count(m) == 2, "list %zu", i);
        tarn_models_free(m);
    }
}

static void test_list_that_cannot_be_written_says_why(void)
{
    struct tarn_error err = { 0 };
    put("flat", "");
    setenv("XDG_DATA_HOME", in_top("flat"), 1);
    struct tarn_models *m = load();
    const struct tarn_model_info info = { .size = sizeof info,
                                          .path = in_top("a.gguf"),
                                          .name = "x",
                                          .file_type = "" };
    CHECK(tarn_models_note(m, &info, &err) == TARN_IO && err.text[0]);
    CHECK(tarn_models_count(m) == 2);
    tarn_models_free(m);
}

int main(void)
{
    char clean[300];
    if (!mkdtemp(top))
        return 1;
    put("pocket.gguf", "GGUF");
    setenv("XDG_DATA_HOME", top, 1);
    setenv("TARN_POCKET", in_top("pocket.gguf"), 1);
    RUN(test_list_begins_with_the_pocket_model);
    RUN(test_what_was_opened_is_remembered_latest_first);
    RUN(test_removed_is_off_the_list_and_still_there);
    RUN(test_folder_is_looked_through);
    RUN(test_damaged_list_is_an_empty_one);
    RUN(test_list_that_cannot_be_written_says_why);
    snprintf(clean, sizeof clean, "rm -rf %s", top);
    return system(clean) != 0 || tap_end();
}
