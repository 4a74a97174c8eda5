#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/domain/description.h"

static void description_in_canonical_form_does_not_show_its_order(void **state)
{
    (void)state;
    const char *needs_a[] = {"db", "cache"};
    const char *needs_b[] = {"cache", "db"};
    const char *gpus_a[] = {"GPU-2", "GPU-1"};
    const char *gpus_b[] = {"GPU-1", "GPU-2"};
    struct network_binding bindings_a[] = {{.container_port = 443, .protocol = "tcp"},
                                           {.container_port = 80, .bind_ip = "::"},
                                           {.container_port = 80, .bind_ip = "0.0.0.0"}};
    struct network_binding bindings_b[] = {bindings_a[2], bindings_a[0], bindings_a[1]};
    struct network_interface interfaces_a[] = {{.attachment_id = "b"}, {.attachment_id = "a"}};
    struct network_interface interfaces_b[] = {interfaces_a[1], interfaces_a[0]};
    struct described_container a[] = {
        {.name = "web", .container_id = "2"},
        {.name = "web",
         .container_id = "1",
         .depends_on = {needs_a, 2},
         .gpu_ids = {gpus_a, 2},
         .network_bindings = {bindings_a, 3},
         .network_interfaces = {interfaces_a, 2}},
        {.container_id = "3"},
        {.name = "db", .container_id = "9"},
    };
    struct described_container b[] = {a[3], a[1], a[0], a[2]};
    b[1].depends_on.items = needs_b;
    b[1].gpu_ids.items = gpus_b;
    b[1].network_bindings.items = bindings_b;
    b[1].network_interfaces.items = interfaces_b;
    struct tag tags_a[] = {{"team", "x"}, {"env", "prod"}};
    struct tag tags_b[] = {tags_a[1], tags_a[0]};
    struct description first = {.containers = {a, 4}, .tags = {tags_a, 2}};
    struct description second = {.containers = {b, 4}, .tags = {tags_b, 2}};
    assert_false(record_equal(&DESCRIPTION_SPEC, &first, &second));
    description_canonicalize(&first);
    description_canonicalize(&second);
    assert_true(record_equal(&DESCRIPTION_SPEC, &first, &second));
    assert_null(a[0].name);
    assert_string_equal(a[1].name, "db");
    assert_string_equal(a[2].container_id, "1");
    assert_string_equal(a[2].network_bindings.items[0].bind_ip, "0.0.0.0");
    assert_string_equal(tags_a[0].key, "env");
}

static void description_canonical_form_keeps_what_differs_apart(void **state)
{
    (void)state;
    struct described_container a[] = {{.name = "web", .container_id = "1", .started_at = 5}};
    struct described_container b[] = {{.name = "web", .container_id = "1", .started_at = 6}};
    struct description first = {.containers = {a, 1}};
    struct description second = {.containers = {b, 1}};
    description_canonicalize(&first);
    description_canonicalize(&second);
    assert_false(record_equal(&DESCRIPTION_SPEC, &first, &second));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(description_in_canonical_form_does_not_show_its_order),
        cmocka_unit_test(description_canonical_form_keeps_what_differs_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
