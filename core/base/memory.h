/* memory.h - all memory of the core comes from here.
 *
 * Every function may fail and returns NULL then; nothing aborts.  Tests make
 * the k-th allocation fail (tarn_memory_fail_at) and count what is still held
 * (tarn_memory_held).
 *
 * Threads: any.
 */
#ifndef TARN_BASE_MEMORY_H
#define TARN_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* n * size bytes, zeroed; NULL if the product wraps or memory is out.  A size
 * of 0 gives a pointer that can be freed. */
void *tarn_alloc(size_t n, size_t size);
/* Keeps the first n_old elements; the new ones are zero.  On failure NULL and
 * `p` stays as it was. */
void *tarn_realloc(void *p, size_t n_old, size_t n_new, size_t size);
/* align: a power of two, up to 4096; contents undefined; tarn_free_aligned()
 * only. */
void *tarn_alloc_aligned(size_t size, size_t align);
void tarn_free(void *p); /* NULL allowed */
void tarn_free_aligned(void *p);
/* A copy with a NUL behind it. */
char *tarn_dup(const void *data, size_t size);
char *tarn_dup_str(const char *text);

/* a * b and a + b; false if they wrap: *out stays. */
bool tarn_mul_size(size_t a, size_t b, size_t *out);
bool tarn_add_size(size_t a, size_t b, size_t *out);
bool tarn_mul_u64(uint64_t a, uint64_t b, uint64_t *out);

/* Bytes that can be taken now without the kernel killing somebody; UINT64_MAX
 * where that can't be told.  root: "" or NULL; tests put a folder there that
 * holds a /proc and a /sys of their own.  Native builds only. */
uint64_t tarn_memory_available(const char *root);

/* For tests: the k-th allocation from now on fails (1: the next one; 0: none),
 * and with `all` every one after it. */
void tarn_memory_fail_at(uint64_t k, bool all);
uint64_t tarn_memory_count(void); /* allocations since the start */
int64_t tarn_memory_held(void);   /* blocks not freed yet */

#endif
