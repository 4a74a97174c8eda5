#ifndef PRODUCER_CLUSTER_QUERY_VALUE_H
#define PRODUCER_CLUSTER_QUERY_VALUE_H

/** Private to cluster_query: what its subjects are, which operators each takes, and how values compare. */

#include <stdio.h>

#include <jansson.h>

#include "common/domain/record.h"

/** OPERATOR(constant, sign, word, arguments): each can be written as sign or as word. Where one spelling begins another, the
 *  longer one comes first. */
#define QUERY_OPERATORS(OPERATOR)                                                                  \
    OPERATOR(NOT_EXISTS, "!exists", "not_exists", NONE)                                            \
    OPERATOR(EXISTS, "exists", "exists", NONE)                                                     \
    OPERATOR(NOT_IN, "!in", "not_in", LIST)                                                        \
    OPERATOR(IN, "in", "in", LIST)                                                                 \
    OPERATOR(EQUALS, "==", "equals", ONE)                                                          \
    OPERATOR(NOT_EQUALS, "!=", "not_equals", ONE)                                                  \
    OPERATOR(MATCHES, "=~", "matches", PATTERN)                                                    \
    OPERATOR(NOT_MATCHES, "!~", "not_matches", PATTERN)                                            \
    OPERATOR(GREATER_EQUAL, ">=", "greater_than_equal", ONE)                                       \
    OPERATOR(LESS_EQUAL, "<=", "less_than_equal", ONE)                                             \
    OPERATOR(GREATER, ">", "greater_than", ONE)                                                    \
    OPERATOR(LESS, "<", "less_than", ONE)

enum query_operator {
    QUERY_OPERATOR_NONE = 0,
#define OPERATOR(constant, sign, word, arguments) QUERY_##constant,
    QUERY_OPERATORS(OPERATOR)
#undef OPERATOR
};

enum query_arguments {
    QUERY_ARGUMENTS_NONE = 1,
    QUERY_ARGUMENTS_ONE,
    QUERY_ARGUMENTS_LIST,
    QUERY_ARGUMENTS_PATTERN
};

/** The spellings of all operators, one after the other; NULL behind the last. */
const char *query_operator_spelling(size_t index);
enum query_operator query_operator_at(size_t index);
enum query_arguments query_operator_arguments(enum query_operator operator);

enum query_type {
    QUERY_BOOLEAN = 1,
    QUERY_VERSION,
    QUERY_TIME,
    QUERY_NUMBER,
    QUERY_TEXT,
    QUERY_TEXTS /**< several */
};

#define QUERY_SUBJECTS                                                                             \
    "agentConnected, agentVersion, attribute:NAME, ec2InstanceId, registeredAt, "                  \
    "runningTasksCount or task:group"

struct query_subject {
    enum query_type type;
    const char *member;    /**< of the document; NULL = an attribute */
    const char *attribute; /**< its name */
};

/** @return false for a word that is no subject */
bool query_subject_read(const char *word, struct query_subject *ret_subject);
bool query_subject_takes(const struct query_subject *subject, enum query_operator operator);
/** For people: the operators that the subject takes. */
const char *query_subject_operators(const struct query_subject *subject);
/** NULL if the arguments are values of the subject, else what is wanted. */
const char *query_arguments_wanted(const struct query_subject *subject,
                                   enum query_operator operator,
                                   const struct text_list * arguments);
/** A subject that the instance does not have equals nothing, is in no list and matches nothing. task:group passes where one of
 *  the open tasks does, its negations (!=, !in, !~, !exists) where none does. */
bool query_compare(const struct query_subject *subject, enum query_operator operator,
                   const struct text_list * arguments, const json_t *instance);

#endif
