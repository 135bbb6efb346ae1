/* gguf_magic.c - a name for what was given instead of a model.
 * A person who drops in the wrong file should read what it is: most of these
 * are a download that went wrong. */
#include "core/gguf/gguf_impl.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/span.h"

struct kind {
    const char *begin;
    size_t size;
    const char *says;
};

#define KIND(text, says)                                                       \
    {                                                                          \
        text, sizeof text - 1, says                                            \
    }
static const struct kind KINDS[] = {
    KIND("version https://git-lfs", "is a Git LFS pointer, not the model "
                                    "itself; fetch it with git lfs pull"),
    KIND("PK\3\4", "is a zip archive or a PyTorch checkpoint, not a GGUF "
                   "model; unpack or convert it"),
    KIND("\x80\2", "is a PyTorch checkpoint, not a GGUF model; convert it"),
    KIND("GGML", "is in the old GGML format; tarn reads GGUF, convert it"),
    KIND("GGJT", "is in the old GGJT format; tarn reads GGUF, convert it"),
    KIND("lmgg", "is in the old GGML format; tarn reads GGUF, convert it"),
    KIND("tjgg", "is in the old GGJT format; tarn reads GGUF, convert it"),
    KIND("fmgg", "is in the old GGMF format; tarn reads GGUF, convert it"),
    KIND("algg", "is in the old GGLA format; tarn reads GGUF, convert it"),
    KIND("\x1f\x8b", "is compressed with gzip; unpack it"),
    KIND("\x28\xb5\x2f\xfd", "is compressed with zstd; unpack it"),
    KIND("\xfd"
         "7zXZ",
         "is compressed with xz; unpack it"),
    KIND("\x7f"
         "ELF",
         "is a program, not a GGUF model"),
};
#undef KIND

static bool begins_with_letters(const uint8_t *data, uint64_t size,
                                const char *lower)
{
    const size_t n = strlen(lower);
    if (size < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        const uint8_t c = data[i];
        if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != lower[i])
            return false;
    }
    return true;
}

static bool is_web_page(const uint8_t *data, uint64_t size)
{
    while (size &&
           (*data == ' ' || *data == '\n' || *data == '\r' || *data == '\t')) {
        data++;
        size--;
    }
    return begins_with_letters(data, size, "<!doctype") ||
           begins_with_letters(data, size, "<html") ||
           begins_with_letters(data, size, "<?xml");
}

/* Eight bytes of length, then JSON. */
static bool is_safetensors(const uint8_t *data, uint64_t size)
{
    struct tarn_span s = tarn_span_of(data, size < 10 ? (size_t)size : 10);
    const uint64_t n = tarn_span_u64(&s);
    const uint8_t c = tarn_span_u8(&s);
    return !s.failed && c == '{' && n >= 2 && n < (UINT64_C(1) << 32);
}

static bool is_zero(const uint8_t *data, uint64_t size)
{
    for (uint64_t i = 0; i < size && i < 4096; i++)
        if (data[i])
            return false;
    return true;
}

enum tarn_status tarn_gguf_fail_magic(const uint8_t *data, uint64_t size,
                                      struct tarn_error *err)
{
    if (size == 0)
        return tarn_fail(err, TARN_BAD_FILE,
                         "is empty; the download is probably incomplete, "
                         "fetch it again");
    if (is_web_page(data, size))
        return tarn_fail(err, TARN_BAD_FILE,
                         "is a web page, not a model; perhaps the download "
                         "needs a login or another address");
    if (is_safetensors(data, size))
        return tarn_fail(err, TARN_BAD_FILE,
                         "is a safetensors file; tarn reads GGUF, convert it");
    if (is_zero(data, size))
        return tarn_fail(err, TARN_BAD_FILE,
                         "begins with zeros only; the download is probably "
                         "incomplete, fetch it again");
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
        if (size >= KINDS[i].size &&
            memcmp(data, KINDS[i].begin, KINDS[i].size) == 0)
            return tarn_fail(err, TARN_BAD_FILE, "%s", KINDS[i].says);
    return tarn_fail(err, TARN_BAD_FILE,
                     "is not a GGUF model: it begins with \"%s\", not with "
                     "\"GGUF\"",
                     tarn_shown(data, size < 4 ? (size_t)size : 4).text);
}

const char *tarn_gguf_foreign_type(uint32_t type)
{
    switch (type) {
    case 4:
        return "Q4_2, which was withdrawn";
    case 5:
        return "Q4_3, which was withdrawn";
    case 9:
        return "Q8_1";
    case 15:
        return "Q8_K";
    case 19:
        return "IQ1_S";
    case 24:
        return "I8";
    case 25:
        return "I16";
    case 26:
        return "I32";
    case 27:
        return "I64";
    case 28:
        return "F64";
    case 29:
        return "IQ1_M";
    case 31:
    case 32:
    case 33:
        return "a repacked Q4_0, which was withdrawn (take the Q4_0 file)";
    case 34:
        return "TQ1_0";
    case 35:
        return "TQ2_0";
    case 36:
    case 37:
    case 38:
        return "a repacked IQ4_NL, which was withdrawn";
    case 40:
        return "NVFP4";
    case 41:
        return "Q1_0";
    default:
        return NULL;
    }
}
