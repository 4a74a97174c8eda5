#ifndef WORKER_AUDIT_HOST_CHECK_H
#define WORKER_AUDIT_HOST_CHECK_H

/** The hosts' part of stopfleet-audit check: registrations and states in Redis against the log. */

#include "worker/audit/host_compare.h"
#include "worker/audit/view_session.h"

/** What was found; each thing is printed when it is. */
struct host_check_result {
    size_t checked, differing, lacking;
};

/** After the log was read. before: the hosts as the view held them before that; a fact that it had and the log has not is then
 *  no accident. What was behind is looked at again. complete: the view says that it holds all.
 *  @return 0, or -1 with the error of a call */
int host_check_run(struct host_compare *before, const struct host_facts *facts,
                   const struct host_fold *hosts, bool complete, struct view_session *session,
                   struct host_check_result *ret_result, struct error *err);

#endif
