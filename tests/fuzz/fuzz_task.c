/* Bytes of a base in Redis: whatever they are, reading them neither crashes nor loses. */

#include <stdint.h>
#include <stdlib.h>

#include "common/domain/task.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void use(const struct task *task)
{
    struct buffer buf;
    struct task again;
    buffer_init(&buf, (size_t)1 << 30);
    check(task_encode(task, &buf, NULL) == 0);
    check(task_decode(buffer_span(&buf), &again, NULL) == 0);
    check(record_equal(&TASK_SPEC, task, &again));
    check(task_version(task) == task_version(&again));
    check(task_last_status(task) == task_last_status(&again));
    task_release(&again);
    buffer_release(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct task task;
    struct error err = {0};
    if (task_decode((struct span){.data = (const char *)data, .length = size}, &task, &err) == 0) {
        use(&task);
    } else {
        check(err.code == ERROR_CORRUPT);
    }
    task_release(&task);
    return 0;
}
