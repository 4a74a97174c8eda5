#include "producer/cluster_query.h"

#include <ctype.h>
#include <string.h>

#include "producer/cluster_query_value.h"

enum { DEPTH_MAX = 32, ARGUMENTS_MAX = 100 };

enum query_kind { QUERY_AND = 1, QUERY_OR, QUERY_NOT, QUERY_COMPARE };

struct cluster_query {
    enum query_kind kind;
    struct cluster_query *left, *right; /**< NOT: left alone */
    struct query_subject subject;
    enum query_operator operator;
    struct text_list arguments;
};

struct parser {
    const char *text, *at;
    struct arena *arena;
    char *detail;
    int depth;
};

/* ---- words ---- */

static void *fail(struct parser *parser, const char *wanted)
{
    if (parser->detail[0] == '\0') {
        (void)snprintf(parser->detail, CLUSTER_QUERY_DETAIL_SIZE, "%s is wanted at character %d",
                       wanted, (int)(parser->at - parser->text) + 1);
    }
    return NULL;
}

static void skip_space(struct parser *parser)
{
    while (isspace((unsigned char)*parser->at)) {
        parser->at++;
    }
}

static bool is_word_character(char c)
{
    return c != '\0' && !isspace((unsigned char)c) && strchr("()[],&|=<>!~'\"", c) == NULL;
}

/* Takes a sign (such as "==") or a whole word. */
static bool take(struct parser *parser, const char *word)
{
    size_t length = strlen(word);
    skip_space(parser);
    bool is_word = is_word_character(word[length - 1]);
    if (strncmp(parser->at, word, length) != 0 ||
        (is_word && is_word_character(parser->at[length]))) {
        return false;
    }
    parser->at += length;
    return true;
}

static const char *copy(struct parser *parser, const char *from, size_t length)
{
    const char *text = arena_strndup(parser->arena, from, length);
    return text != NULL ? text : fail(parser, "more memory");
}

/* A literal: a word, or anything between quotes. */
static const char *take_literal(struct parser *parser)
{
    skip_space(parser);
    char quote = *parser->at;
    if (quote == '\'' || quote == '"') {
        const char *begin = parser->at + 1;
        const char *end = strchr(begin, quote);
        if (end == NULL) {
            return fail(parser, "an end of the quotation that begins here");
        }
        parser->at = end + 1;
        return copy(parser, begin, (size_t)(end - begin));
    }
    const char *begin = parser->at;
    while (is_word_character(*parser->at)) {
        parser->at++;
    }
    return parser->at == begin ? fail(parser, "a value")
                               : copy(parser, begin, (size_t)(parser->at - begin));
}

/* A pattern without quotes goes to the next space or closing bracket that it did not open. */
static const char *take_pattern(struct parser *parser)
{
    skip_space(parser);
    if (*parser->at == '\'' || *parser->at == '"') {
        return take_literal(parser);
    }
    const char *begin = parser->at;
    int open = 0;
    while (*parser->at != '\0' && !isspace((unsigned char)*parser->at)) {
        open += *parser->at == '(';
        open -= *parser->at == ')';
        if (open < 0) {
            break;
        }
        parser->at++;
    }
    return parser->at == begin ? fail(parser, "a pattern")
                               : copy(parser, begin, (size_t)(parser->at - begin));
}

/* ---- one comparison ---- */

static bool add_argument(struct parser *parser, struct text_list *list, const char *argument)
{
    const char **items = argument == NULL || list->count == ARGUMENTS_MAX
                             ? NULL
                             : arena_grow(parser->arena, list->items, list->count, sizeof *items);
    if (items == NULL) {
        (void)fail(parser,
                   list->count == ARGUMENTS_MAX ? "a list of at most 100 values" : "a value");
        return false;
    }
    list->items = items;
    items[list->count++] = argument;
    return true;
}

static bool take_arguments(struct parser *parser, struct cluster_query *query)
{
    switch (query_operator_arguments(query->operator)) {
    case QUERY_ARGUMENTS_NONE:
        return true;
    case QUERY_ARGUMENTS_PATTERN:
        return add_argument(parser, &query->arguments, take_pattern(parser));
    case QUERY_ARGUMENTS_ONE:
        return add_argument(parser, &query->arguments, take_literal(parser));
    case QUERY_ARGUMENTS_LIST:
        break;
    }
    if (!take(parser, "[")) {
        return fail(parser, "a list [value, value]") != NULL;
    }
    do {
        if (!add_argument(parser, &query->arguments, take_literal(parser))) {
            return false;
        }
    } while (take(parser, ","));
    return take(parser, "]") || fail(parser, "\",\" or \"]\"") != NULL;
}

