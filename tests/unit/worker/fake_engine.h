#ifndef TESTS_UNIT_WORKER_FAKE_ENGINE_H
#define TESTS_UNIT_WORKER_FAKE_ENGINE_H

/** An engine that answers as a test says: HTTP on a unix socket, in the test's own loop. */

#include "common/io/loop.h"

enum fake_engine_manner {
    FAKE_ANSWER = 1,
    FAKE_HANG,  /**< takes the request and never answers */
    FAKE_CLOSE, /**< takes the request and closes the connection */
    FAKE_STREAM /**< answers 200 and keeps the body open: fake_engine_say adds to it */
};

struct fake_engine_route {
    const char *method;
    const char *begin; /**< of the path without its version; the longest one that fits counts */
    enum fake_engine_manner manner;
    int status;
    const char *body;
    int requests; /**< counted */
    int errors;   /**< so many of the next requests are answered 500 */
};

struct fake_engine;

/** Listens at once. routes stay the caller's and may be changed at any time; a path without a route
 *  is answered 404. */
struct fake_engine *fake_engine_new(struct loop *loop, const char *socket,
                                    struct fake_engine_route *routes, size_t count);
void fake_engine_free(struct fake_engine *engine);
/** Adds to the open stream. */
void fake_engine_say(struct fake_engine *engine, const char *text);
/** Ends the open stream. */
void fake_engine_end_stream(struct fake_engine *engine);
/** The path and query of the last request to the events. */
const char *fake_engine_stream_path(const struct fake_engine *engine);

#endif
