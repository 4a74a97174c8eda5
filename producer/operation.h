#ifndef PRODUCER_OPERATION_H
#define PRODUCER_OPERATION_H

/** ECS's operations as one table (operation.def): the name in X-Amz-Target and the function that starts
 *  it. */

#include "common/base/buffer.h"
#include "common/domain/ecs_error.h"
#include "producer/call.h"

#define OPERATION_TARGET_PREFIX "AmazonEC2ContainerServiceV20141113."

/** Starts an operation on a call whose body is parsed; it ends the call, now or later, exactly once. */
typedef void operation_fn(struct call *call);

/** One operation. */
struct operation {
    const char *name;
    operation_fn *start;
};

/** The operation that X-Amz-Target names; NULL with error (UnknownOperationException; for an operation of
 *  ECS that Stopfleet does not have, its text says so). The header's case counts, as with AWS. */
const struct operation *operation_find(const char *target, struct ecs_error *error);

/** Finds the operation of a call, parses its body and starts it; whatever is wrong ends the call. */
void operation_run(const char *target, struct call *call);

#define OPERATION(name, start) operation_fn start;
#define ABSENT_OPERATION(name)
#include "producer/operation.def"
#undef OPERATION
#undef ABSENT_OPERATION

#endif
