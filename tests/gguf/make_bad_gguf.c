/* make_bad_gguf - writes the small correct model with one named defect.
 *
 *     make_bad_gguf --list              number, name, who refuses, sentence
 *     make_bad_gguf NAME OUT.gguf */
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "tests/gguf/bad_gguf.h"

int main(int argc, char **argv)
{
    static const char *const LEVELS[] = { "none", "file", "text", "model" };
    if (argc == 2 && !strcmp(argv[1], "--list")) {
        for (size_t i = 0; i < GGUF_N_DEFECTS; i++)
            printf("%s\t%s\t%s\t%s\n", GGUF_DEFECTS[i].number,
                   GGUF_DEFECTS[i].name, LEVELS[GGUF_DEFECTS[i].level],
                   GGUF_DEFECTS[i].says);
        return 0;
    }
    const struct gguf_defect *d = argc == 3 ? gguf_defect_find(argv[1]) : NULL;
    if (!d) {
        fprintf(stderr, "usage: make_bad_gguf --list | NAME OUT.gguf\n");
        return 2;
    }
    struct tarn_buf b = { 0 };
    struct tarn_error err = { TARN_NO_MEMORY, "out of memory" };
    gguf_defect_write(d, &b);
    enum tarn_status s = TARN_NO_MEMORY;
    if (!b.failed)
        s = tarn_file_write(argv[2], b.data, b.size, &err);
    tarn_buf_finish(&b);
    if (s)
        fprintf(stderr, "%s: %s\n", argv[2], err.text);
    return (int)s;
}
