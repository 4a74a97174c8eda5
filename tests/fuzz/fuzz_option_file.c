/* The text of a configuration file: whatever it says, it is applied or refused with a message. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/option_state.h"

struct fuzz_config {
    char *text;
    struct option_list list;
    int64_t integer;
    int64_t duration_ms;
    int64_t bytes;
    bool boolean;
    int choice;
    char *short_text;
    struct option_list short_list;
};

static const char *const choices[] = {"text", "json", NULL};

static bool is_short(const char *text)
{
    return strlen(text) <= 4;
}

static const struct option_text_rule short_rule = {is_short, "up to four bytes"};

#define MEMBER(member) .offset = offsetof(struct fuzz_config, member)

static const struct option_spec specs[] = {
    {.name = "text", .type = OPTION_TEXT, MEMBER(text)},
    {.name = "list", .type = OPTION_TEXT_LIST, MEMBER(list)},
    {.name = "integer", .type = OPTION_INTEGER, MEMBER(integer), .min = -5, .max = 5},
    {.name = "duration", .type = OPTION_DURATION_MS, MEMBER(duration_ms), .min = 1000},
    {.name = "bytes", .type = OPTION_BYTES, MEMBER(bytes), .max = 1 << 30},
    {.name = "boolean", .type = OPTION_BOOLEAN, MEMBER(boolean)},
    {.name = "choice", .type = OPTION_CHOICE, MEMBER(choice), .choices = choices},
    {.name = "short",
     .type = OPTION_TEXT,
     MEMBER(short_text),
     .default_text = "a",
     .text_rule = &short_rule},
    {.name = "shorts", .type = OPTION_TEXT_LIST, MEMBER(short_list), .text_rule = &short_rule},
};

enum { SPEC_COUNT = sizeof specs / sizeof specs[0] };

static const struct option_program program = {
    .name = "fuzz", .version = "0", .summary = "", .specs = specs, .spec_count = SPEC_COUNT};

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* What was accepted keeps to its limits and can be written and read again. */
static void check_accepted(const struct fuzz_config *config)
{
    require(config->integer >= -5 && config->integer <= 5);
    require(config->duration_ms == 0 || config->duration_ms >= 1000);
    require(config->bytes >= 0 && config->bytes <= 1 << 30);
    require(config->choice >= 0 && config->choice <= 2);
    require(config->short_text == NULL ||
            (config->short_text[0] != '\0' && is_short(config->short_text)));
    for (size_t i = 0; i < config->short_list.count; i++) {
        require(is_short(config->short_list.items[i]));
    }
    struct buffer text;
    buffer_init(&text, 64);
    require(option_append_number(&text, OPTION_DURATION_MS, config->duration_ms, NULL) == 0);
    int64_t again = -1;
    require(option_text_to_duration_ms(buffer_span(&text), &again) && again == config->duration_ms);
    buffer_clear(&text);
    require(option_append_number(&text, OPTION_BYTES, config->bytes, NULL) == 0);
    require(option_text_to_bytes(buffer_span(&text), &again) && again == config->bytes);
    buffer_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_config config = {0};
    enum option_source set_by[SPEC_COUNT] = {0};
    struct option_state state = {.program = &program, .config = &config, .set_by = set_by};
    struct error err = {0};
    struct span text = {.data = (const char *)data, .length = size};
    if (option_file_parse(&state, text, "f", &err) == 0) {
        check_accepted(&config);
    } else {
        require(err.code == ERROR_INVALID && strncmp(err.message, "f:", 2) == 0);
        require(span_is_utf8(span_of(err.message)));
    }
    option_release(&program, &config);
    return 0;
}
