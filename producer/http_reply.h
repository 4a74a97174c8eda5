#ifndef PRODUCER_HTTP_REPLY_H
#define PRODUCER_HTTP_REPLY_H

/** Answers as the front end of AWS JSON 1.1 services writes them. Each function ends the request: it must not
 *  be used afterwards. A client that has left is no error. */

#include <stdbool.h>

#include <jansson.h>

struct evhttp_request;

/** Sends body as compact JSON; NULL (memory is out) gives a ServerException. request_id goes into
 *  x-amzn-RequestId; NULL marks an answer of our own (health), which is plain application/json. */
void http_reply_json(struct evhttp_request *request, int status, const char *request_id,
                     const json_t *body, bool close_after);
/** What ECS answers to a Content-Type that is not application/x-amz-json-1.1: 404 and XML. */
void http_reply_unknown_media_type(struct evhttp_request *request, bool close_after);

#endif
