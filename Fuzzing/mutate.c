#include "mutate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state, first_seed;

/* splitmix64: the same seed gives the same messages everywhere. */
uint64_t next_random(void) {
    uint64_t z = (state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

void seed_random(uint64_t seed) { state = first_seed = seed; }

uint64_t below(uint64_t limit) { return limit ? next_random() % limit : 0; }

static void reserve(struct text *text, size_t more) {
    if (text->count + more <= text->room) return;
    while (text->room < text->count + more) text->room = text->room ? 2 * text->room : 4096;
    text->bytes = realloc(text->bytes, text->room);
    if (!text->bytes) abort();
}

void append(struct text *text, const void *bytes, size_t count) {
    reserve(text, count);
    memcpy(text->bytes + text->count, bytes, count);
    text->count += count;
}

static void append_text(struct text *text, const char *string) { append(text, string, strlen(string)); }

static void repeat(struct text *text, const char *string, size_t times) {
    for (size_t i = 0; i < times; i++) append_text(text, string);
}

static void splice(struct text *text, size_t from, size_t to, const char *bytes, size_t count) {
    reserve(text, count);
    memmove(text->bytes + from + count, text->bytes + to, text->count - to);
    memcpy(text->bytes + from, bytes, count);
    text->count = text->count + count - (to - from);
}

/* The values of a compact document: where each lies, the name before it, how deep it is. */
enum { SPANS = 512 };
struct span {
    size_t from, to, name; /* name: the opening quotation mark, or `from` for an element */
    int parent;
    char kind; /* the first character */
};
static struct span spans[SPANS];
static int span_count;

static size_t skip_string(const char *s, size_t i) {
    for (i++; s[i] != '"'; i++)
        if (s[i] == '\\') i++;
    return i + 1;
}

/* The examples are well formed and compact; what follows a mutation is never scanned. */
static size_t scan(const char *s, size_t i, size_t name, int parent) {
    int self = span_count < SPANS - 1 ? span_count++ : SPANS - 1;
    spans[self] = (struct span){i, i, name, parent, s[i]};
    if (s[i] == '{' || s[i] == '[') {
        char close = s[i] == '{' ? '}' : ']';
        i++;
        while (s[i] != close) {
            size_t start = i;
            if (close == '}') i = skip_string(s, i) + 1;
            i = scan(s, i, start, self);
            if (s[i] == ',') i++;
        }
        i++;
    } else if (s[i] == '"') {
        i = skip_string(s, i);
    } else {
        while (!strchr(",]}", s[i])) i++;
    }
    spans[self].to = i;
    return i;
}

static void rescan(struct text *text) {
    span_count = 0;
    reserve(text, 1);
    text->bytes[text->count] = 0;
    scan(text->bytes, 0, 0, -1);
}

static int find(const struct text *text, int parent, const char *name) {
    size_t count = strlen(name);
    for (int i = 0; i < span_count; i++)
        if (spans[i].parent == parent && spans[i].name != spans[i].from &&
            !strncmp(text->bytes + spans[i].name + 1, name, count) && text->bytes[spans[i].name + 1 + count] == '"')
            return i;
    return -1;
}

static void set_member(struct text *text, int parent, const char *name, const char *value) {
    int at = find(text, parent, name);
    if (at < 0) return;
    splice(text, spans[at].from, spans[at].to, value, strlen(value));
    rescan(text);
}

/* A value inside of `data`, by chance; -1 if it has none. */
static int inside_data(const struct text *text) {
    int data = find(text, 0, "data"), found = -1;
    uint64_t seen = 0;
    for (int i = data + 1; data >= 0 && i < span_count; i++)
        if (below(++seen) == 0) found = i;
    return found;
}

static const char *const strange_texts[] = {
    "\"\"", "\" \"", "\"0002-01-01T00:00:00+08:00\"", "\"9998-12-31T23:59:59+14:00\"", "\"2026-02-30\"",
    "\"2026-W60\"", "\"9998-W53\"", "\"2026-Q4\"", "\"\\u0001\\u001b[31m\"", "\"\xE2\x80\xAE\xF0\x9F\x98\x80\"",
    "\"'; DROP TABLE journal; --\"", "\"../../etc/passwd\"", "\"%s%n%x\"", "\"<script>alert(1)</script>\"",
    "\"e\xCC\x81\"", "\"-\"", "\"a:b_c-d\"", "\"recourse/handling\"", "\"hq\"", "\"\\ud83d\\ude00\"",
};
static const char *const strange_numbers[] = {
    "0", "-1", "-0", "1e3", "1.0", "1.5", "9007199254740992", "9007199254740993", "-9007199254740993",
    "9223372036854775808", "1e308", "1e-400", "0.1e1", "123456789012345678901234567890", "100000000000000000000e-18",
};
static const char *const other_kinds[] = {"{}", "[]", "null", "true", "7", "\"seven\"", "[[[]]]", "{\"a\":1}", "0.5"};
static const char *const garbage[] = {
    "nul", "{", "[", "\"", "{\"a\"", "[1,]", "{,}", "01", "+1", ".5", "1.", "1e", "--1", "NaN", "Infinity", "'a'",
    "\"\\x\"", "\"\\u12\"", "\"\n\"", "[1 2]", "{\"a\":1,}", "\xEF\xBB\xBF{}", "\xFF\xFE{\0}\0", "/**/{}", "true", "7",
    "null", "[]", "{}", "\"text\"", "[{}]",
};
#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define ANY_OF(array) (array)[below(COUNT(array))]

const char *const strategy_names[] = {
    "valid", "other-kind", "member-missing", "strange-value", "unknown-members", "long-array", "doubled-member",
    "truncated", "broken-utf-8", "nul-or-surrogate", "deep", "random-bytes", "garbage", "envelope", "data-replaced",
    "huge-number", "oversized", "at-the-limit", "many-values", "flipped-bytes", "many-faults",
};
const int strategy_count = COUNT(strategy_names);
/* In thousandths; the costly ones are rare. What is left over is valid. */
static const int weights[] = {0,  150, 110, 130, 20, 5,  50, 60, 40, 60, 30,
                              30, 60,  80,  40,  20, 0,  0,  1,  20, 4};
enum { BODY_LIMIT = 1 << 20 };

static void envelope(struct text *body) {
    static const char *const ids[] = {"\"\"", "7", "null", "\"a b\"", "\"_a\"", "\"\xE4\xBD\xA0\"", "\"a\\u0007\""};
    static const char *const sources[] = {"\"\"", "null", "{}", "17"};
    static const char *const versions[] = {"\"0.3\"", "1.0", "null", "\"\""};
    static const char *const types[] = {"\"complaint.received\"", "\"complaint.received.v2\"", "\"\"", "null",
                                        "\"Complaint.Received.v1\"", "\"unknown.event.v1\""};
    static const char *const times[] = {"\"yesterday\"", "\"2026-11-21T10:00:00\"", "\"2026-13-01T00:00:00Z\"", "0",
                                        "\"9999-01-01T00:00:00Z\"", "\"\""};
    int at;
    switch (below(6)) {
        case 0: set_member(body, 0, "id", ANY_OF(ids)); return;
        case 1: set_member(body, 0, "source", ANY_OF(sources)); return;
        case 2: set_member(body, 0, "specversion", ANY_OF(versions)); return;
        case 3: set_member(body, 0, "type", ANY_OF(types)); return;
        case 4: set_member(body, 0, "time", ANY_OF(times)); return;
        default:
            /* The comma goes with the member; `specversion` is the first and has one behind it. */
            at = find(body, 0, "specversion");
            splice(body, spans[at].name, spans[at].to + 1, "", 0);
    }
}

static enum fate nest(struct text *body, int at) {
    size_t levels = below(2) ? 65 + below(30) : 1000 + below(100000);
    struct text deep = {0};
    repeat(&deep, below(2) ? "[" : "{\"a\":", levels);
    splice(body, spans[at].from, spans[at].to, deep.bytes, deep.count);
    free(deep.bytes);
    return FATE_DEAD;
}

/* Adds members that the contract does not know, which it ignores. */
static enum fate unknown_members(struct text *body) {
    struct text more = {0};
    char name[64];
    if (below(4) == 0) {
        append_text(&more, "\"deep\":");
        repeat(&more, "[", 50);
        repeat(&more, "]", 50);
        append_text(&more, ",");
    }
    for (uint64_t i = 0, count = below(3) ? below(20) : below(2000); i < count; i++) {
        snprintf(name, sizeof name, "\"x%llu\":%s,", (unsigned long long)i, ANY_OF(other_kinds));
        append_text(&more, name);
    }
    splice(body, 1, 1, more.bytes ? more.bytes : "", more.count);
    free(more.bytes);
    return FATE_ANY;
}

static enum fate lengthen_array(struct text *body) {
    for (int i = 1; i < span_count; i++) {
        if (spans[i].kind != '[' || spans[i].to - spans[i].from < 3) continue;
        struct text more = {0};
        for (uint64_t n = 1 + below(3000); n > 0; n--) {
            append(&more, body->bytes + spans[i].from + 1, spans[i].to - spans[i].from - 2);
            append_text(&more, ",");
        }
        splice(body, spans[i].from + 1, spans[i].from + 1, more.bytes, more.count);
        free(more.bytes);
        break;
    }
    return FATE_ANY;
}

/* An array of members that are all wrong: each is a fault, and the list of faults must stay short. */
static enum fate many_faults(struct text *body) {
    struct text wrong = {0};
    append_text(&wrong, "{\"customers\":[");
    repeat(&wrong, "{\"name\":1},", 999);
    append_text(&wrong, "7],\"violationIds\":[");
    repeat(&wrong, "\"?\",", 999);
    append_text(&wrong, "0],\"documents\":[");
    repeat(&wrong, "\"\",", 199);
    append_text(&wrong, "0]}");
    int data = find(body, 0, "data");
    splice(body, spans[data].from, spans[data].to, wrong.bytes, wrong.count);
    free(wrong.bytes);
    return FATE_DEAD;
}

static void many_values(struct text *body) {
    struct text many = {0};
    append_text(&many, "\"x\":[");
    repeat(&many, below(2) ? "{}," : "0,", 100000 + below(200000));
    append_text(&many, "0],");
    splice(body, 1, 1, many.bytes, many.count);
    free(many.bytes);
}

static int is_id(const struct text *text, const struct span *span) {
    return span->name != span->from && !strncmp(text->bytes + span->from - 4, "Id\":", 4);
}

static enum fate mutate(int strategy, struct text *body, const struct example *example) {
    int at = inside_data(body);
    int data = find(body, 0, "data");
    if (at < 0) at = data;
    size_t from = spans[at].from, to = spans[at].to, place = 1 + below(body->count - 2);
    char byte[8];
    const char *value;
    switch (strategy) {
        case 1: {
            do value = ANY_OF(other_kinds);
            while (strchr("-0123456789", value[0]) ? strchr("-0123456789", spans[at].kind) != NULL
                                                   : value[0] == spans[at].kind || (value[0] == 't' && spans[at].kind == 'f'));
            splice(body, from, to, value, strlen(value));
            return FATE_ANY;
        }
        case 2: {
            size_t start = spans[at].name;
            if (body->bytes[to] == ',') to++;
            else if (body->bytes[start - 1] == ',') start--;
            splice(body, start, to, "", 0);
            return at == data ? FATE_DEAD : FATE_ANY;
        }
        case 3:
            /* What a stage says of a case that no stage has opened is waited for, a day long. */
            if (!example->inbound && is_id(body, &spans[at])) return FATE_ANY;
            if (spans[at].kind == '"' && below(4) == 0) {
                struct text longer = {0};
                append_text(&longer, "\"");
                repeat(&longer, below(2) ? "x" : "\xE9\x95\xBF", 1 + below(8000));
                append_text(&longer, "\"");
                splice(body, from, to, longer.bytes, longer.count);
                free(longer.bytes);
                return FATE_ANY;
            }
            value = spans[at].kind == '"' ? ANY_OF(strange_texts) : ANY_OF(strange_numbers);
            if (!strchr("{[", spans[at].kind)) splice(body, from, to, value, strlen(value));
            return FATE_ANY;
        case 4: return unknown_members(body);
        case 5: return lengthen_array(body);
        case 6:
            splice(body, 1, 1, "\"id\":\"twice\",", 13);
            return FATE_DEAD;
        case 7:
            body->count = below(body->count);
            return FATE_DEAD;
        case 8:
            at = find(body, 0, "source");
            byte[0] = (char)(0x80 + below(0x80));
            byte[1] = ' ';
            splice(body, spans[at].from + 1, spans[at].from + 1, byte, 2);
            return FATE_DEAD;
        case 9: {
            static const char *const escapes[] = {"\\u0000", "\\ud800", "\\udc00", "\\ud800\\ud800", "\\udfff\\ud800"};
            at = find(body, 0, "source");
            value = ANY_OF(escapes);
            splice(body, spans[at].from + 1, spans[at].from + 1, value, strlen(value));
            return FATE_DEAD;
        }
        case 10: return nest(body, at);
        case 11:
            body->count = 0;
            for (uint64_t n = below(400); n > 0; n--) {
                byte[0] = (char)next_random();
                append(body, byte, 1);
            }
            return FATE_DEAD;
        case 12:
            body->count = 0;
            append_text(body, below(40) ? ANY_OF(garbage) : "");
            return FATE_DEAD;
        case 13: envelope(body); return FATE_DEAD;
        case 14:
            /* An empty object lacks the members that every inbound event requires. */
            value = other_kinds[below(6)];
            splice(body, spans[data].from, spans[data].to, value, strlen(value));
            return FATE_DEAD;
        case 15:
            splice(body, from, to, "1e999", 5);
            return FATE_DEAD;
        case 16:
            repeat(body, " ", BODY_LIMIT + 1 + below(1000) - body->count);
            return FATE_DEAD;
        case 17:
            repeat(body, " ", BODY_LIMIT - body->count);
            return FATE_ANY;
        case 18: many_values(body); return FATE_HIDDEN;
        case 19:
            /* Not in its time: an event that comes from the future may wait for a day. */
            at = find(body, 0, "time");
            for (uint64_t n = 1 + below(4); n > 0; n--, place = 1 + below(body->count - 2))
                if (place < spans[at].name || place >= spans[at].to) body->bytes[place] ^= (char)(1 << below(7));
            return FATE_HIDDEN;
        case 20: return example->inbound ? many_faults(body) : FATE_HIDDEN;
        default: return FATE_VALID;
    }
}

static int choose_strategy(void) {
    if (below(20000) == 0) return below(2) ? 16 : 17;
    int64_t chance = (int64_t)below(1000);
    for (int i = 1; i < strategy_count; i++)
        if ((chance -= weights[i]) < 0) return i;
    return 0;
}

int make_document(struct document *document, const struct example *example, uint64_t number) {
    struct text *body = &document->body;
    char value[96], time[64];
    body->count = 0;
    append(body, example->body.bytes, example->body.count);
    rescan(body);
    document->example = example;
    snprintf(document->source, sizeof document->source, "urn:hostile:%llu", (unsigned long long)below(16));
    snprintf(document->id, sizeof document->id, "h-%llu-%llu", (unsigned long long)first_seed,
             (unsigned long long)number);
    /* More than a day old, so that what it refers to is not waited for long. */
    snprintf(time, sizeof time, "\"2026-10-%02dT%02d:00:00+08:00\"", 1 + (int)below(28), (int)below(24));
    set_member(body, 0, "time", time);
    snprintf(value, sizeof value, "\"%s\"", document->source);
    set_member(body, 0, "source", value);
    snprintf(value, sizeof value, "\"%s\"", document->id);
    set_member(body, 0, "id", value);
    static const char *const own[] = {"complaintId", "serviceId", "violationId", "eventId"};
    for (size_t i = 0; i < COUNT(own) && example->inbound; i++)
        set_member(body, find(body, 0, "data"), own[i], value);
    int strategy = choose_strategy();
    document->fate = mutate(strategy, body, example);
    return strategy;
}
