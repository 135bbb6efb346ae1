/* inspect_print.c - the facts of a model file as text and as JSON. */
#include <stdarg.h>
#include <string.h>

#include "backends/backend.h"
#include "cmd/cmd.h"
#include "cmd/inspect.h"
#include "core/base/json.h"

enum {
    SHOWN_ITEMS = 8, /* of an array, as text */
    JSON_ITEMS = 256 /* of an array, as JSON; vocabularies are longer */
};

/* GB = 10^9 bytes with one decimal, MB and kB below. */
static struct tarn_count size_text(uint64_t n)
{
    struct tarn_count out;
    if (n >= 1000000000)
        snprintf(out.text, sizeof out.text, "%.1f GB", (double)n * 1e-9);
    else if (n >= 1000000)
        snprintf(out.text, sizeof out.text, "%.1f MB", (double)n * 1e-6);
    else if (n >= 1000)
        snprintf(out.text, sizeof out.text, "%.1f kB", (double)n * 1e-3);
    else
        snprintf(out.text, sizeof out.text, "%u bytes", (unsigned)n);
    return out;
}

/* -------------------------------------------------------------------- text */

TARN_PRINTF(2, 3)
static void print_line(const char *label, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    printf("  %-14s", label);
    vprintf(format, ap);
    putchar('\n');
    va_end(ap);
}

static struct tarn_shown shown(struct tarn_gguf_string s)
{
    return s.text ? tarn_shown(s.text, s.size) : tarn_shown_str("not said");
}

static void print_model(const struct facts *f)
{
    const char *type = inspect_file_type(f->file_type);
    print_line("name", "%s", shown(f->name).text);
    print_line("architecture", "%s", shown(f->architecture).text);
    print_line("license", "%s", shown(f->license).text);
    print_line("file", "GGUF %u, %s bytes (%s), %u part%s",
               (unsigned)tarn_gguf_version(f->g),
               tarn_count(tarn_gguf_file_size(f->g)).text,
               size_text(tarn_gguf_file_size(f->g)).text,
               (unsigned)tarn_gguf_n_parts(f->g),
               tarn_gguf_n_parts(f->g) == 1 ? "" : "s");
    if (type[0])
        print_line("file type", "%s", type);
    print_line("parameters", "%s, of these %s active per token",
               tarn_count(f->n_params).text, tarn_count(f->n_active).text);
    if (f->n_layers)
        print_line("layers", "%u: %u attention, %u conv", (unsigned)f->n_layers,
                   (unsigned)f->n_attention,
                   (unsigned)(f->n_layers - f->n_attention));
    if (f->width)
        print_line("width", "%s, %u heads, %u key/value heads",
                   tarn_count(f->width).text, (unsigned)f->n_heads,
                   (unsigned)f->n_kv_heads);
    if (f->n_experts)
        print_line("experts", "%u of %u per token, %u dense layers first",
                   (unsigned)f->n_used, (unsigned)f->n_experts,
                   (unsigned)f->n_dense);
    if (f->n_context)
        print_line("context", "%s tokens", tarn_count(f->n_context).text);
    if (f->n_vocab)
        print_line("vocabulary", "%s tokens, %s merges",
                   tarn_count(f->n_vocab).text, tarn_count(f->n_merges).text);
    if (f->template_text.text)
        print_line("chat layout", "%s%s", tarn_layout_name(f->layout),
                   f->layout_known ? "" : " (unknown template)");
    else
        print_line("chat layout", "no template");
    for (size_t i = 0; i < f->n_notes; i++)
        print_line("note", "%s", f->notes[i]);
}

static void print_types(const struct facts *f)
{
    uint64_t bytes = 0;
    printf("\n%zu tensors\n", tarn_gguf_n_tensors(f->g));
    for (size_t i = 0; i < f->n_types; i++) {
        const struct facts_type *t = &f->types[i];
        bytes += t->bytes;
        printf("  %-8s %6zu %16s bytes\n", tarn_type_traits(t->type).name,
               t->n_tensors, tarn_count(t->bytes).text);
    }
    printf("  %-8s %6zu %16s bytes\n", "all", tarn_gguf_n_tensors(f->g),
           tarn_count(bytes).text);
}

static void print_number(double d, bool single)
{
    struct tarn_buf b = { 0 };
    if (single)
        tarn_json_add_f32(&b, (float)d);
    else
        tarn_json_add_f64(&b, d);
    fputs(b.failed ? "?" : b.data, stdout);
    tarn_buf_finish(&b);
}

static void print_item(const struct tarn_gguf_value *v, uint64_t i)
{
    int64_t n;
    double d;
    const enum tarn_gguf_kind kind =
        v->kind == TARN_GGUF_ARRAY ? v->item : v->kind;
    if (kind == TARN_GGUF_STRING)
        printf("\"%s\"",
               tarn_shown(v->strings[i].text, v->strings[i].size).text);
    else if (kind == TARN_GGUF_BOOL)
        fputs(v->raw[i] ? "true" : "false", stdout);
    else if (tarn_gguf_i64_of(v, i, &n))
        printf("%lld", (long long)n);
    else if (tarn_gguf_f64_of(v, i, &d))
        print_number(d, kind == TARN_GGUF_F32);
}

