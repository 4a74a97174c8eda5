#include "tests/unit/worker/docker_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "worker/runtime/docker_json.h"

struct buffer docker_sample_text(const char *name)
{
    char path[256], block[4096];
    struct buffer text;
    struct error err = {0};
    size_t length;

    (void)snprintf(path, sizeof path, "tests/support/docker/%s", name);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        fail_msg("could not open %s", path);
    }
    buffer_init(&text, 1 << 20);
    while ((length = fread(block, 1, sizeof block, file)) > 0) {
        assert_int_equal(buffer_append(&text, block, length, &err), 0);
    }
    (void)fclose(file);
    return text;
}

json_t *docker_sample_json(const char *name)
{
    struct buffer text = docker_sample_text(name);
    struct error err = {0};
    json_t *json = docker_json_parse(buffer_span(&text), &err);
    assert_non_null(json);
    buffer_release(&text);
    return json;
}
