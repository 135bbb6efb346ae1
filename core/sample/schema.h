/* schema.h - JSON Schema, and tool declarations, become a grammar.
 *
 * The subset that OpenAI's strict mode knows, and a little more: type (also a
 * list), properties, required, additionalProperties, items, prefixItems,
 * minItems, maxItems, enum, const, anyOf, allOf of one, $ref within the
 * document (also to itself), $defs, nullable, pattern, format, minLength,
 * maxLength, minimum, maximum, their exclusive forms, multipleOf (of whole
 * numbers).  Annotations are read over.  Everything else is refused by name:
 * what is written fits the schema, or the schema is not taken.
 *
 * Properties come in the schema's order, and only declared ones where any are.
 *
 * Owns: nothing; the grammar is the caller's.  Threads: any.
 */
#ifndef TARN_SAMPLE_SCHEMA_H
#define TARN_SAMPLE_SCHEMA_H

#include "core/sample/grammar.h"

#define TARN_SCHEMA_MAX_TEXT ((size_t)1 << 20)

/* text NULL: any JSON object or list.  The text may be the schema itself or
 * the usual API's wrapper {"name":...,"schema":{...}}.  TARN_USAGE names the
 * place and the keyword; TARN_LIMIT, TARN_NO_MEMORY. */
enum tarn_status tarn_schema_compile(const char *text, size_t size,
                                     struct tarn_grammar *out,
                                     struct tarn_error *err);

/* What may stand between the call markers when these tools are declared: a
 * list of calls in Python's form or in JSON's, arguments as their schemas say.
 * Of a tool's schema that goes beyond the subset only what is known is used;
 * patterns and formats never are (fault C09). */
enum tarn_status tarn_calls_compile(const char *tools_json, size_t size,
                                    struct tarn_grammar *out,
                                    struct tarn_error *err);

/* ---------------------------------------------------- inside of core/sample */
struct tarn_json;
struct tarn_schema;
/* Schemas of one document; loose: what is not supported is any value. */
enum tarn_status tarn_schema_begin(struct tarn_grammar *g, bool loose,
                                   struct tarn_schema **out,
                                   struct tarn_error *err);
const struct tarn_json_parts *tarn_schema_parts(const struct tarn_schema *s);
/* The rule of this schema, whose references go to `root`. */
uint32_t tarn_schema_rule(struct tarn_schema *s, const struct tarn_json *v,
                          const struct tarn_json *root);
/* Compiles what was asked for, and what that refers to. */
enum tarn_status tarn_schema_end(struct tarn_schema *s, struct tarn_error *err);
void tarn_schema_destroy(struct tarn_schema *s);
/* Types of a schema: bits of enum tarn_json_kind (true and false: both). */
unsigned tarn_schema_types(const struct tarn_json *v);

#endif
