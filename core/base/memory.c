/* memory.c - see memory.h.
 * The fault injection is in every build: one counter that is kept anyway and
 * one comparison per allocation, so what tests exercise is what ships. */
#include "core/base/memory.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#if !defined(__wasm__)
#include <sys/mman.h>
#endif

#define SMALL_PAGE ((uintptr_t)4096)
#define SMALL_PAGE_MASK (SMALL_PAGE - 1)
#define LARGE_BLOCK ((size_t)4 << 20)

static _Atomic uint64_t count;   /* allocations asked for */
static _Atomic uint64_t fail_at; /* number of the one that fails; 0: none */
static _Atomic bool fail_all;
static _Atomic int64_t held;

/* The libc that the page's WebAssembly module is linked with was built for one
 * thread: two of its workers must not be in malloc at once. */
#if defined(__wasm_atomics__)
static atomic_flag heap = ATOMIC_FLAG_INIT;

static void lock_heap(void)
{
    while (atomic_flag_test_and_set(&heap))
        ;
}

static void unlock_heap(void)
{
    atomic_flag_clear(&heap);
}
#else
static void lock_heap(void)
{
}

static void unlock_heap(void)
{
}
#endif

static bool must_fail(void)
{
    const uint64_t now =
        atomic_fetch_add_explicit(&count, 1, memory_order_relaxed) + 1;
    const uint64_t at = atomic_load_explicit(&fail_at, memory_order_relaxed);
    if (at == 0 || now < at)
        return false;
    return now == at || atomic_load(&fail_all);
}

static void *counted(void *p)
{
    if (p)
        atomic_fetch_add_explicit(&held, 1, memory_order_relaxed);
    return p;
}

bool tarn_mul_size(size_t a, size_t b, size_t *out)
{
    if (b != 0 && a > SIZE_MAX / b)
        return false;
    *out = a * b;
    return true;
}

bool tarn_add_size(size_t a, size_t b, size_t *out)
{
    if (a > SIZE_MAX - b)
        return false;
    *out = a + b;
    return true;
}

bool tarn_mul_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    if (b != 0 && a > UINT64_MAX / b)
        return false;
    *out = a * b;
    return true;
}

void *tarn_alloc(size_t n, size_t size)
{
    size_t bytes;
    /* PTRDIFF_MAX: differences of pointers into a block must be defined. */
    if (!tarn_mul_size(n, size, &bytes) || bytes > PTRDIFF_MAX || must_fail())
        return NULL;
    lock_heap();
    void *p = calloc(1, bytes ? bytes : 1);
    unlock_heap();
    return counted(p);
}

void *tarn_realloc(void *p, size_t n_old, size_t n_new, size_t size)
{
    size_t old_bytes, bytes;
    if (!p)
        return tarn_alloc(n_new, size);
    if (!tarn_mul_size(n_old, size, &old_bytes) ||
        !tarn_mul_size(n_new, size, &bytes) || bytes > PTRDIFF_MAX ||
        must_fail())
        return NULL;
    lock_heap();
    char *q = realloc(p, bytes ? bytes : 1);
    unlock_heap();
    if (q && bytes > old_bytes)
        memset(q + old_bytes, 0, bytes - old_bytes);
    return q;
}

/* Large blocks (K/V pages, work memory) in large pages: a first touch every
 * 2 MiB instead of every 4 KiB, and fewer misses of the TLB ever after. */
static void use_large_pages(void *p, size_t bytes)
{
#if defined(MADV_HUGEPAGE)
    const uintptr_t first = ((uintptr_t)p + SMALL_PAGE_MASK) & ~SMALL_PAGE_MASK;
    const uintptr_t end = ((uintptr_t)p + bytes) & ~SMALL_PAGE_MASK;
    if (p && bytes >= LARGE_BLOCK)
        (void)madvise((void *)first, end - first, MADV_HUGEPAGE);
#else
    (void)p, (void)bytes;
#endif
}

void *tarn_alloc_aligned(size_t size, size_t align)
{
    size_t bytes;
    if (align < sizeof(void *))
        align = sizeof(void *);
    if (!tarn_add_size(size ? size : 1, align - 1, &bytes) ||
        bytes > PTRDIFF_MAX || must_fail())
        return NULL;
    lock_heap();
    void *p = aligned_alloc(align, bytes & ~(align - 1));
    unlock_heap();
    use_large_pages(p, bytes);
    return counted(p);
}

void tarn_free(void *p)
{
    if (!p)
        return;
    atomic_fetch_sub_explicit(&held, 1, memory_order_relaxed);
    lock_heap();
    free(p);
    unlock_heap();
}

void tarn_free_aligned(void *p)
{
    tarn_free(p);
}

char *tarn_dup(const void *data, size_t size)
{
    size_t bytes;
    if (!tarn_add_size(size, 1, &bytes))
        return NULL;
    char *p = tarn_alloc(bytes, 1);
    if (p && size)
        memcpy(p, data, size);
    return p;
}

char *tarn_dup_str(const char *text)
{
    return tarn_dup(text, strlen(text));
}

void tarn_memory_fail_at(uint64_t k, bool all)
{
    atomic_store(&fail_all, all);
    atomic_store(&fail_at, k ? atomic_load(&count) + k : 0);
}

uint64_t tarn_memory_count(void)
{
    return atomic_load(&count);
}

int64_t tarn_memory_held(void)
{
    return atomic_load(&held);
}
