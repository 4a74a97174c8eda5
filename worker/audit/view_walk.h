#ifndef WORKER_AUDIT_VIEW_WALK_H
#define WORKER_AUDIT_VIEW_WALK_H

/** Every base and every host that Redis lists, page by page. */

#include "worker/audit/host_compare.h"
#include "worker/audit/view_compare.h"
#include "worker/audit/view_session.h"

/** Adds the bases of every cluster that Redis knows, or of only_cluster, to compare, and without only_cluster the hosts to hosts;
 *  whether the view is marked complete comes with them. @return 0 or -1 with the call's error or ERROR_NO_MEMORY */
int view_walk_run(struct view_session *session, const char *only_cluster,
                  struct view_compare *compare, struct host_compare *hosts, bool *ret_complete,
                  struct error *err);

#endif
