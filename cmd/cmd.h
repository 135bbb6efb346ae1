/* cmd.h - what the subcommands of `tarn` share.
 *
 * One file per subcommand; each defines one `const struct cmd cmd_NAME` that
 * main.c lists.  A subcommand returns a status (= the exit code) and fills
 * err; main.c prints the sentence.  Results go to stdout, the rest to stderr.
 *
 * Owns: nothing.  Threads: the main one.
 */
#ifndef TARN_CMD_H
#define TARN_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/error.h"
#include "core/tarn.h"

struct tarn_json;

struct cmd {
    const char *name;
    const char *summary; /* one line for `tarn --help` */
    const char *usage;   /* "MODEL [--json]" */
    const char *detail;  /* paragraphs and an example, below the options */
    enum tarn_status (*run)(const struct cmd *self, int argc, char **argv,
                            struct tarn_error *err);
};

/* ---------------------------------------------------------------- options */
enum cmd_kind { CMD_FLAG, CMD_TEXT, CMD_I32, CMD_U32, CMD_U64, CMD_F32 };

struct cmd_option {
    const char *name;  /* "--threads" */
    const char *alias; /* "-t" or NULL */
    enum cmd_kind kind;
    void *out;         /* bool, const char *, int32_t, ... as kind says */
    double lo, hi;     /* of numbers; both 0: any */
    const char *value; /* "N" in the help; NULL for flags */
    const char *help;
};

#define CMD_MAX_OPTIONS 48

struct cmd_args {
    const struct cmd *cmd;
    struct cmd_option options[CMD_MAX_OPTIONS];
    size_t n_options;
    const char *words[16]; /* what is no option, in order */
    size_t n_words, max_words;
    bool help; /* --help was given and has been answered: return TARN_OK */
};

/* argv[0] is the first word after the subcommand's name.  `--x=5` and `--x 5`
 * are the same; after `--` nothing is an option. */
void cmd_args_init(struct cmd_args *a, const struct cmd *cmd, size_t max_words);
void cmd_args_add(struct cmd_args *a, const struct cmd_option *options,
                  size_t n);
enum tarn_status cmd_args_parse(struct cmd_args *a, int argc, char **argv,
                                struct tarn_error *err);

/* ---------------------------------------------------------- common options */
/* --backend --gpu-layers --cpu-experts --threads --batch --ctx --kv --plugin-dir --trust-env */
struct cmd_common {
    const char *backend, *kv, *plugin_dir;
    uint32_t threads, batch, ctx, gpu_layers, cpu_experts;
    uint32_t sequences; /* set by commands that run several; 0: default */
    bool verbose, trust_env;
};
void cmd_common_add(struct cmd_args *a, struct cmd_common *c);

/* The sampler's options by their usual names; fields that were not given keep
 * what is in *s, which cmd_sampling_merge() fills from the model. */
struct cmd_sampling {
    struct tarn_sampling given; /* NaN / INT32_MIN where not given */
    uint64_t seed;
    bool seed_given;
};
void cmd_sampling_add(struct cmd_args *a, struct cmd_sampling *s);
/* The model's defaults with what was given on top; a random seed where none
 * was. */
enum tarn_status cmd_sampling_merge(const struct cmd_sampling *s,
                                    const struct tarn_model *model,
                                    struct tarn_sampling *out,
                                    struct tarn_error *err);

/* --------------------------------------------------------------- a session */
/* What most commands need.  Closed in one go; zeroed is closed. */
struct cmd_session {
    struct cmd_backends *backends;
    struct tarn_runtime *runtime;
    struct tarn_model *model;
    struct tarn_engine *engine;
};

/* word: a path, or NULL for the pocket model.  The result is valid until the
 * next call. */
enum tarn_status cmd_model_path(const char *word, const char **out,
                                struct tarn_error *err);
/* Backends found, runtime, model open; the engine too if `engine`. */
enum tarn_status cmd_session_open(struct cmd_session *s,
                                  const struct cmd_common *c,
                                  const char *model_word, bool engine,
                                  struct tarn_error *err);
void cmd_session_close(struct cmd_session *s);

/* Backends for the runtime: plugins natively (backends_native.c), the table
 * that is linked in for WebAssembly (wasm/cmd_backends.c). */
enum tarn_status cmd_backends_open(const struct cmd_common *c,
                                   struct cmd_backends **out,
                                   struct tarn_error *err);
/* The fastest for this model first, measured at its first use. */
enum tarn_status cmd_backends_choose(struct cmd_backends *b,
                                     const struct cmd_common *c,
                                     const char *model_path,
                                     struct tarn_error *err);
const struct tarn_backend *const *cmd_backends_list(struct cmd_backends *b,
                                                    size_t *n);
/* What was found, with the reasons of those that were refused; native builds
 * only. */
struct tarn_plugins;
const struct tarn_plugins *cmd_backends_plugins(const struct cmd_backends *b);
void cmd_backends_close(struct cmd_backends *b);

/* ------------------------------------------------------------------ helpers */
/* All of stdin, at most `limit` bytes (TARN_LIMIT). */
enum tarn_status cmd_read_stdin(size_t limit, char **out, size_t *size,
                                struct tarn_error *err);
/* All of stdin as JSON; *out is owned.  TARN_USAGE where it is none. */
enum tarn_status cmd_read_json(size_t limit, struct tarn_json **out,
                               struct tarn_error *err);
/* A JSON Schema that an answer may have to fit; owned.  The sentence names the
 * file. */
enum tarn_status cmd_read_schema(const char *path, char **out,
                                 struct tarn_error *err);
/* Flushes; why stdout lost something is kept for cmd_flush(). */
void cmd_push(FILE *to);
/* Flushes stdout; TARN_IO if anything written to it was lost. */
enum tarn_status cmd_flush(struct tarn_error *err);
/* A list "1,2,3" of numbers; owned. */
enum tarn_status cmd_parse_ids(const char *text, int32_t **out, size_t *n,
                               struct tarn_error *err);
/* A line on stderr if the file's chat layout is unknown (fault G24). */
void cmd_note_layout(const struct tarn_model *model);
/* Foreign text to a terminal: control characters are escaped, line feeds and
 * tabs kept. */
void cmd_print_foreign(FILE *to, const char *text, size_t size);

#endif
