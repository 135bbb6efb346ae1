/* place.h - a folder of plugins and one for the cache, made and removed per
 * test.  Names of stubs are those of tests/plugins/meson.build. */
#ifndef TARN_TESTS_PLACE_H
#define TARN_TESTS_PLACE_H

#include <stdbool.h>
#include <stddef.h>

struct place {
    char root[4000];
    char plugins[4096], cache[4096], empty[4096], mark[4096];
};

extern const char *place_stubs; /* where the stubs were built */

void place_begin(struct place *p);
void place_end(struct place *p); /* removes everything */
/* Copies a stub into p->plugins; path_out: NULL or room for 4200 bytes. */
void place_stub(const struct place *p, const char *stub, char *path_out);
/* Where it is then; until the next call. */
const char *place_path(const struct place *p, const char *stub);
void place_copy_stub(const char *stub, const char *to);
char *place_read_stub(const char *stub, size_t *size); /* owned: free() */
void place_write(const char *path, const void *data, size_t size);

/* Stubs that run create p->mark from now on. */
void place_mark_on(const struct place *p);
bool place_marked(const struct place *p);

#endif