static void print_values(const struct tarn_gguf *g)
{
    printf("\n%zu metadata keys\n", tarn_gguf_n_values(g));
    for (size_t i = 0; i < tarn_gguf_n_values(g); i++) {
        const struct tarn_gguf_value *v = tarn_gguf_value_at(g, i);
        const bool array = v->kind == TARN_GGUF_ARRAY;
        printf("  %-42s %-6s ", tarn_shown_str(v->key).text,
               tarn_gguf_kind_name(array ? v->item : v->kind));
        if (array)
            printf("[%llu] ", (unsigned long long)v->n);
        for (uint64_t k = 0; k < v->n && k < SHOWN_ITEMS; k++) {
            if (k)
                fputs(", ", stdout);
            print_item(v, k);
        }
        puts(v->n > SHOWN_ITEMS ? ", ..." : "");
    }
}

static void print_tensors(const struct tarn_gguf *g)
{
    putchar('\n');
    for (size_t i = 0; i < tarn_gguf_n_tensors(g); i++) {
        const struct tarn_gguf_tensor *t = tarn_gguf_tensor_at(g, i);
        char shape[100];
        int n = 0;
        for (uint32_t d = 0; d < t->n_dims; d++)
            n += snprintf(shape + n, sizeof shape - (size_t)n, "%s%llu",
                          d ? " x " : "", (unsigned long long)t->ge[d]);
        printf("  %-40s %-8s %-22s %14s bytes\n", tarn_shown_str(t->name).text,
               tarn_type_traits(t->type).name, shape, tarn_count(t->size).text);
    }
}

void inspect_print(const struct facts *f, bool tensors)
{
    const char *path = tarn_gguf_path(f->g), *slash = strrchr(path, '/');
    puts(tarn_shown_str(slash ? slash + 1 : path).text);
    print_model(f);
    print_types(f);
    if (tensors)
        print_tensors(f->g);
    print_values(f->g);
}

/* -------------------------------------------------------------------- JSON */

static void add_text(struct tarn_buf *b, const char *key,
                     struct tarn_gguf_string s)
{
    tarn_buf_printf(b, ",\n  \"%s\": ", key);
    if (s.text)
        tarn_json_add_string(b, s.text, s.size, false);
    else
        tarn_buf_text(b, "null");
}

static void add_count(struct tarn_buf *b, const char *key, uint64_t n)
{
    tarn_buf_printf(b, ",\n  \"%s\": %llu", key, (unsigned long long)n);
}

static void add_item(struct tarn_buf *b, const struct tarn_gguf_value *v,
                     uint64_t i)
{
    int64_t n;
    double d;
    const enum tarn_gguf_kind kind =
        v->kind == TARN_GGUF_ARRAY ? v->item : v->kind;
    if (kind == TARN_GGUF_STRING)
        tarn_json_add_string(b, v->strings[i].text, v->strings[i].size, false);
    else if (kind == TARN_GGUF_BOOL)
        tarn_buf_text(b, v->raw[i] ? "true" : "false");
    else if (tarn_gguf_i64_of(v, i, &n))
        tarn_buf_printf(b, "%lld", (long long)n);
    else if (tarn_gguf_f64_of(v, i, &d) && kind == TARN_GGUF_F32)
        tarn_json_add_f32(b, (float)d);
    else if (tarn_gguf_f64_of(v, i, &d))
        tarn_json_add_f64(b, d);
}

/* {"type":"i32","value":5}, or "n" and the first elements of an array. */
static void add_value(struct tarn_buf *b, const struct tarn_gguf_value *v)
{
    const bool array = v->kind == TARN_GGUF_ARRAY;
    tarn_buf_text(b, "{\"type\": ");
    tarn_buf_printf(b, "\"%s\"", tarn_gguf_kind_name(v->kind));
    if (!array) {
        tarn_buf_text(b, ", \"value\": ");
        add_item(b, v, 0);
    } else {
        tarn_buf_printf(b, ", \"item\": \"%s\", \"n\": %llu, \"value\": [",
                        tarn_gguf_kind_name(v->item), (unsigned long long)v->n);
        for (uint64_t i = 0; i < v->n && i < JSON_ITEMS; i++) {
            if (i)
                tarn_buf_text(b, ", ");
            add_item(b, v, i);
        }
        tarn_buf_byte(b, ']');
    }
    tarn_buf_byte(b, '}');
}

