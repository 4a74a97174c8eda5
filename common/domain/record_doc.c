#include "common/domain/record_access.h"

static const char *kind_text(const struct record_field *field)
{
    switch (field->kind) {
    case RECORD_TEXT:
        return "text";
    case RECORD_INTEGER:
    case RECORD_OPTIONAL:
        return "integer";
    case RECORD_BOOLEAN:
        return "boolean";
    case RECORD_TEXT_LIST:
        return "list of texts";
    case RECORD_OBJECT:
        return "map";
    case RECORD_LIST:
        return "list of maps";
    }
    return "?";
}

static void remember(struct record_document *document, const struct record_spec *spec)
{
    size_t room = sizeof document->specs / sizeof document->specs[0];
    for (size_t i = 0; i < document->count; i++) {
        if (document->specs[i] == spec) {
            return;
        }
    }
    if (document->count < room) {
        document->specs[document->count++] = spec;
    }
}

static void write_limit(const struct record_field *field, FILE *out)
{
    bool is_text = field->kind == RECORD_TEXT;
    bool is_list = field->kind == RECORD_TEXT_LIST || field->kind == RECORD_LIST;
    if ((!is_text && !is_list) || record_max(field) == RECORD_UNBOUNDED) {
        return;
    }
    fprintf(out, "%zu %s%s", record_max(field), is_text ? "bytes" : "elements",
            field->flags & RECORD_CUTTABLE ? ", cut" : "");
}

void record_write_markdown(const struct record_spec *spec, size_t first,
                           struct record_document *document, FILE *out)
{
    fputs("| key | type | limit | meaning |\n|---|---|---|---|\n", out);
    for (size_t i = first; i < spec->field_count; i++) {
        const struct record_field *field = &spec->fields[i];
        fprintf(out, "| `%s`%s | %s", field->key, field->flags & RECORD_REQUIRED ? " *" : "",
                kind_text(field));
        if (field->sub != NULL) {
            fprintf(out, " (%s)", field->sub->name);
            remember(document, field->sub);
        }
        fputs(" | ", out);
        write_limit(field, out);
        fprintf(out, " | %s |\n", field->doc);
    }
}

void record_write_markdown_rest(struct record_document *document, FILE *out)
{
    while (document->done < document->count) {
        const struct record_spec *spec = document->specs[document->done++];
        fprintf(out, "\n### %s\n\n%s\n\n", spec->name, spec->doc);
        record_write_markdown(spec, 0, document, out);
    }
}
