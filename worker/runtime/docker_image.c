#include "worker/runtime/docker_image.h"

#include <string.h>

#include "common/base/buffer.h"

const char *docker_image_digest_of(const char *reference)
{
    const char *at = strchr(reference, '@');
    return at != NULL && strchr(at, ':') != NULL ? at + 1 : NULL;
}

static struct span without_prefix(struct span text, const char *prefix)
{
    size_t length = strlen(prefix);
    if (text.length > length && memcmp(text.data, prefix, length) == 0) {
        return (struct span){.data = text.data + length, .length = text.length - length};
    }
    return text;
}

/* The repository without tag, digest and what the default registry adds. */
static struct span repository(const char *reference)
{
    const char *slash = strrchr(reference, '/');
    const char *name = slash == NULL ? reference : slash + 1;
    struct span whole = {.data = reference,
                         .length = (size_t)(name - reference) + strcspn(name, ":@")};
    whole = without_prefix(whole, "index.docker.io/");
    whole = without_prefix(whole, "docker.io/");
    return without_prefix(whole, "library/");
}

const char *docker_image_match(const json_t *repo_digests, const char *reference)
{
    size_t i;
    json_t *value;
    json_array_foreach(repo_digests, i, value)
    {
        const char *entry = json_string_value(value);
        if (entry != NULL && docker_image_digest_of(entry) != NULL &&
            span_equal(repository(entry), repository(reference))) {
            return docker_image_digest_of(entry);
        }
    }
    return NULL;
}
