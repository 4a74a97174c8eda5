#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/append_file.h"
#include "common/base/memory.h"

struct fixture {
    char dir[64];
    char path[96];
    struct append_file file;
};

static int make_dir(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    strcpy(fixture->dir, "/tmp/test_append_file.XXXXXX");
    assert_non_null(mkdtemp(fixture->dir));
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/f", fixture->dir);
    *state = fixture;
    return 0;
}

static int remove_dir(void **state)
{
    struct fixture *fixture = *state;
    memory_fail_nth(0, false);
    append_file_close(&fixture->file);
    (void)unlink(fixture->path);
    int result = rmdir(fixture->dir);
    free(fixture);
    return result;
}

/* What a scan handed over: the payloads, each followed by a line feed. */
struct seen {
    char text[4096];
    size_t length;
    int fail_at; /* the number of the record that is refused; 0 = none */
    int count;
};

static int see(struct span payload, void *context, struct error *err)
{
    struct seen *seen = context;
    if (++seen->count == seen->fail_at) {
        return error_set(err, ERROR_UNSUPPORTED, "no such record");
    }
    if (payload.length < 100) {
        memcpy(seen->text + seen->length, payload.data, payload.length);
        seen->length += payload.length;
        seen->text[seen->length++] = '\n';
    }
    return 0;
}

static void must_open(struct fixture *fixture, struct seen *ret_seen,
                      struct append_file_scan *ret_scan)
{
    struct error err = {0};
    *ret_seen = (struct seen){0};
    if (append_file_open(&fixture->file, fixture->path, 1, see, ret_seen, ret_scan, &err) < 0) {
        fail_msg("%s", err.message);
    }
}

static void must_append(struct fixture *fixture, const char *text)
{
    struct error err = {0};
    if (append_file_append(&fixture->file, span_of(text), &err) < 0) {
        fail_msg("%s", err.message);
    }
}

static off_t file_size(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_size;
}

static void write_file(const char *path, const void *bytes, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), length);
    assert_int_equal(close(fd), 0);
}

static size_t read_file(const char *path, char *bytes, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t length = read(fd, bytes, size);
    assert_true(length >= 0 && (size_t)length < size);
    assert_int_equal(close(fd), 0);
    return (size_t)length;
}

static void records_come_back_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen;
    struct append_file_scan scan = {.records = 9, .dropped_bytes = 9};
    must_open(fixture, &seen, &scan);
    assert_int_equal(scan.records, 0);
    assert_int_equal(scan.dropped_bytes, 0);
    assert_int_equal(fixture->file.size_bytes, 8);
    must_append(fixture, "one");
    must_append(fixture, "two");
    append_file_close(&fixture->file);
    must_open(fixture, &seen, &scan);
    must_append(fixture, "three");
    append_file_close(&fixture->file);
    must_open(fixture, &seen, &scan);
    assert_string_equal(seen.text, "one\ntwo\nthree\n");
    assert_int_equal(scan.records, 3);
    assert_int_equal(scan.dropped_bytes, 0);
    assert_int_equal(fixture->file.size_bytes, file_size(fixture->path));
}

static void the_format_is_fixed(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen;
    must_open(fixture, &seen, NULL);
    must_append(fixture, "123456789");
    append_file_close(&fixture->file);
    char bytes[100];
    static const char expected[] = "SFAPPND1\x09\0\0\0\x83\x92\x06\xE3"
                                   "123456789";
    assert_int_equal(read_file(fixture->path, bytes, sizeof bytes), sizeof expected - 1);
    assert_memory_equal(bytes, expected, sizeof expected - 1);
}

