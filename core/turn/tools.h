/* tools.h - declared tools as call.c needs them.
 *
 * Owns: the parsed declarations.  Threads: any, read only once made.
 */
#ifndef TARN_TURN_TOOLS_H
#define TARN_TURN_TOOLS_H

#include "core/base/json.h"
#include "core/turn/call.h"

struct tarn_tool {
    const char *name; /* borrowed from the document */
    size_t name_size;
    const struct tarn_json *properties, *required; /* or NULL */
};

struct tarn_tools {
    struct tarn_json *doc;
    struct tarn_tool *at;
    size_t n;
};

/* 1 to 128 letters, digits, '_', '-', '.'. */
bool tarn_tool_name_valid(const char *name, size_t size);
const struct tarn_tool *tarn_tools_find(const struct tarn_tools *tools,
                                        const char *name, size_t size);
/* The only one that differs in '-', '_' and case alone, or NULL. */
const struct tarn_tool *tarn_tools_near(const struct tarn_tools *tools,
                                        const char *name, size_t size);

enum tarn_tool_type { /* bits */
                      TARN_TOOL_STRING = 1,
                      TARN_TOOL_INTEGER = 2,
                      TARN_TOOL_NUMBER = 4,
                      TARN_TOOL_BOOLEAN = 8,
                      TARN_TOOL_ARRAY = 16,
                      TARN_TOOL_OBJECT = 32
};
/* What a parameter's schema says; 0: anything. */
unsigned tarn_tool_types(const struct tarn_json *schema);

#endif
