/* canary_print.c - makes plugins/canary_golden.h from a backend that is right:
 *
 *     build/tests/plugins/canary_print build/plugins/tarn-ref.so \
 *         > plugins/canary_golden.h
 *
 * Only after a deliberate change of the canary or of the numerics contract. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "plugins/canary.h"
#include "plugins/elf_read.h"
#include "plugins/probe.h"

static int fail(const struct tarn_error *err)
{
    fprintf(stderr, "canary_print: %s\n", err->text);
    return err->status ? (int)err->status : 1;
}

int main(int argc, char **argv)
{
    struct tarn_elf elf;
    struct tarn_error err = { TARN_USAGE, "usage: canary_print PLUGIN.so" };
    const struct tarn_backend *b;
    float logits[TARN_CANARY_LOGITS];
    int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
    if (fd < 0 || tarn_elf_read(fd, &elf, &err) ||
        tarn_probe_load(fd, &elf.note, &b, &err) ||
        tarn_canary_run(b, 0, logits, &err))
        return fail(&err);
    printf("/* canary_golden.h - what the canary gives on the reference "
           "backend, as the bits\n * of float32.  Made by tests/plugins/"
           "canary_print.c; do not edit. */\n"
           "#ifndef TARN_PLUGINS_CANARY_GOLDEN_H\n"
           "#define TARN_PLUGINS_CANARY_GOLDEN_H\n\n#include <stdint.h>\n\n"
           "static const uint32_t CANARY_GOLDEN[%u] = {",
           TARN_CANARY_LOGITS);
    for (uint32_t i = 0; i < TARN_CANARY_LOGITS; i++) {
        uint32_t bits;
        memcpy(&bits, &logits[i], 4);
        printf("%s0x%08x,", i % 6 ? " " : "\n    ", bits);
    }
    printf("\n};\n\n#endif\n");
    return 0;
}
