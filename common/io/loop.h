#ifndef COMMON_IO_LOOP_H
#define COMMON_IO_LOOP_H

/** The one loop of a process (libevent), its timers, descriptors and signals. Not thread-safe. */

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"

struct event_base;
struct loop;
struct loop_timer;
struct loop_watch;

/** Also ignores SIGPIPE for the process: a peer that closes is an error of the write, not our end.
 *  @return NULL with ERROR_NO_MEMORY or ERROR_IO */
struct loop *loop_new(struct error *err);
/** Frees the loop; its timers and watches must be freed before. NULL-safe. */
void loop_free(struct loop *loop);
/** For libraries that hang on libevent themselves (evhttp, hiredis' adapter). Borrowed. */
struct event_base *loop_base(struct loop *loop);
/** Runs until loop_stop, however little there is to wait for; can be run again after.
 *  @return the code that loop_stop was given, or -1 if the kernel refuses to wait (epoll) */
int loop_run(struct loop *loop);
/** Ends loop_run after the callback that is running; before loop_run, makes that return at once. */
void loop_stop(struct loop *loop, int exit_code);

typedef void loop_timer_fn(void *context);
/** A one-shot timer on the monotonic clock (which stands still during suspend), disarmed at first.
 *  Owned by the caller. NULL when memory is out. */
struct loop_timer *loop_timer_new(struct loop *loop, loop_timer_fn *fn, void *context);
/** Fires once, never before delay_ms (>= 0; 0 = next turn) have passed, replacing what was armed.
 */
void loop_timer_arm(struct loop_timer *timer, int64_t delay_ms);
void loop_timer_disarm(struct loop_timer *timer);
bool loop_timer_armed(const struct loop_timer *timer);
/** NULL-safe; also from the timer's own callback. */
void loop_timer_free(struct loop_timer *timer);

enum { LOOP_READ = 1, LOOP_WRITE = 2 };
typedef void loop_watch_fn(int fd, unsigned what, void *context);
/** Level-triggered watch of a descriptor, persistent until freed; the descriptor stays the
 * caller's. NULL when memory is out or the descriptor cannot be watched (a regular file). */
struct loop_watch *loop_watch_new(struct loop *loop, int fd, unsigned what, loop_watch_fn *fn,
                                  void *context);
/** NULL-safe; also from the watch's own callback. Before the descriptor is closed. */
void loop_watch_free(struct loop_watch *watch);

typedef void loop_signal_fn(int signal_number, void *context);
/** SIGTERM and SIGINT call fn(signal, context) on the loop. Once a loop.
 *  @return 0, or -1 with ERROR_CONFLICT or ERROR_NO_MEMORY */
int loop_on_termination(struct loop *loop, loop_signal_fn *fn, void *context, struct error *err);

#endif
