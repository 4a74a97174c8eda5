#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/base/option_state.h"

enum { FILE_MAX_BYTES = 1 << 20 };

static int refuse_key(const struct option_program *program, struct span key, struct error *err)
{
    struct span shown = span_is_utf8(key) ? span_cut_utf8(key, 64) : span_of("(not UTF-8)");
    const char *nearest = option_nearest(program, key, false);
    if (nearest == NULL) {
        return error_set(err, ERROR_INVALID, "unrecognized option \"%.*s\": see %s --help",
                         (int)shown.length, shown.data, program->name);
    }
    return error_set(err, ERROR_INVALID, "unrecognized option \"%.*s\": did you mean %s?",
                     (int)shown.length, shown.data, nearest);
}

static int apply_line(struct option_state *state, struct span line, struct error *err)
{
    line = option_trim(line);
    if (line.length == 0 || line.data[0] == '#') {
        return 0;
    }
    if (memchr(line.data, '\0', line.length) != NULL) {
        return error_set(err, ERROR_INVALID, "the line has a NUL byte: options are text");
    }
    const char *equals = memchr(line.data, '=', line.length);
    if (equals == NULL) {
        return error_set(err, ERROR_INVALID, "no \"=\" in the line: write \"key = value\"");
    }
    size_t key_length = (size_t)(equals - line.data);
    struct span key = option_trim((struct span){.data = line.data, .length = key_length});
    struct span value =
        option_trim((struct span){.data = equals + 1, .length = line.length - key_length - 1});
    const struct option_spec *spec = option_find(state->program, key);
    if (spec == NULL) {
        return refuse_key(state->program, key, err);
    }
    if (option_set_by(state, spec) == OPTION_SOURCE_FILE && spec->type != OPTION_TEXT_LIST) {
        return error_set(err, ERROR_INVALID, "%s is given twice: keep one of the lines",
                         spec->name);
    }
    return option_set(state, spec, OPTION_SOURCE_FILE, value, err);
}

int option_file_parse(struct option_state *state, struct span text, const char *path,
                      struct error *err)
{
    unsigned line_number = 0;
    while (text.length > 0) {
        const char *end = memchr(text.data, '\n', text.length);
        size_t length = end == NULL ? text.length : (size_t)(end - text.data);
        line_number++;
        if (apply_line(state, (struct span){.data = text.data, .length = length}, err) < 0) {
            return error_wrap(err, "%s:%u", path, line_number);
        }
        size_t taken = end == NULL ? length : length + 1;
        text.data += taken;
        text.length -= taken;
    }
    return 0;
}

static int read_all(int fd, const char *path, struct buffer *text, struct error *err)
{
    char chunk[4096];
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return error_set_errno(err, errno, "could not read the configuration \"%s\"", path);
        }
        if (got == 0) {
            return 0;
        }
        if (text->length + (size_t)got > FILE_MAX_BYTES) {
            return error_set(err, ERROR_INVALID, "the configuration \"%s\" has over %d bytes", path,
                             FILE_MAX_BYTES);
        }
        if (buffer_append(text, chunk, (size_t)got, err) < 0) {
            return -1;
        }
    }
}

int option_file_load(struct option_state *state, const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return error_set_errno(err, errno, "could not open the configuration \"%s\"", path);
    }
    struct buffer text;
    buffer_init(&text, FILE_MAX_BYTES);
    int result = read_all(fd, path, &text, err);
    (void)close(fd);
    if (result == 0) {
        result = option_file_parse(state, buffer_span(&text), path, err);
    }
    buffer_release(&text);
    return result;
}
