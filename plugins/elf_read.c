/* elf_read.c - see elf_read.h.
 *
 * Only what a plugin can be is read: a 64-bit little-endian shared object for
 * this processor.  Notes stand in PT_NOTE segments, several in one; a segment
 * aligned to 8 holds GNU property notes, whose padding differs. */
#include "plugins/elf_read.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/memory.h"
#include "core/base/span.h"

#define MAX_SEGMENTS 128u

#if defined(__x86_64__)
#define OWN_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OWN_MACHINE EM_AARCH64
#else
#define OWN_MACHINE EM_NONE /* no plugins */
#endif

struct file {
    int fd;
    uint64_t size;
    Elf64_Ehdr head;
    Elf64_Phdr segments[MAX_SEGMENTS];
};

/* n bytes at `at`, all of them. */
static enum tarn_status read_at(const struct file *f, uint64_t at, void *out,
                                size_t n, struct tarn_error *err)
{
    if (at > f->size || n > f->size - at)
        return tarn_fail(err, TARN_BAD_FILE,
                         "the file is cut off: it has %llu bytes, %llu are "
                         "needed",
                         (unsigned long long)f->size,
                         (unsigned long long)at + n);
    size_t done = 0;
    while (done < n) {
        ssize_t got =
            pread(f->fd, (char *)out + done, n - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return tarn_fail(err, TARN_IO, "it can't be read: %s",
                             got < 0 ? strerror(errno) : "it became shorter");
        done += (size_t)got;
    }
    return TARN_OK;
}

static enum tarn_status check_head(const struct file *f, struct tarn_error *err)
{
    const unsigned char *id = f->head.e_ident;
    if (memcmp(id, ELFMAG, SELFMAG) != 0)
        return tarn_fail(err, TARN_BAD_FILE, "it is not a shared library");
    if (id[EI_CLASS] != ELFCLASS64 || id[EI_DATA] != ELFDATA2LSB ||
        f->head.e_machine != OWN_MACHINE)
        return tarn_fail(err, TARN_BAD_FILE,
                         "it is built for another kind of processor (ELF "
                         "machine %u)",
                         f->head.e_machine);
    if (f->head.e_type != ET_DYN)
        return tarn_fail(err, TARN_BAD_FILE,
                         "it is an ELF file but not a shared library");
    if (f->head.e_phentsize != sizeof(Elf64_Phdr) ||
        f->head.e_phnum > MAX_SEGMENTS)
        return tarn_fail(err, TARN_BAD_FILE,
                         "its program header has %u entries of %u bytes",
                         f->head.e_phnum, f->head.e_phentsize);
    return TARN_OK;
}

/* The whole of a small segment, owned; *size its bytes. */
static enum tarn_status load_segment(const struct file *f, const Elf64_Phdr *h,
                                     uint8_t **out, struct tarn_error *err)
{
    if (h->p_filesz > TARN_ELF_MAX_SEGMENT)
        return tarn_fail(err, TARN_BAD_FILE,
                         "a segment of %llu bytes stands where at most %u "
                         "make sense",
                         (unsigned long long)h->p_filesz, TARN_ELF_MAX_SEGMENT);
    uint8_t *p = tarn_alloc((size_t)h->p_filesz + 1, 1);
    if (!p)
        return tarn_fail(err, TARN_NO_MEMORY, "no memory left");
    enum tarn_status s = read_at(f, h->p_offset, p, (size_t)h->p_filesz, err);
    if (s)
        tarn_free(p);
    else
        *out = p;
    return s;
}

/* ------------------------------------------------------------------ notes */
/* Letters, digits, '-', '_', '.', at least one, and a NUL within room. */
static bool plain_word(const char *word, size_t room)
{
    size_t n = strnlen(word, room);
    if (n == 0 || n == room)
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = word[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
        if (!ok)
            return false;
    }
    return true;
}

static enum tarn_status take_tarn_note(uint32_t type, const uint8_t *desc,
                                       size_t size, uint32_t *n_found,
                                       struct tarn_note *out,
                                       struct tarn_error *err)
{
    struct tarn_note n = { 0 };
    if ((*n_found)++)
        return tarn_fail(err, TARN_BAD_FILE, "it has two tarn notes");
    if (type != TARN_NOTE_TYPE)
        return tarn_fail(err, TARN_BAD_FILE,
                         "its tarn note is of kind %u instead of %u", type,
                         TARN_NOTE_TYPE);
    if (size < 8)
        return tarn_fail(err, TARN_BAD_FILE, "its tarn note has only %zu bytes",
                         size);
    memcpy(&n, desc, size < sizeof n ? size : sizeof n);
    if (n.abi != TARN_BACKEND_ABI)
        return tarn_fail(err, TARN_BAD_FILE,
                         "it is made for backend ABI %u, this tarn has %u; "
                         "take the plugin that belongs to this version",
                         n.abi, TARN_BACKEND_ABI);
    if (size < sizeof n || n.size < sizeof n || n.size > size || size > 4096)
        return tarn_fail(err, TARN_BAD_FILE,
                         "its tarn note has %zu bytes and claims %u; at "
                         "least %zu are needed",
                         size, n.size, sizeof n);
    if (!plain_word(n.name, sizeof n.name) ||
        !plain_word(n.version, sizeof n.version))
        return tarn_fail(err, TARN_BAD_FILE,
                         "the name or version in its tarn note is damaged");
    *out = n;
    return TARN_OK;
}

static uint64_t padded(uint32_t n)
{
    return ((uint64_t)n + 3) & ~UINT64_C(3);
}

static enum tarn_status walk_notes(const uint8_t *p, size_t size,
                                   uint32_t *n_found, struct tarn_elf *out,
                                   struct tarn_error *err)
{
    struct tarn_span s = tarn_span_of(p, size);
    while (s.size - s.at >= 12) {
        uint32_t n_owner = tarn_span_u32(&s), n_desc = tarn_span_u32(&s);
        uint32_t type = tarn_span_u32(&s);
        if (!n_owner) { /* padding between two objects */
            s.at -= 8;
            continue;
        }
        const uint8_t *owner = tarn_span_take(&s, padded(n_owner));
        const uint8_t *desc = tarn_span_take(&s, padded(n_desc));
        if (s.failed)
            return tarn_fail(err, TARN_BAD_FILE,
                             "a note in it claims more bytes than there are");
        enum tarn_status st = TARN_OK;
        if (n_owner == 5 && !memcmp(owner, TARN_NOTE_OWNER, 5))
            st = take_tarn_note(type, desc, n_desc, n_found, &out->note, err);
        else if (n_owner == 4 && !memcmp(owner, "GNU", 4) &&
                 type == NT_GNU_BUILD_ID && n_desc <= 20)
            tarn_hex(desc, n_desc, out->build_id);
        if (st)
            return st;
    }
    return TARN_OK;
}

/* ---------------------------------------------------------- dynamic section */
/* Where a virtual address lies in the file. */
static bool file_offset(const struct file *f, uint64_t address, uint64_t *out)
{
    for (uint32_t i = 0; i < f->head.e_phnum; i++) {
        const Elf64_Phdr *h = &f->segments[i];
        if (h->p_type == PT_LOAD && address >= h->p_vaddr &&
            address - h->p_vaddr < h->p_filesz) {
            uint64_t at = address - h->p_vaddr;
            if (h->p_offset > f->size || at > f->size - h->p_offset)
                return false;
            *out = h->p_offset + at;
            return true;
        }
    }
    return false;
}

static enum tarn_status read_name(const struct file *f, uint64_t at,
                                  char out[64], struct tarn_error *err)
{
    size_t n = 63;
    if (at >= f->size)
        return tarn_fail(err, TARN_BAD_FILE,
                         "the name of a library that it needs lies outside "
                         "of the file");
    if (n > f->size - at)
        n = (size_t)(f->size - at);
    memset(out, 0, 64);
    return read_at(f, at, out, n, err);
}

static enum tarn_status walk_dynamic(const struct file *f, const uint8_t *p,
                                     size_t size, struct tarn_elf *out,
                                     struct tarn_error *err)
{
    uint64_t strings = 0;
    bool have_strings = false;
    for (int pass = 0; pass < 2; pass++) {
        struct tarn_span s = tarn_span_of(p, size);
        while (s.size - s.at >= sizeof(Elf64_Dyn)) {
            uint64_t tag = tarn_span_u64(&s), value = tarn_span_u64(&s);
            if (tag == DT_NULL)
                break;
            if (pass == 0 && tag == DT_STRTAB)
                have_strings = file_offset(f, value, &strings);
            if (pass == 0 || tag != DT_NEEDED)
                continue;
            if (!have_strings || out->n_needed == TARN_ELF_MAX_NEEDED ||
                value > f->size)
                return tarn_fail(err, TARN_BAD_FILE,
                                 "its list of libraries is damaged");
            enum tarn_status st =
                read_name(f, strings + value, out->needed[out->n_needed], err);
            if (st)
                return st;
            out->n_needed++;
        }
    }
    return TARN_OK;
}

static enum tarn_status read_segment(const struct file *f, const Elf64_Phdr *h,
                                     uint32_t *n_found, struct tarn_elf *out,
                                     struct tarn_error *err)
{
    uint8_t *p = NULL;
    enum tarn_status s = load_segment(f, h, &p, err);
    if (s)
        return s;
    if (h->p_type == PT_NOTE)
        s = walk_notes(p, (size_t)h->p_filesz, n_found, out, err);
    else
        s = walk_dynamic(f, p, (size_t)h->p_filesz, out, err);
    tarn_free(p);
    return s;
}

enum tarn_status tarn_elf_read(int fd, struct tarn_elf *out,
                               struct tarn_error *err)
{
    struct file f = { .fd = fd };
    struct stat st;
    if (fstat(fd, &st) || st.st_size < 0)
        return tarn_fail(err, TARN_IO, "it can't be read: %s", strerror(errno));
    f.size = (uint64_t)st.st_size;
    if (f.size > TARN_ELF_MAX_FILE)
        return tarn_fail(
            err, TARN_BAD_FILE, "it has %llu bytes; a plugin has at most %llu",
            (unsigned long long)f.size, (unsigned long long)TARN_ELF_MAX_FILE);
    struct tarn_elf e = { .n_needed = 0 };
    uint32_t n_found = 0;
    enum tarn_status s = read_at(&f, 0, &f.head, sizeof f.head, err);
    if (!s)
        s = check_head(&f, err);
    if (!s)
        s = read_at(&f, f.head.e_phoff, f.segments,
                    f.head.e_phnum * sizeof(Elf64_Phdr), err);
    for (uint32_t i = 0; !s && i < f.head.e_phnum; i++) {
        const Elf64_Phdr *h = &f.segments[i];
        if ((h->p_type == PT_NOTE && h->p_align != 8) ||
            h->p_type == PT_DYNAMIC)
            s = read_segment(&f, h, &n_found, &e, err);
    }
    if (!s && !n_found)
        s = tarn_fail(err, TARN_BAD_FILE,
                      "it has no tarn note, so it is not a plugin of tarn");
    if (!s)
        *out = e;
    return s;
}
