#include "common/io/kafka_client.h"

static const struct {
    rd_kafka_resp_err_t kafka;
    enum error_code ours;
} CODES[] = {
    {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, ERROR_INVALID},
    {RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, ERROR_INVALID},
    {RD_KAFKA_RESP_ERR_INVALID_MSG, ERROR_INVALID},
    {RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE, ERROR_INVALID},
    {RD_KAFKA_RESP_ERR_INVALID_RECORD, ERROR_INVALID},
    {RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, ERROR_INVALID},
    {RD_KAFKA_RESP_ERR__INVALID_ARG, ERROR_INVALID},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, ERROR_NOT_FOUND},
    {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, ERROR_NOT_FOUND},
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, ERROR_NOT_FOUND},
    {RD_KAFKA_RESP_ERR__QUEUE_FULL, ERROR_FULL},
    {RD_KAFKA_RESP_ERR__TIMED_OUT, ERROR_TIMEOUT},
    {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, ERROR_TIMEOUT},
    {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, ERROR_TIMEOUT},
    {RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, ERROR_UNSUPPORTED},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, ERROR_UNSUPPORTED},
    {RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, ERROR_CONFLICT},
    {RD_KAFKA_RESP_ERR_POLICY_VIOLATION, ERROR_INVALID},
    {RD_KAFKA_RESP_ERR_INVALID_CONFIG, ERROR_INVALID},
    {RD_KAFKA_RESP_ERR_INVALID_PARTITIONS, ERROR_INVALID},
    {RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, ERROR_INVALID},
};

enum error_code kafka_error_code(rd_kafka_resp_err_t code)
{
    for (size_t i = 0; i < sizeof CODES / sizeof CODES[0]; i++) {
        if (CODES[i].kafka == code) {
            return CODES[i].ours;
        }
    }
    return ERROR_UNAVAILABLE;
}

int kafka_error_set(struct error *err, rd_kafka_resp_err_t code, const char *what, const char *text)
{
    return error_set(err, kafka_error_code(code), "%s: %s", what,
                     text != NULL ? text : rd_kafka_err2str(code));
}
