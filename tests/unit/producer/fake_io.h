#ifndef TESTS_UNIT_PRODUCER_FAKE_IO_H
#define TESTS_UNIT_PRODUCER_FAKE_IO_H

/** Redis and Kafka that do nothing by themselves: they keep the last question, and the test answers it when
 *  it likes. Defines the functions of redis_view.h and kafka.h that the service uses. */

#include "common/io/kafka.h"
#include "common/io/redis_view.h"

enum { FAKE_IDS_MAX = 100, FAKE_TEXT_SIZE = 512 };

/** What is waiting for an answer from Redis. */
enum fake_question {
    FAKE_NOTHING = 0,
    FAKE_READ,
    FAKE_PEND,
    FAKE_LIST_TASKS,
    FAKE_LIST_CLUSTERS,
    FAKE_DESCRIBE_CLUSTERS,
    FAKE_READ_HOSTS,
    FAKE_LIST_HOSTS,
    FAKE_HOST_FACT
};

struct fake_io {
    enum fake_question question;
    char cluster[FAKE_TEXT_SIZE];
    char ids[FAKE_IDS_MAX][FAKE_TEXT_SIZE]; /**< ids or names asked for */
    size_t id_count;
    /** What a list of tasks is of; "" = any. */
    char host[FAKE_TEXT_SIZE], family[FAKE_TEXT_SIZE], started_by[FAKE_TEXT_SIZE],
        service[FAKE_TEXT_SIZE];
    char after[FAKE_TEXT_SIZE]; /**< "" = from the first */
    size_t limit;
    bool stopped;
    char fact[FAKE_TEXT_SIZE]; /**< "HOST KIND OFFSET VALUE" */
    int64_t pend_offset;
    struct buffer pend_event;
    void *fn; /**< the callback of the question; which type follows from it */
    void *context;
    int questions; /**< so far */

    bool sent; /**< a record waits for its delivery report */
    int32_t sent_partition;
    struct buffer sent_key, sent_value;
    char sent_traceparent[FAKE_TEXT_SIZE];
    kafka_delivered_fn *delivered;
    void *delivered_context;
    struct error send_error; /**< what kafka_writer_send fails with; code 0 = it takes the record */

    bool redis_away;
    kafka_state_fn *on_kafka;
    void *on_kafka_context;
};

extern struct fake_io fake;

/** Forgets everything. */
void fake_reset(void);

/** Answer the question that waits; fails the test if it is another one. */
void fake_answer_read(const struct error *error, const struct redis_read *read);
void fake_answer_page(const struct error *error, const struct redis_page *page);
void fake_answer_hosts(const struct error *error, const struct redis_hosts *hosts);
void fake_answer_fact(const struct error *error);
void fake_answer_clusters(const struct error *error, bool complete,
                          const struct redis_cluster *clusters, size_t count);
/** The delivery report of the record that waits. */
void fake_deliver(const struct error *error, int64_t offset);

#endif
