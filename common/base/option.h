#ifndef COMMON_BASE_OPTION_H
#define COMMON_BASE_OPTION_H

/** Option tables: one table per program makes the parser of file, environment and flags, --help,
 *  --dump-config and docs/configuration.md. Precedence: flag, environment, file, default. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/base/buffer.h"
#include "common/base/error.h"

enum option_type {
    OPTION_TEXT = 1,    /**< char *, owned; without a default, NULL means "not set" */
    OPTION_TEXT_LIST,   /**< struct option_list; given several times or with commas */
    OPTION_INTEGER,     /**< int64_t within [min, max] */
    OPTION_DURATION_MS, /**< int64_t milliseconds: "30s", "1m30s", "2h"; bare number = seconds */
    OPTION_BYTES,       /**< int64_t: "64KiB", "10MiB", "1GiB", bare number = bytes */
    OPTION_BOOLEAN,     /**< bool: true/false/yes/no/on/off/1/0; a bare flag means true */
    OPTION_CHOICE       /**< int: index + 1 into `choices` */
};

enum { OPTION_SECRET = 1 /**< shown as *** by --dump-config, and not at all in messages */ };

struct option_list {
    char **items; /**< owned, count entries */
    size_t count;
};

/** What a text must be. */
struct option_text_rule {
    bool (*fits)(const char *text); /**< of a text that is not empty; NULL = any fits */
    const char *wanted;             /**< behind "give", such as "12 digits" */
};

/** One option. `name` is "kafka-brokers": flag --kafka-brokers, file key kafka-brokers, environment
 *  STOPFLEET_KAFKA_BROKERS. env_alias (or NULL) is a second environment variable, weaker than the
 *  first. Options of one group stand next to each other. */
struct option_spec {
    const char *name;
    enum option_type type;
    size_t offset;                            /**< offsetof in the program's config struct */
    const char *default_text;                 /**< parsed like a value; NULL = unset / 0 / false */
    int64_t min, max;                         /**< for the numeric types; max 0 = no upper limit */
    const char *const *choices;               /**< NULL-terminated, for OPTION_CHOICE */
    const struct option_text_rule *text_rule; /**< for a text, and each of a list; NULL = any */
    unsigned flags;
    const char *env_alias;
    const char *group; /**< heading in --help and docs */
    const char *help;  /**< one or two sentences with unit and meaning */
};

/** What the command line asked for besides values. */
enum option_outcome {
    OPTION_RUN = 1, /**< go on */
    OPTION_EXIT_OK  /**< --help, --version, --dump-config, --options-markdown: was answered */
};

/** A program's options. */
struct option_program {
    const char *name; /**< "stopfleet-api" */
    const char *version;
    const char *synopsis; /**< after the name in the usage line, e.g. "[OPTION]..." */
    const char *summary;  /**< for --help and the documentation; its line breaks are kept */
    const struct option_spec *specs;
    size_t spec_count;
};

/** Fills `config` (zeroed by the caller) from defaults, then the file of --config or
 *  STOPFLEET_CONFIG ("key = value" lines, # begins a comment line), then environment
 *  (NULL-terminated; an empty variable counts as absent), then argv[1..]. A stronger source
 *  replaces the value of a weaker one, lists too; an empty text or list unsets; an
 *  OPTION_TEXT with a default is never unset: empty is refused. Flags are --name=value or --name value; "--" ends them. Positional arguments are collected in
 *  ret_positional (borrowed pointers into argv) if not NULL, else they are an error. --help, -h,
 *  --version and --options-markdown are answered on `out` without looking at values.
 *  Unknown file key or flag = ERROR_INVALID naming the nearest option; an unknown STOPFLEET_*
 *  variable is ignored unless one edit away from a known one of this program. A bad value names
 *  source (file:line, variable, flag), option, value (not a secret's) and what is accepted.
 *  @return 0, or -1 with ERROR_INVALID, ERROR_IO or ERROR_NO_MEMORY (ERROR_BUG: a spec without a
 *  type). Release with option_release in both cases. */
int option_parse(const struct option_program *program, void *config, int argc, char **argv,
                 char **environment, struct option_list *ret_positional, FILE *out,
                 enum option_outcome *ret_outcome, struct error *err);
/** Frees what option_parse stored in config. */
void option_release(const struct option_program *program, void *config);
/** Frees the item array of a positional list (not the strings). */
void option_positional_release(struct option_list *list);
/** Writes the program's section of docs/configuration.md. */
void option_write_markdown(const struct option_program *program, FILE *out);

/** The one of words (NULL at the end) that is probably meant; NULL if none is near. */
const char *option_nearest_word(struct span word, const char *const *words);
/** What option_text_to_boolean takes, for people. */
#define OPTION_BOOLEAN_ACCEPTED "true or false, yes or no, on or off, 1 or 0"
/** The grammar of OPTION_BOOLEAN and OPTION_DURATION_MS, for values from elsewhere (labels).
 *  @return false if the text is none */
bool option_text_to_boolean(struct span text, bool *ret_value);
bool option_text_to_duration_ms(struct span text, int64_t *ret_ms);

#endif
