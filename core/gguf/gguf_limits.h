/* gguf_limits.h - how much of everything a model file may have.
 *
 * Compared before any memory proportional to the number is asked for, and
 * printed in the sentence.
 */
#ifndef TARN_GGUF_LIMITS_H
#define TARN_GGUF_LIMITS_H

#define TARN_GGUF_MAX_KEYS 4096u
#define TARN_GGUF_MAX_TENSORS 65536u
#define TARN_GGUF_MAX_KEY_BYTES 256u
#define TARN_GGUF_MAX_STRING_BYTES (1u << 20)
#define TARN_GGUF_MAX_ITEMS (1u << 22)           /* of an array */
#define TARN_GGUF_MAX_METADATA_BYTES (64u << 20) /* all of a part */
#define TARN_GGUF_MAX_NAME_BYTES 64u
#define TARN_GGUF_MAX_DIMS 4u
#define TARN_GGUF_MAX_DIM 0x7fffffffu
#define TARN_GGUF_MIN_ALIGNMENT 8u
#define TARN_GGUF_MAX_ALIGNMENT 65536u
#define TARN_GGUF_MAX_PARTS 1024u
#define TARN_GGUF_MAX_FILE_BYTES (UINT64_C(1) << 46)

#endif
