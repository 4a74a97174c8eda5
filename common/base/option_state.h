#ifndef COMMON_BASE_OPTION_STATE_H
#define COMMON_BASE_OPTION_STATE_H

/** Private to option: what its files share. */

#include "common/base/buffer.h"
#include "common/base/option.h"

/** Where a value came from, weakest first. */
enum option_source {
    OPTION_SOURCE_NONE = 0,
    OPTION_SOURCE_DEFAULT,
    OPTION_SOURCE_FILE,
    OPTION_SOURCE_ENV_ALIAS,
    OPTION_SOURCE_ENV,
    OPTION_SOURCE_FLAG
};

/** The flags that every program has; they are no keys of the file. */
enum option_builtin {
    OPTION_BUILTIN_CONFIG = 1,
    OPTION_BUILTIN_HELP,
    OPTION_BUILTIN_VERSION,
    OPTION_BUILTIN_DUMP_CONFIG,
    OPTION_BUILTIN_MARKDOWN,
    OPTION_BUILTIN_COUNT
};

#define OPTION_CONFIG_VARIABLE "STOPFLEET_CONFIG"
#define OPTION_VARIABLE_PREFIX "STOPFLEET_"

enum {
    OPTION_VARIABLE_SIZE = 96 /**< bytes of a variable's name with its NUL; longer ones are cut */
};

/** A parse under way. */
struct option_state {
    const struct option_program *program;
    void *config;
    enum option_source *set_by; /**< one for each spec */
};

/** The name (without dashes) and explanation of a builtin. */
const char *option_builtin_name(enum option_builtin builtin);
const char *option_builtin_help(enum option_builtin builtin);

/** The spec of this name, or NULL. */
const struct option_spec *option_find(const struct option_program *program, struct span name);
/** "kafka-brokers" gives "STOPFLEET_KAFKA_BROKERS". */
void option_variable_name(const char *name, char ret_variable[OPTION_VARIABLE_SIZE]);

/** Without white space at both ends. */
struct span option_trim(struct span s);

/** Sets one value from text. A source replaces what a weaker one set; lists grow within a source.
 *  @return 0, or -1 with ERROR_INVALID (says value and what is accepted, not where it was) or
 *  ERROR_NO_MEMORY */
int option_set(struct option_state *state, const struct option_spec *spec,
               enum option_source source, struct span value, struct error *err);
/** Which source set the value. */
enum option_source option_set_by(const struct option_state *state, const struct option_spec *spec);

/** Applies "key = value" lines; path is for messages. @return as option_set, with path and line */
int option_file_parse(struct option_state *state, struct span text, const char *path,
                      struct error *err);
/** Reads the file, at most 1 MiB, and applies it. @return also ERROR_IO */
int option_file_load(struct option_state *state, const char *path, struct error *err);

/** The variable's value, borrowed; NULL if it is absent or empty, which counts as absent. */
const char *option_environment_find(char *const *environment, const char *variable);
/** Applies all variables. @return as option_set, with the variable's name */
int option_environment_apply(struct option_state *state, char *const *environment,
                             struct error *err);

/** Text to value, within the type's own grammar. @return false if it is none */
bool option_text_to_bytes(struct span text, int64_t *ret_bytes);
/** Appends the number as the type writes it: "1m30s", "64KiB", "12". */
int option_append_number(struct buffer *buf, enum option_type type, int64_t number,
                         struct error *err);
/** Appends what the option accepts, for people: "a duration such as …, from 1s to 2h". */
int option_append_accepted(struct buffer *buf, const struct option_spec *spec, struct error *err);
/** True if the option accepts less than its type has. */
bool option_has_limits(const struct option_spec *spec);
/** Appends those limits ("from 1s to 2h", "one of a, b"); nothing if there are none. */
int option_append_limits(struct buffer *buf, const struct option_spec *spec, struct error *err);
/** Appends the value that config holds, as the file would have it; nothing where it is unset. */
int option_append_value(struct buffer *buf, const struct option_spec *spec, const void *config,
                        struct error *err);

/** How many insertions, deletions, replacements and swaps of neighbours make b of a. Names of
 *  64 bytes and more are as far as can be (SIZE_MAX). */
size_t option_distance(struct span a, struct span b);
/** The name (option or, if with_builtins, builtin) that is probably meant; NULL if none is near. */
const char *option_nearest(const struct option_program *program, struct span name,
                           bool with_builtins);

/** The answer to --help. */
void option_write_help(const struct option_program *program, FILE *out);
/** The answer to --dump-config. @return 0 or -1 with ERROR_NO_MEMORY */
int option_write_dump(const struct option_state *state, FILE *out, struct error *err);

#endif
