/* elf_read.h - what a shared object says in its file, read without loading it.
 *
 * Every size in the file is checked against the file before it is used; the
 * file is read with pread(), so that it may shrink meanwhile.
 *
 * Owns: nothing; fd is borrowed.  Threads: any.
 */
#ifndef TARN_PLUGINS_ELF_READ_H
#define TARN_PLUGINS_ELF_READ_H

#include <stdint.h>

#include "backends/note.h"

#define TARN_ELF_MAX_FILE (UINT64_C(256) << 20)
#define TARN_ELF_MAX_SEGMENT (UINT32_C(1) << 20) /* notes, dynamic section */
#define TARN_ELF_MAX_NEEDED 32u

struct tarn_elf {
    struct tarn_note note;
    char build_id[41];       /* hexadecimal; "" if there is none */
    uint32_t n_needed;       /* libraries that it wants to be loaded */
    char needed[TARN_ELF_MAX_NEEDED][64]; /* longer names are cut */
};

/* TARN_BAD_FILE with what is wrong; TARN_IO. */
enum tarn_status tarn_elf_read(int fd, struct tarn_elf *out,
                               struct tarn_error *err);

#endif