static void add_values(struct tarn_buf *b, const struct tarn_gguf *g)
{
    tarn_buf_text(b, ",\n  \"metadata\": {");
    for (size_t i = 0; i < tarn_gguf_n_values(g); i++) {
        const struct tarn_gguf_value *v = tarn_gguf_value_at(g, i);
        tarn_buf_text(b, i ? ",\n    " : "\n    ");
        tarn_json_add_string(b, v->key, strlen(v->key), false);
        tarn_buf_text(b, ": ");
        add_value(b, v);
    }
    tarn_buf_text(b, "\n  }");
}

static void add_types(struct tarn_buf *b, const struct facts *f)
{
    tarn_buf_text(b, ",\n  \"types\": [");
    for (size_t i = 0; i < f->n_types; i++)
        tarn_buf_printf(b,
                        "%s{\"type\": \"%s\", \"tensors\": %zu, "
                        "\"bytes\": %llu}",
                        i ? ", " : "", tarn_type_traits(f->types[i].type).name,
                        f->types[i].n_tensors,
                        (unsigned long long)f->types[i].bytes);
    tarn_buf_byte(b, ']');
}

static void add_tensors(struct tarn_buf *b, const struct tarn_gguf *g)
{
    tarn_buf_text(b, ",\n  \"tensor_list\": [");
    for (size_t i = 0; i < tarn_gguf_n_tensors(g); i++) {
        const struct tarn_gguf_tensor *t = tarn_gguf_tensor_at(g, i);
        tarn_buf_text(b, i ? ",\n    {\"name\": " : "\n    {\"name\": ");
        tarn_json_add_string(b, t->name, strlen(t->name), false);
        tarn_buf_printf(b, ", \"type\": \"%s\", \"shape\": [",
                        tarn_type_traits(t->type).name);
        for (uint32_t d = 0; d < t->n_dims; d++)
            tarn_buf_printf(b, "%s%llu", d ? ", " : "",
                            (unsigned long long)t->ge[d]);
        tarn_buf_printf(b,
                        "], \"bytes\": %llu, \"offset\": %llu, "
                        "\"part\": %u}",
                        (unsigned long long)t->size,
                        (unsigned long long)t->offset, (unsigned)t->part);
    }
    tarn_buf_text(b, "\n  ]");
}

static void add_shape(struct tarn_buf *b, const struct facts *f)
{
    add_count(b, "layers", f->n_layers);
    add_count(b, "attention_layers", f->n_attention);
    add_count(b, "width", f->width);
    add_count(b, "heads", f->n_heads);
    add_count(b, "kv_heads", f->n_kv_heads);
    add_count(b, "experts", f->n_experts);
    add_count(b, "experts_used", f->n_used);
    add_count(b, "dense_layers", f->n_dense);
    add_count(b, "conv_length", f->conv_length);
    add_count(b, "context", f->n_context);
    add_count(b, "vocabulary", f->n_vocab);
    add_count(b, "merges", f->n_merges);
}

static void add_layout(struct tarn_buf *b, const struct facts *f)
{
    if (!f->template_text.text) {
        tarn_buf_text(b, ",\n  \"layout\": null");
        return;
    }
    tarn_buf_printf(b,
                    ",\n  \"layout\": {\"name\": \"%s\", \"known\": %s, "
                    "\"early\": %s}",
                    tarn_layout_name(f->layout),
                    f->layout_known ? "true" : "false",
                    f->early ? "true" : "false");
}

void inspect_json(const struct facts *f, bool tensors, bool template_text,
                  struct tarn_buf *b)
{
    const char *path = tarn_gguf_path(f->g);
    const char *type = inspect_file_type(f->file_type);
    tarn_buf_text(b, "{\n  \"path\": ");
    tarn_json_add_string(b, path, strlen(path), false);
    add_count(b, "gguf_version", tarn_gguf_version(f->g));
    add_count(b, "parts", tarn_gguf_n_parts(f->g));
    add_count(b, "bytes", tarn_gguf_file_size(f->g));
    add_text(b, "architecture", f->architecture);
    tarn_buf_printf(b, ",\n  \"runs\": %s", f->runs ? "true" : "false");
    add_text(b, "name", f->name);
    add_text(b, "license", f->license);
    add_text(b, "file_type",
             (struct tarn_gguf_string){ type[0] ? type : NULL, strlen(type) });
    add_count(b, "parameters", f->n_params);
    add_count(b, "active_parameters", f->n_active);
    add_shape(b, f);
    add_layout(b, f);
    if (template_text)
        add_text(b, "template", f->template_text);
    add_count(b, "tensors", tarn_gguf_n_tensors(f->g));
    add_types(b, f);
    if (tensors)
        add_tensors(b, f->g);
    add_values(b, f->g);
    tarn_buf_text(b, ",\n  \"notes\": [");
    for (size_t i = 0; i < f->n_notes; i++) {
        if (i)
            tarn_buf_text(b, ", ");
        tarn_json_add_string(b, f->notes[i], strlen(f->notes[i]), false);
    }
    tarn_buf_text(b, "]\n}\n");
}
