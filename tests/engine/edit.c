/* edit.c - for tests/bench/edit.mjs: how many rows a prompt takes.
 *
 *   engine_edit MODEL.gguf <TEXTS
 *
 * Each line of TEXTS is a list of ids; they are asked for one after the other in
 * one engine.  Prints per line how many rows were run until its last token's
 * logits were there, replayed ones counted. */
#include <stdlib.h>

#include "tests/engine/bits.h"

#define MOST 65536

int main(int argc, char **argv)
{
    static int32_t ids[MOST];
    static char line[MOST * 8];
    struct world w;
    struct tarn_engine_options eo = { .size = sizeof eo };
    model_path = argc > 1 ? argv[1] : "pocket.gguf";
    bool good = open_world_with(&w, &eo);
    while (good && fgets(line, sizeof line, stdin)) {
        uint32_t n = 0, none;
        for (char *p = line; *p >= '0' && *p <= '9' && n < 4000;) {
            ids[n++] = (int32_t)strtol(p, &p, 10);
            p += *p == ',';
        }
        struct tarn_kv_cache *c = &w.engine->cache;
        struct tarn_sequence *s = n ? tarn_kv_take(c, ids, n, NULL, &none)
                                    : NULL;
        if (!s)
            return 1;
        printf("%u\n", n - s->tail_at);
        good = run_to_end(w.engine, s);
        tarn_kv_give(c, s);
    }
    close_world(&w);
    return !good;
}
