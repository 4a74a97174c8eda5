#ifndef TESTS_UNIT_BASE_OPTION_SAMPLE_H
#define TESTS_UNIT_BASE_OPTION_SAMPLE_H

/** A program with an option of every type, and what its tests have in common. */

#include "common/base/option.h"

/** The program's configuration. */
struct sample {
    char *name;
    char *password;
    struct option_list brokers;
    int64_t depth;
    int64_t grace_ms;
    int64_t cap_bytes;
    bool verbose;
    int format;
};

extern const struct option_program sample_program;

/** What one run of option_parse gave. */
struct sample_run {
    int result;
    struct sample config;
    enum option_outcome outcome;
    struct option_list positional;
    struct error err;
    char *output; /**< what was written to `out` */
};

/** Parses arguments (without argv[0]) and environment, both NULL-terminated; NULL = none. */
void sample_run(struct sample_run *run, char **arguments, char **environment);
/** As sample_run, but positional arguments are an error. */
void sample_run_without_positional(struct sample_run *run, char **arguments);
void sample_run_release(struct sample_run *run);

/** Writes a configuration file of this text; the path is good until the next call. */
const char *sample_file(const char *text, size_t length);
/** Removes it. */
void sample_file_remove(void);

#endif