static void the_file_is_private_and_not_inherited(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen;
    must_open(fixture, &seen, NULL);
    struct stat status;
    assert_int_equal(fstat(fixture->file.fd, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(fcntl(fixture->file.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

static void a_tail_torn_at_any_byte_is_cut(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen;
    struct append_file_scan scan;
    must_open(fixture, &seen, NULL);
    must_append(fixture, "first");
    must_append(fixture, "second");
    append_file_close(&fixture->file);
    char bytes[200];
    size_t length = read_file(fixture->path, bytes, sizeof bytes);
    const size_t first_ends = 8 + 8 + 5;
    for (size_t torn = 0; torn <= length; torn++) {
        write_file(fixture->path, bytes, torn);
        must_open(fixture, &seen, &scan);
        size_t kept = torn == length ? length : torn >= first_ends ? first_ends : torn >= 8 ? 8 : 0;
        assert_int_equal(scan.records, kept == length ? 2 : kept == first_ends ? 1 : 0);
        assert_int_equal(scan.dropped_bytes, torn - kept);
        assert_int_equal(file_size(fixture->path), kept < 8 ? 8 : kept);
        must_append(fixture, "new");
        append_file_close(&fixture->file);
        must_open(fixture, &seen, &scan);
        assert_string_equal(seen.text, kept == length       ? "first\nsecond\nnew\n"
                                       : kept == first_ends ? "first\nnew\n"
                                                            : "new\n");
        assert_int_equal(scan.dropped_bytes, 0);
        append_file_close(&fixture->file);
    }
}

static void a_flipped_bit_ends_the_records_there(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen;
    struct append_file_scan scan;
    must_open(fixture, &seen, NULL);
    must_append(fixture, "first");
    must_append(fixture, "second");
    append_file_close(&fixture->file);
    char bytes[200];
    size_t length = read_file(fixture->path, bytes, sizeof bytes);
    const size_t first_ends = 8 + 8 + 5;
    for (size_t bit = 8 * 8; bit < length * 8; bit++) {
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        write_file(fixture->path, bytes, length);
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        must_open(fixture, &seen, &scan);
        size_t kept = bit / 8 < first_ends ? 8 : first_ends;
        assert_string_equal(seen.text, kept == 8 ? "" : "first\n");
        assert_int_equal(scan.dropped_bytes, length - kept);
        assert_int_equal(file_size(fixture->path), kept);
        append_file_close(&fixture->file);
    }
}

static void a_tail_of_zeroes_holds_no_records(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen;
    struct append_file_scan scan;
    static const char bytes[200] = "SFAPPND1";
    write_file(fixture->path, bytes, sizeof bytes);
    must_open(fixture, &seen, &scan);
    assert_int_equal(scan.records, 0);
    assert_int_equal(scan.dropped_bytes, sizeof bytes - 8);
}

static void foreign_files_are_left_alone(void **state)
{
    struct fixture *fixture = *state;
    static const char *const foreign[] = {"SFAPPND2 and more", "x", "SFAPPNX", "#!/bin/sh\n"};
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        struct error err = {0};
        write_file(fixture->path, foreign[i], strlen(foreign[i]));
        assert_int_equal(append_file_open(&fixture->file, fixture->path, 1, NULL, NULL, NULL, &err),
                         -1);
        assert_int_equal(err.code, ERROR_CORRUPT);
        assert_int_equal(fixture->file.fd, -1);
        assert_null(fixture->file.path);
        char bytes[100];
        assert_int_equal(read_file(fixture->path, bytes, sizeof bytes), strlen(foreign[i]));
        assert_memory_equal(bytes, foreign[i], strlen(foreign[i]));
    }
}

static void what_is_no_file_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    assert_int_equal(append_file_open(&fixture->file, "/dev/full", 0, NULL, NULL, NULL, &err), -1);
    assert_int_equal(err.code, ERROR_CORRUPT);
    assert_int_equal(append_file_open(&fixture->file, fixture->dir, 0, NULL, NULL, NULL, &err), -1);
    assert_int_equal(err.code, ERROR_IO);
    assert_int_equal(err.sys_errno, EISDIR);
    assert_int_equal(append_file_open(&fixture->file, "/nonexistent/f", 1, NULL, NULL, NULL, &err),
                     -1);
    assert_int_equal(err.code, ERROR_IO);
    assert_int_equal(err.sys_errno, ENOENT);
}

static void a_file_is_made_only_if_asked(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    struct append_file_scan scan = {0};
    assert_int_equal(append_file_open(&fixture->file, fixture->path, 0, NULL, NULL, NULL, &err),
                     -1);
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    assert_int_equal(access(fixture->path, F_OK), -1);
    struct seen seen;
    must_open(fixture, &seen, NULL);
    must_append(fixture, "x");
    append_file_close(&fixture->file);
    assert_int_equal(append_file_open(&fixture->file, fixture->path, 0, NULL, NULL, &scan, &err),
                     0);
    assert_int_equal(scan.records, 1);
}

static void a_refusing_reader_stops_the_scan_and_cuts_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen;
    must_open(fixture, &seen, NULL);
    must_append(fixture, "one");
    must_append(fixture, "two");
    must_append(fixture, "three");
    append_file_close(&fixture->file);
    off_t size = file_size(fixture->path);
    struct error err = {0};
    seen = (struct seen){.fail_at = 2};
    assert_int_equal(append_file_open(&fixture->file, fixture->path, 0, see, &seen, NULL, &err),
                     -1);
    assert_int_equal(err.code, ERROR_UNSUPPORTED);
    assert_string_equal(err.message, "no such record");
    assert_string_equal(seen.text, "one\n");
    assert_int_equal(file_size(fixture->path), size);
}

static void payloads_have_a_least_and_a_greatest_size(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen;
    struct error err = {0};
    must_open(fixture, &seen, NULL);
    char *large = calloc(1, APPEND_FILE_RECORD_MAX + 1);
    assert_non_null(large);
    struct span payload = {.data = large, .length = 0};
    assert_int_equal(append_file_append(&fixture->file, payload, &err), -1);
    assert_int_equal(err.code, ERROR_INVALID);
    payload.length = APPEND_FILE_RECORD_MAX + 1;
    assert_int_equal(append_file_append(&fixture->file, payload, &err), -1);
    assert_int_equal(err.code, ERROR_INVALID);
    /* Records of the greatest size among small ones, so that no window boundary is left out. */
    payload.length = APPEND_FILE_RECORD_MAX;
    for (int i = 0; i < 3; i++) {
        must_append(fixture, "small");
        assert_int_equal(append_file_append(&fixture->file, payload, &err), 0);
    }
    must_append(fixture, "end");
    free(large);
    append_file_close(&fixture->file);
    struct append_file_scan scan;
    must_open(fixture, &seen, &scan);
    assert_int_equal(scan.records, 7);
    assert_int_equal(scan.dropped_bytes, 0);
    assert_string_equal(seen.text, "small\nsmall\nsmall\nend\n");
}

static void the_maximum_is_kept_and_the_file_stays_whole(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen;
    struct error err = {0};
    must_open(fixture, &seen, NULL);
    assert_int_equal(fixture->file.max_bytes, 0);
    fixture->file.max_bytes = 8 + 8 + 4 + 8 + 4;
    must_append(fixture, "four");
    assert_int_equal(append_file_append(&fixture->file, span_of("fives"), &err), -1);
    assert_int_equal(err.code, ERROR_FULL);
    must_append(fixture, "more");
    assert_int_equal(append_file_append(&fixture->file, span_of("x"), &err), -1);
    append_file_close(&fixture->file);
    struct append_file_scan scan;
    must_open(fixture, &seen, &scan);
    assert_string_equal(seen.text, "four\nmore\n");
    assert_int_equal(scan.dropped_bytes, 0);
}

/* As a disk does that fills up at this size. */
static void limit_files_to(off_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < 0 ? limit.rlim_max : (rlim_t)bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_write_that_fails_or_is_short_is_undone(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen;
    must_open(fixture, &seen, NULL);
    must_append(fixture, "first");
    off_t whole = fixture->file.size_bytes;
    for (off_t room = 0; room < 8 + 6; room++) {
        struct error err = {0};
        limit_files_to(whole + room);
        int result = append_file_append(&fixture->file, span_of("second"), &err);
        limit_files_to(-1);
        assert_int_equal(result, -1);
        assert_int_equal(err.code, ERROR_FULL);
        assert_int_equal(fixture->file.size_bytes, whole);
        assert_int_equal(file_size(fixture->path), whole);
    }
    must_append(fixture, "third");
    append_file_close(&fixture->file);
    must_open(fixture, &seen, NULL);
    assert_string_equal(seen.text, "first\nthird\n");
}

static void a_new_file_without_room_is_an_error_and_made_later(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    struct seen seen;
    limit_files_to(3);
    int result = append_file_open(&fixture->file, fixture->path, 1, NULL, NULL, NULL, &err);
    limit_files_to(-1);
    assert_int_equal(result, -1);
    assert_int_equal(err.code, ERROR_FULL);
    must_open(fixture, &seen, NULL);
    must_append(fixture, "x");
}

static void a_full_disk_and_a_closed_file_are_told_apart(void **state)
{
    (void)state;
    char path[] = "/dev/full";
    struct append_file full = {.fd = open(path, O_RDWR | O_CLOEXEC), .path = path};
    assert_true(full.fd > 0);
    struct error err = {0};
    assert_int_equal(append_file_append(&full, span_of("x"), &err), -1);
    assert_int_equal(err.code, ERROR_FULL);
    assert_int_equal(err.sys_errno, ENOSPC);
    assert_int_equal(full.size_bytes, 0);
    assert_int_equal(close(full.fd), 0);
    struct append_file closed = {.fd = -1, .path = path};
    assert_int_equal(append_file_append(&closed, span_of("x"), &err), -1);
    assert_int_equal(err.code, ERROR_IO);
    assert_int_equal(err.sys_errno, EBADF);
}

static void descriptor_0_is_never_owned(void **state)
{
    struct fixture *fixture = *state;
    int kept = dup(0);
    (void)close(0);
    struct seen seen = {0};
    struct error err = {0};
    int result = append_file_open(&fixture->file, fixture->path, 1, see, &seen, NULL, &err);
    int fd = fixture->file.fd;
    int flags = fcntl(fd, F_GETFD);
    bool is_free = fcntl(0, F_GETFD) < 0;
    if (kept >= 0) {
        (void)dup2(kept, 0);
        (void)close(kept);
    }
    assert_int_equal(result, 0);
    assert_true(fd > 0);
    assert_int_equal(flags & FD_CLOEXEC, FD_CLOEXEC);
    assert_true(is_free);
}

static void close_is_safe_on_zeroed_and_closed(void **state)
{
    (void)state;
    struct append_file file = {0};
    append_file_close(&file);
    assert_int_equal(file.fd, -1);
    append_file_close(&file);
    assert_int_equal(file.fd, -1);
}

static void every_allocation_may_fail(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen;
    must_open(fixture, &seen, NULL);
    must_append(fixture, "one");
    append_file_close(&fixture->file);
    uint64_t n = 1;
    for (;; n++) {
        struct error err = {0};
        memory_fail_nth(n, false);
        int result = append_file_open(&fixture->file, fixture->path, 0, NULL, NULL, NULL, &err);
        memory_fail_nth(0, false);
        if (result == 0) {
            break;
        }
        assert_int_equal(err.code, ERROR_NO_MEMORY);
        assert_int_equal(fixture->file.fd, -1);
    }
    assert_true(n > 2);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
    (void)signal(SIGXFSZ, SIG_IGN);
    const struct CMUnitTest tests[] = {
        IN_DIR(records_come_back_in_order),
        IN_DIR(the_format_is_fixed),
        IN_DIR(the_file_is_private_and_not_inherited),
        IN_DIR(a_tail_torn_at_any_byte_is_cut),
        IN_DIR(a_flipped_bit_ends_the_records_there),
        IN_DIR(a_tail_of_zeroes_holds_no_records),
        IN_DIR(foreign_files_are_left_alone),
        IN_DIR(what_is_no_file_is_refused),
        IN_DIR(a_file_is_made_only_if_asked),
        IN_DIR(a_refusing_reader_stops_the_scan_and_cuts_nothing),
        IN_DIR(payloads_have_a_least_and_a_greatest_size),
        IN_DIR(the_maximum_is_kept_and_the_file_stays_whole),
        IN_DIR(a_write_that_fails_or_is_short_is_undone),
        IN_DIR(a_new_file_without_room_is_an_error_and_made_later),
        cmocka_unit_test(a_full_disk_and_a_closed_file_are_told_apart),
        IN_DIR(descriptor_0_is_never_owned),
        cmocka_unit_test(close_is_safe_on_zeroed_and_closed),
        IN_DIR(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