static enum query_operator take_operator(struct parser *parser)
{
    const char *name;
    for (size_t i = 0; (name = query_operator_spelling(i)) != NULL; i++) {
        if (take(parser, name)) {
            return query_operator_at(i);
        }
    }
    return QUERY_OPERATOR_NONE;
}

static struct cluster_query *new_query(struct parser *parser, enum query_kind kind)
{
    struct cluster_query *query = arena_alloc(parser->arena, sizeof *query);
    if (query == NULL) {
        return fail(parser, "more memory");
    }
    *query = (struct cluster_query){.kind = kind};
    return query;
}

static struct cluster_query *parse_comparison(struct parser *parser)
{
    skip_space(parser);
    const char *begin = parser->at;
    const char *word = take_literal(parser);
    struct cluster_query *query = word == NULL ? NULL : new_query(parser, QUERY_COMPARE);
    if (query == NULL) {
        return NULL;
    }
    if (!query_subject_read(word, &query->subject)) {
        parser->at = begin;
        return fail(parser, QUERY_SUBJECTS);
    }
    skip_space(parser);
    begin = parser->at;
    query->operator= take_operator(parser);
    if (query->operator==
        QUERY_OPERATOR_NONE || !query_subject_takes(&query->subject, query->operator)) {
        parser->at = begin;
        return fail(parser, query_subject_operators(&query->subject));
    }
    begin = parser->at;
    if (!take_arguments(parser, query)) {
        return NULL;
    }
    const char *wanted =
        query_arguments_wanted(&query->subject, query->operator, & query->arguments);
    if (wanted != NULL) {
        parser->at = begin;
        return fail(parser, wanted);
    }
    return query;
}

/* ---- compound expressions: not binds before and, and before or ---- */

/* No deeper than DEPTH_MAX. NOLINTBEGIN(misc-no-recursion) */

static struct cluster_query *parse_or(struct parser *parser);

static struct cluster_query *parse_one(struct parser *parser)
{
    struct cluster_query *query = NULL;
    if (++parser->depth > DEPTH_MAX) {
        return fail(parser, "an expression with fewer levels");
    }
    if (take(parser, "not") || take(parser, "!")) {
        struct cluster_query *inner = parse_one(parser);
        query = inner == NULL ? NULL : new_query(parser, QUERY_NOT);
        if (query != NULL) {
            query->left = inner;
        }
    } else if (take(parser, "(")) {
        query = parse_or(parser);
        if (query != NULL && !take(parser, ")")) {
            query = fail(parser, "\")\"");
        }
    } else {
        query = parse_comparison(parser);
    }
    parser->depth--;
    return query;
}

static struct cluster_query *join(struct parser *parser, enum query_kind kind,
                                  struct cluster_query *left, struct cluster_query *right)
{
    struct cluster_query *query = right == NULL ? NULL : new_query(parser, kind);
    if (query != NULL) {
        query->left = left;
        query->right = right;
    }
    return query;
}

static struct cluster_query *parse_and(struct parser *parser)
{
    struct cluster_query *query = parse_one(parser);
    while (query != NULL && (take(parser, "&&") || take(parser, "and"))) {
        query = join(parser, QUERY_AND, query, parse_one(parser));
    }
    return query;
}

static struct cluster_query *parse_or(struct parser *parser)
{
    struct cluster_query *query = parse_and(parser);
    while (query != NULL && (take(parser, "||") || take(parser, "or"))) {
        query = join(parser, QUERY_OR, query, parse_and(parser));
    }
    return query;
}

struct cluster_query *cluster_query_parse(const char *text, struct arena *arena,
                                          char ret_detail[CLUSTER_QUERY_DETAIL_SIZE])
{
    struct parser parser = {.text = text, .at = text, .arena = arena, .detail = ret_detail};
    ret_detail[0] = '\0';
    if (strlen(text) > CLUSTER_QUERY_MAX_BYTES) {
        return fail(&parser, "an expression of at most 2000 bytes");
    }
    struct cluster_query *query = parse_or(&parser);
    skip_space(&parser);
    return query != NULL && *parser.at != '\0' ? fail(&parser, "\"and\", \"or\" or the end")
                                               : query;
}

bool cluster_query_passes(const struct cluster_query *query, const json_t *instance)
{
    switch (query->kind) {
    case QUERY_AND:
        return cluster_query_passes(query->left, instance) &&
               cluster_query_passes(query->right, instance);
    case QUERY_OR:
        return cluster_query_passes(query->left, instance) ||
               cluster_query_passes(query->right, instance);
    case QUERY_NOT:
        return !cluster_query_passes(query->left, instance);
    case QUERY_COMPARE:
        break;
    }
    return query_compare(&query->subject, query->operator, & query->arguments, instance);
}

/* NOLINTEND(misc-no-recursion) */
