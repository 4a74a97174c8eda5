#include "tests/unit/base/option_sample.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const formats[] = {"text", "json", NULL};

static const struct option_spec specs[] = {
    {.name = "name",
     .type = OPTION_TEXT,
     .offset = offsetof(struct sample, name),
     .env_alias = "SAMPLE_NAME",
     .group = "Identity",
     .help = "What this instance is called."},
    {.name = "password",
     .type = OPTION_TEXT,
     .offset = offsetof(struct sample, password),
     .flags = OPTION_SECRET,
     .group = "Identity",
     .help = "What opens the door."},
    {.name = "kafka-brokers",
     .type = OPTION_TEXT_LIST,
     .offset = offsetof(struct sample, brokers),
     .default_text = "a:1, b:2",
     .env_alias = "STOPFLEET_BROKERS",
     .group = "Kafka",
     .help = "Where Kafka is: host:port with a comma between each two, the first one that answers "
             "is asked for all others, so that two or three of a large cluster are enough."},
    {.name = "depth",
     .type = OPTION_INTEGER,
     .offset = offsetof(struct sample, depth),
     .default_text = "3",
     .min = -5,
     .max = 10,
     .group = "Kafka",
     .help = "How deep to go."},
    {.name = "grace",
     .type = OPTION_DURATION_MS,
     .offset = offsetof(struct sample, grace_ms),
     .default_text = "1m30s",
     .min = 1000,
     .max = 7200000,
     .group = "Stopping",
     .help = "How long to wait."},
    {.name = "cap",
     .type = OPTION_BYTES,
     .offset = offsetof(struct sample, cap_bytes),
     .default_text = "64KiB",
     .min = 1024,
     .group = "Stopping",
     .help = "How much to keep."},
    {.name = "verbose",
     .type = OPTION_BOOLEAN,
     .offset = offsetof(struct sample, verbose),
     .help = "Say more."},
    {.name = "format",
     .type = OPTION_CHOICE,
     .offset = offsetof(struct sample, format),
     .choices = formats,
     .help = "Either this | or that."},
};

const struct option_program sample_program = {
    .name = "sample",
    .version = "1.2.3",
    .synopsis = "[OPTION]... [WORD]...",
    .summary = "Tries all kinds of options.",
    .specs = specs,
    .spec_count = sizeof specs / sizeof specs[0],
};

static void run_with(struct sample_run *run, char **arguments, char **environment,
                     struct option_list *positional)
{
    static char program[] = "sample";
    static char *argv[32];
    int argc = 0;
    argv[argc++] = program;
    for (; arguments != NULL && *arguments != NULL; arguments++) {
        assert_in_range(argc, 1, 30);
        argv[argc++] = *arguments;
    }
    argv[argc] = NULL;
    size_t length;
    FILE *out = open_memstream(&run->output, &length);
    assert_non_null(out);
    run->result = option_parse(&sample_program, &run->config, argc, argv, environment, positional,
                               out, &run->outcome, &run->err);
    assert_int_equal(fclose(out), 0);
}

void sample_run(struct sample_run *run, char **arguments, char **environment)
{
    *run = (struct sample_run){0};
    run_with(run, arguments, environment, &run->positional);
}

void sample_run_without_positional(struct sample_run *run, char **arguments)
{
    *run = (struct sample_run){0};
    run_with(run, arguments, NULL, NULL);
}

void sample_run_release(struct sample_run *run)
{
    option_release(&sample_program, &run->config);
    option_positional_release(&run->positional);
    free(run->output);
}

static char file_path[64];

const char *sample_file(const char *text, size_t length)
{
    sample_file_remove();
    strcpy(file_path, "/tmp/test_option.XXXXXX");
    int fd = mkostemp(file_path, O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, length), length);
    assert_int_equal(close(fd), 0);
    return file_path;
}

void sample_file_remove(void)
{
    if (file_path[0] != '\0') {
        (void)unlink(file_path);
        file_path[0] = '\0';
    }
}
