/** Observations that were written and not read back yet. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/worker/discovery_make.h"

static void *fly(size_t number)
{
    struct error err = {0};
    void *context = NULL;
    assert_int_equal(flights_add(&flights, found(number), "prod", &context, &err), 0);
    return context;
}

static void test_nothing_is_minted_while_one_is_in_flight(void **state)
{
    (void)state;
    run("a", 10);
    look();
    void *flight = fly(0);
    look();
    assert_int_equal(seen.findings.count, 0);
    assert_true(seen.waits);
    run("b", 20);
    look();
    assert_int_equal(seen.findings.count, 0);
    /* It is lost: made anew, with what there is now. */
    struct error lost = {.code = ERROR_TIMEOUT, .message = "lost"};
    flights_delivered(flight, &lost, -1);
    assert_int_equal(flights.count, 0);
    look();
    assert_int_equal(seen.findings.count, 1);
    assert_int_equal(found(0)->description.containers.count, 2);
}

static void test_a_flight_lands(void **state)
{
    (void)state;
    observe_one();
    run("b", 20);
    look();
    void *flight = fly(0);
    assert_false(flights_land(&flights, &bases[0]));
    look();
    assert_int_equal(seen.findings.count, 0);
    assert_true(seen.waits);
    bases[0].revision = 2;
    assert_true(flights_land(&flights, &bases[0]));
    assert_null(flights_find(&flights, bases[0].id));
    assert_non_null(flights.late);
    flights_delivered(flight, NULL, 7);
    assert_null(flights.late);
    assert_int_equal(flights.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_is_minted_while_one_is_in_flight),
        TEST(test_a_flight_lands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
