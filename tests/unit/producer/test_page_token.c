#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "producer/page_token.h"

static const char *const PARTS[] = {"ListTasks", "prod", NULL};
static const struct page_scope SCOPE = {PARTS, 3};

static void token_gives_back_the_last_item(void **state)
{
    (void)state;
    char name[ARN_NAME_SIZE], token[PAGE_TOKEN_SIZE], last[ARN_NAME_SIZE];
    for (size_t length = 1; length < ARN_NAME_SIZE; length++) {
        memset(name, 'x', length);
        name[length] = '\0';
        page_token_write(&SCOPE, name, token);
        assert_in_range(strlen(token), 1, PAGE_TOKEN_SIZE - 1);
        assert_int_equal(page_token_read(token, &SCOPE, last), 0);
        assert_string_equal(last, name);
    }
}

static void token_of_another_scope_is_refused(void **state)
{
    (void)state;
    static const char *const others[][3] = {
        {"ListTasks", "prod", ""},     {"ListTasks", "pro", "d"},      {"ListTasks", NULL, "prod"},
        {"ListTasksprod", NULL, NULL}, {"ListClusters", "prod", NULL},
    };
    char token[PAGE_TOKEN_SIZE], last[ARN_NAME_SIZE];
    page_token_write(&SCOPE, "x", token);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        const struct page_scope scope = {others[i], 3};
        assert_int_equal(page_token_read(token, &scope, last), -1);
    }
    const struct page_scope shorter = {PARTS, 2};
    assert_int_equal(page_token_read(token, &shorter, last), -1);
}

static void every_changed_character_is_noticed(void **state)
{
    (void)state;
    char token[PAGE_TOKEN_SIZE], changed[PAGE_TOKEN_SIZE], last[ARN_NAME_SIZE];
    page_token_write(&SCOPE, "abc", token);
    /* What follows the hash is the item itself: another one is another place to go on from. */
    for (size_t i = 0; i < 4 * (PAGE_TOKEN_HASH_BYTES / 3); i++) {
        memcpy(changed, token, sizeof token);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_int_equal(page_token_read(changed, &SCOPE, last), -1);
    }
}

static void rubbish_is_refused(void **state)
{
    (void)state;
    static const char *const tokens[] = {
        "", "a", "====", "abcd", "    ", "ab\ncd==", "AAAAAAAAAAAAAAAAAAAA", "\xff\xff\xff\xff"};
    char last[ARN_NAME_SIZE], token[PAGE_TOKEN_SIZE], spaced[2 * PAGE_TOKEN_SIZE];
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        assert_int_equal(page_token_read(tokens[i], &SCOPE, last), -1);
    }
    page_token_write(&SCOPE, "abc", token);
    (void)snprintf(spaced, sizeof spaced, "    %s", token);
    assert_int_equal(page_token_read(spaced, &SCOPE, last), -1);
    (void)snprintf(spaced, sizeof spaced, "%s    ", token);
    assert_int_equal(page_token_read(spaced, &SCOPE, last), -1);
    memset(spaced, 'A', sizeof spaced);
    spaced[sizeof spaced - 1] = '\0';
    assert_int_equal(page_token_read(spaced, &SCOPE, last), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(token_gives_back_the_last_item),
        cmocka_unit_test(token_of_another_scope_is_refused),
        cmocka_unit_test(every_changed_character_is_noticed),
        cmocka_unit_test(rubbish_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
