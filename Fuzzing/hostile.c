/* Publishes hostile messages with confirms: whatever a sender, or a thief of a worker's password, could send.
 *
 *   hostile HOST PORT USER EXAMPLES BINDINGS MESSAGES SEED LEDGER     password: environment variable HOSTILE_PASSWORD
 *
 *   EXAMPLES   folder of golden examples, NAME.json and NAME.minimal.json
 *   BINDINGS   lines EXCHANGE <tab> QUEUE <tab> KEY, the topology's
 *   LEDGER     what `recourse audit --published` reads: the messages whose source, id and type are intact
 *
 * Prints what it knows of the messages as JSON: how many reached each queue, how many of these must be dead letters,
 * how many must not, how many came twice. The same seed publishes the same messages. Every message is confirmed.
 * Exit codes: 0 done, 1 the broker failed, or nothing moved for five minutes.
 */
#include "mutate.h"

#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

enum { WINDOW = 4096, BACKLOG = 30000, MOST = 256, SECONDS_OF_SILENCE = 300 };

static struct example examples[MOST];
static int example_count;
static struct binding {
    char exchange[64], queue[64], key[80];
} bindings[MOST];
static int binding_count;
static struct queue {
    char name[64];
    uint64_t delivered, dead, valid, twice, listed, orders, equal;
} queues[16];
static int queue_count;

static void check(int ok, const char *what) {
    if (ok) return;
    fprintf(stderr, "hostile: %s failed\n", what);
    exit(1);
}

/* ---- What is there ---- */

static struct queue *queue_named(const char *name) {
    for (int i = 0; i < queue_count; i++)
        if (!strcmp(queues[i].name, name)) return &queues[i];
    check(queue_count < 16, "noting a queue");
    snprintf(queues[queue_count].name, sizeof queues[0].name, "%s", name);
    return &queues[queue_count++];
}

static void read_bindings(const char *path) {
    FILE *file = fopen(path, "r");
    check(file != NULL, "reading the bindings");
    struct binding one;
    while (fscanf(file, "%63s\t%63s\t%79s\n", one.exchange, one.queue, one.key) == 3 && binding_count < MOST) {
        bindings[binding_count++] = one;
        queue_named(one.queue);
    }
    fclose(file);
    queue_named("recourse.dead");
}

static int is_bound(const char *exchange, const char *key) {
    for (int i = 0; i < binding_count; i++)
        if (!strcmp(bindings[i].exchange, exchange) && !strcmp(bindings[i].key, key)) return 1;
    return 0;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void read_examples(const char *folder) {
    char *names[MOST], path[512];
    int count = 0;
    DIR *directory = opendir(folder);
    check(directory != NULL, "opening the examples");
    for (struct dirent *entry; (entry = readdir(directory)) && count < MOST;)
        if (strstr(entry->d_name, ".json")) names[count++] = strdup(entry->d_name);
    closedir(directory);
    /* A folder's order is the file system's; a seed must mean the same everywhere. */
    qsort(names, (size_t)count, sizeof names[0], by_name);
    for (int i = 0; i < count; i++) {
        struct example *one = &examples[example_count];
        char *end = strstr(names[i], ".minimal.json");
        one->minimal = end != NULL;
        if (!end) end = strstr(names[i], ".json");
        snprintf(one->type, sizeof one->type, "%.*s", (int)(end - names[i]), names[i]);
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        free(names[i]);
        FILE *file = fopen(path, "r");
        check(file != NULL, "reading an example");
        /* What no stage takes leaves its place to the next. */
        one->body.count = 0;
        char part[4096];
        for (size_t got; (got = fread(part, 1, sizeof part, file)) > 0;) append(&one->body, part, got);
        fclose(file);
        while (one->body.count && one->body.bytes[one->body.count - 1] == '\n') one->body.count--;
        one->inbound = is_bound("recourse.inbox", one->type);
        if (one->inbound || is_bound("recourse.events", one->type)) example_count++;
    }
    check(example_count > 0, "finding examples");
}

/* ---- Properties ---- */

static amqp_bytes_t bytes_of(const char *text) { return amqp_cstring_bytes(text); }

static amqp_bytes_t strange_bytes(amqp_pool_t *pool, size_t count) {
    amqp_bytes_t bytes = {count, amqp_pool_alloc(pool, count ? count : 1)};
    uint8_t fill = (uint8_t)next_random();
    int constant = (int)below(2);
    for (size_t i = 0; i < count; i++) ((uint8_t *)bytes.bytes)[i] = constant ? fill : (uint8_t)next_random();
    return bytes;
}

static amqp_table_t strange_table(amqp_pool_t *pool, int depth, int count);

static amqp_field_value_t strange_value(amqp_pool_t *pool, int depth) {
    static const char kinds[] = "tbBsuIildDSxTVAFS";
    amqp_field_value_t value = {.kind = (uint8_t)kinds[below(sizeof kinds - 1)]};
    value.value.u64 = below(3) ? next_random() : (below(2) ? UINT64_MAX : 0x7FFFFFFFFFFFFFFFu);
    switch (value.kind) {
        case 't': value.value.boolean = (int)below(2); break;
        /* RabbitMQ itself ends the channel of who sends infinities and what is not a number. */
        case 'f': value.value.f32 = (float)(int64_t)next_random(); break;
        case 'd': value.value.f64 = (double)(int64_t)next_random() * 1e280; break;
        case 'D': value.value.decimal = (amqp_decimal_t){(uint8_t)next_random(), (uint32_t)next_random()}; break;
        case 'S':
        case 'x': value.value.bytes = strange_bytes(pool, below(8) ? below(40) : below(3000)); break;
        case 'A': {
            int count = depth > 0 ? (int)below(5) : 0;
            value.value.array = (amqp_array_t){count, amqp_pool_alloc(pool, 1 + sizeof(amqp_field_value_t) * (size_t)count)};
            for (int i = 0; i < count; i++) value.value.array.entries[i] = strange_value(pool, depth - 1);
            break;
        }
        case 'F': value.value.table = strange_table(pool, depth - 1, depth > 0 ? (int)below(5) : 0); break;
        default: break;
    }
    return value;
}

static const char *const known_headers[] = {
    "x-death", "x-first-death-queue", "x-delivery-count", "x-fail-class", "x-fail-code", "x-fail-queue",
    "x-fail-exchange", "x-fail-routing-key", "x-fail-attempts", "x-fail-first-at", "x-fail-last-at", "x-fail-message",
    "x-fail-fingerprint", "x-fail-faults", "x-replay-count", "x-replay-of", "traceparent", "tracestate",
    "x-recourse-headers-truncated", "", "a\"b", "\xFF\xFE", "x\0y",
};
enum { KNOWN = sizeof known_headers / sizeof known_headers[0] };

static amqp_table_t strange_table(amqp_pool_t *pool, int depth, int count) {
    amqp_table_t table = {count, amqp_pool_alloc(pool, 1 + sizeof(amqp_table_entry_t) * (size_t)count)};
    for (int i = 0; i < count; i++) {
        table.entries[i].key = below(3) ? bytes_of(known_headers[below(KNOWN)]) : strange_bytes(pool, below(128));
        /* To RabbitMQ itself these name further routing keys; of the wrong type they end the sender's channel. */
        amqp_bytes_t *key = &table.entries[i].key;
        if ((key->len == 2 && !memcmp(key->bytes, "CC", 2)) || (key->len == 3 && !memcmp(key->bytes, "BCC", 3))) key->len = 1;
        table.entries[i].value = strange_value(pool, depth);
    }
    return table;
}

/* One value nested in thousands of others. */
static amqp_table_t deep_table(amqp_pool_t *pool, int levels) {
    amqp_table_t table = {0, NULL};
    for (int i = 0; i < levels; i++) {
        amqp_table_entry_t *entry = amqp_pool_alloc(pool, sizeof *entry);
        *entry = (amqp_table_entry_t){bytes_of("a"), {.kind = 'F', .value.table = table}};
        table = (amqp_table_t){1, entry};
    }
    return table;
}

/* What workers write themselves, as long as one frame can carry it: believed and copied, it would fit no frame again. */
static amqp_table_t forged_table(amqp_pool_t *pool) {
    static const char *const names[] = {"x-fail-exchange", "x-fail-routing-key", "x-fail-first-at", "traceparent"};
    amqp_table_t table = {4, amqp_pool_alloc(pool, 4 * sizeof(amqp_table_entry_t))};
    size_t room = below(2) ? 31000 : 100 + below(4000);
    for (int i = 0; i < 4; i++) {
        table.entries[i].key = bytes_of(names[i]);
        table.entries[i].value = (amqp_field_value_t){.kind = 'S', .value.bytes = strange_bytes(pool, room)};
    }
    return table;
}

/* What a thief would forge: that a worker gave this message up in another queue. */
static amqp_table_t forged_letter(amqp_pool_t *pool) {
    static const char *const pairs[][2] = {
        {"x-fail-class", "permanent"}, {"x-fail-code", "stage-fault"}, {"x-fail-queue", "recourse.penalty"},
        {"x-fail-message", "\x1b[2Jplease replay"}, {"x-fail-exchange", "amq.default"}, {"x-fail-last-at", "1"},
    };
    amqp_table_t table = {7, amqp_pool_alloc(pool, 7 * sizeof(amqp_table_entry_t))};
    for (int i = 0; i < 6; i++) {
        table.entries[i].key = bytes_of(pairs[i][0]);
        table.entries[i].value = (amqp_field_value_t){.kind = 'S', .value.bytes = bytes_of(pairs[i][1])};
    }
    table.entries[6].key = bytes_of(below(2) ? "x-fail-attempts" : "x-replay-count");
    table.entries[6].value = (amqp_field_value_t){.kind = 'l', .value.i64 = below(2) ? INT64_MAX : INT64_MIN};
    return table;
}

static amqp_table_t headers(amqp_pool_t *pool) {
    if (below(2000) == 0) return deep_table(pool, 1 + (int)below(18000));
    if (below(2000) == 0) {
        amqp_table_t table = {40000, amqp_pool_alloc(pool, 40000 * sizeof(amqp_table_entry_t))};
        for (int i = 0; i < 40000; i++)
            table.entries[i] = (amqp_table_entry_t){amqp_empty_bytes, {.kind = 'V'}};
        return table;
    }
    switch (below(12)) {
        case 0: return forged_table(pool);
        case 1: return forged_letter(pool);
        default: return strange_table(pool, 3, (int)below(8));
    }
}

/* They are the sender's own: whatever they say, the body is the truth. Only one that says the body is encoded has it refused. */
static void set_properties(amqp_basic_properties_t *p, struct document *document, amqp_pool_t *pool) {
    memset(p, 0, sizeof *p);
    p->_flags = AMQP_BASIC_DELIVERY_MODE_FLAG;
    p->delivery_mode = below(10) ? 2 : 1;
    if (below(5)) {
        p->_flags |= AMQP_BASIC_CONTENT_TYPE_FLAG;
        p->content_type = below(10) ? bytes_of("application/cloudevents+json") : strange_bytes(pool, below(256));
    }
    /* Two that are equal byte for byte, with no id to tell them apart, become one dead letter. */
    int short_body = document->body.count < 200;
    if (short_body || below(2)) {
        p->_flags |= AMQP_BASIC_MESSAGE_ID_FLAG;
        p->message_id = !short_body && below(20) == 0 ? strange_bytes(pool, below(256)) : bytes_of(document->id);
    }
    if (below(30) == 0) p->_flags |= AMQP_BASIC_TYPE_FLAG, p->type = strange_bytes(pool, below(256));
    if (below(30) == 0)
        p->_flags |= AMQP_BASIC_CORRELATION_ID_FLAG, p->correlation_id = strange_bytes(pool, below(256));
    if (below(20) == 0) {
        p->_flags |= AMQP_BASIC_CONTENT_ENCODING_FLAG;
        p->content_encoding = below(3) ? bytes_of("identity") : strange_bytes(pool, below(256));
        if (below(20) == 0) p->content_encoding = bytes_of("gzip");
        int is_plain = p->content_encoding.len == 8 && !memcmp(p->content_encoding.bytes, "identity", 8);
        if (p->content_encoding.len && !is_plain) document->fate = FATE_DEAD;
    }
    if (below(20) == 0) p->_flags |= AMQP_BASIC_REPLY_TO_FLAG, p->reply_to = strange_bytes(pool, below(256));
    if (below(20) == 0) p->_flags |= AMQP_BASIC_APP_ID_FLAG, p->app_id = strange_bytes(pool, below(256));
    if (below(10) == 0) p->_flags |= AMQP_BASIC_PRIORITY_FLAG, p->priority = (uint8_t)next_random();
    if (below(10) == 0) p->_flags |= AMQP_BASIC_TIMESTAMP_FLAG, p->timestamp = below(2) ? UINT64_MAX : next_random();
    /* Longer than any run: a message that the broker lets expire has no fate of its own. */
    if (below(20) == 0) p->_flags |= AMQP_BASIC_EXPIRATION_FLAG, p->expiration = bytes_of("864000000");
    if (below(8) == 0) p->_flags |= AMQP_BASIC_HEADERS_FLAG, p->headers = headers(pool);
}

/* ---- Where to ---- */

struct route {
    const char *exchange, *key;
    amqp_bytes_t key_bytes;
    struct queue *to[8];
    int count, listed; /* listed: the audit can look for it */
};

static const struct example *any_example(int inbound) {
    const struct example *one;
    /* An order to erase a person reads every dead letter there is, and here there are many: one in some 100,000. */
    do one = &examples[below((uint64_t)example_count)];
    while (one->inbound != inbound || (!strcmp(one->type, "customer.erasure-requested") && below(3000)));
    return one;
}

static void follow(struct route *route) {
    for (int i = 0; i < binding_count; i++)
        if (!strcmp(bindings[i].exchange, route->exchange) && !strcmp(bindings[i].key, route->key))
            route->to[route->count++] = queue_named(bindings[i].queue);
}

static const struct example *choose_route(struct route *route, amqp_pool_t *pool) {
    uint64_t chance = below(100);
    *route = (struct route){0};
    const struct example *example = any_example(!(chance >= 78 && chance < 86));
    if (chance < 78 || (chance < 86 && !example->inbound)) {
        route->exchange = chance < 78 ? "recourse.inbox" : "recourse.events";
        route->key = example->type;
        route->key_bytes = bytes_of(example->type);
        route->listed = chance < 78;
        follow(route);
    } else if (chance < 93) {
        /* Straight into a stage's queue, as who may use the default exchange could; into one that takes the type, for
           others keep it for a day, for the worker of a newer release. */
        int one;
        do one = (int)below((uint64_t)binding_count);
        while (strcmp(bindings[one].key, example->type));
        struct queue *queue = queue_named(bindings[one].queue);
        route->exchange = "";
        route->key_bytes = bytes_of(queue->name);
        route->to[route->count++] = queue;
    } else {
        route->exchange = "recourse.inbox";
        route->key_bytes = below(3) ? strange_bytes(pool, 1 + below(255)) : bytes_of("case.opened");
        route->to[route->count++] = queue_named("recourse.dead");
    }
    return example;
}

/* ---- The broker ---- */

static amqp_connection_state_t connect_to(char **argv) {
    amqp_connection_state_t c = amqp_new_connection();
    amqp_socket_t *socket = amqp_tcp_socket_new(c);
    const char *password = getenv("HOSTILE_PASSWORD");
    check(socket && amqp_socket_open(socket, argv[1], atoi(argv[2])) == 0, "connecting");
    check(password && amqp_login(c, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, argv[3], password).reply_type ==
              AMQP_RESPONSE_NORMAL, "logging in");
    amqp_channel_open(c, 1);
    check(amqp_get_rpc_reply(c).reply_type == AMQP_RESPONSE_NORMAL, "opening a channel");
    return c;
}

static uint64_t depth(amqp_connection_state_t c) {
    uint64_t most = 0;
    for (int i = 0; i < queue_count; i++) {
        amqp_queue_declare_ok_t *ok =
            amqp_queue_declare(c, 1, bytes_of(queues[i].name), 1, 1, 0, 0, amqp_empty_table);
        check(ok != NULL, "looking at a queue");
        if (ok->message_count > most) most = ok->message_count;
        amqp_maybe_release_buffers(c);
    }
    return most;
}

/* A private node that nobody else watches must not be filled faster than the workers empty it. */
static void wait_for_room(amqp_connection_state_t c) {
    uint64_t least = UINT64_MAX;
    time_t moved = time(NULL);
    for (uint64_t now; (now = depth(c)) > BACKLOG;) {
        if (now < least) least = now, moved = time(NULL);
        check(time(NULL) - moved < SECONDS_OF_SILENCE, "waiting for the workers");
        nanosleep(&(struct timespec){0, 50000000}, NULL);
    }
}

static uint64_t published, confirmed;
static uint8_t *is_confirmed; /* by delivery tag */

static void confirm(uint64_t tag, int multiple) {
    static uint64_t through; /* everything up to it is confirmed */
    check(tag <= published, "reading a confirm");
    for (uint64_t one = multiple ? through + 1 : tag; one <= tag; one++) {
        confirmed += !is_confirmed[one];
        is_confirmed[one] = 1;
    }
    while (through < published && is_confirmed[through + 1]) through++;
}

/* Reads what confirms there are, and waits until at most `open` messages lack one. */
static void read_confirms(amqp_connection_state_t c, uint64_t open) {
    for (;;) {
        int must = published - confirmed > open;
        struct timeval wait = {must ? SECONDS_OF_SILENCE : 0, 0};
        amqp_frame_t frame;
        int status = amqp_simple_wait_frame_noblock(c, &frame, &wait);
        if (status == AMQP_STATUS_TIMEOUT && !must) return;
        check(status == AMQP_STATUS_OK, "waiting for confirms");
        if (frame.frame_type != AMQP_FRAME_METHOD) continue;
        if (frame.payload.method.id == AMQP_CHANNEL_CLOSE_METHOD) {
            amqp_channel_close_t *close = frame.payload.method.decoded;
            fprintf(stderr, "hostile: the broker: %.*s\n", (int)close->reply_text.len, (char *)close->reply_text.bytes);
        }
        check(frame.payload.method.id == AMQP_BASIC_ACK_METHOD, "being confirmed");
        amqp_basic_ack_t *ack = frame.payload.method.decoded;
        confirm(ack->delivery_tag, ack->multiple);
        amqp_maybe_release_buffers(c);
    }
}

/* ---- The run ---- */

/* Valid complaints to come again: a stage takes each once, whatever the others say. No two of the others are equal: those
   would be one dead letter. */
enum { KEPT = 64 };
static struct kept {
    struct text body;
    struct queue *to[8];
    int count;
    size_t others;
} kept[KEPT];
static int kept_count;

static void keep(const struct document *document, const struct route *route) {
    struct kept *one = &kept[kept_count < KEPT ? kept_count++ : (int)below(KEPT)];
    one->body.count = 0;
    one->others = 0;
    append(&one->body, document->body.bytes, document->body.count);
    one->count = route->count;
    memcpy(one->to, route->to, sizeof one->to);
}

static void publish(amqp_connection_state_t c, const char *exchange, amqp_bytes_t key,
                    const amqp_basic_properties_t *properties, const struct text *body) {
    amqp_bytes_t bytes = {body->count, body->bytes};
    check(amqp_basic_publish(c, 1, bytes_of(exchange), key, 0, 0, properties, bytes) == AMQP_STATUS_OK, "publishing");
    published++;
    read_confirms(c, WINDOW);
}

static void publish_again(amqp_connection_state_t c) {
    struct kept *one = &kept[below((uint64_t)kept_count)];
    amqp_basic_properties_t none = {0};
    int differs = (int)below(2);
    size_t spaces = differs ? ++one->others : 0;
    for (size_t i = 0; i < spaces; i++) append(&one->body, " ", 1);
    publish(c, "recourse.inbox", bytes_of("complaint.received"), &none, &one->body);
    one->body.count -= spaces;
    for (int i = 0; i < one->count; i++) {
        one->to[i]->delivered++;
        if (differs) one->to[i]->dead++;
        else one->to[i]->twice++;
    }
}

/* Whether a message equal in id and body has gone to the queue before: such a one has no fate of its own, for it is the
   same dead letter or a duplicate. */
static int is_equal_to_another(const struct queue *queue, const amqp_basic_properties_t *properties, const struct text *body) {
    static uint64_t *seen;
    enum { PLACES = 1 << 23 };
    if (!seen) seen = calloc(PLACES, sizeof *seen);
    check(seen != NULL, "remembering messages");
    uint64_t hash = 0xCBF29CE484222325u;
    const struct { const void *bytes; size_t count; } parts[] = {
        {queue->name, strlen(queue->name) + 1},
        {properties->message_id.bytes, properties->_flags & AMQP_BASIC_MESSAGE_ID_FLAG ? properties->message_id.len : 0},
        {"", 1},
        {body->bytes, body->count},
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        for (size_t j = 0; j < parts[i].count; j++) hash = (hash ^ ((const uint8_t *)parts[i].bytes)[j]) * 0x100000001B3u;
    hash |= 1; /* 0 is a free place */
    uint64_t place = (hash >> 20) % PLACES;
    for (; seen[place]; place = (place + 1) % PLACES)
        if (seen[place] == hash) return 1;
    seen[place] = hash;
    return 0;
}

static uint64_t used[64];

static void publish_new(amqp_connection_state_t c, uint64_t number, amqp_pool_t *pool, FILE *ledger) {
    static struct document document;
    struct route route;
    amqp_basic_properties_t properties;
    used[make_document(&document, choose_route(&route, pool), number)]++;
    set_properties(&properties, &document, pool);
    publish(c, route.exchange, route.key_bytes, &properties, &document.body);
    int unrouted = route.count == 1 && !strcmp(route.to[0]->name, "recourse.dead");
    int complaint = route.listed && document.fate == FATE_VALID && !strcmp(document.example->type, "complaint.received");
    for (int i = 0; i < route.count; i++) {
        route.to[i]->delivered++;
        /* What is bound to the queue of dead letters is an order to the worker there, not one of them. */
        int is_order = !unrouted && !strcmp(route.to[i]->name, "recourse.dead");
        route.to[i]->orders += (uint64_t)is_order;
        route.to[i]->equal += !is_order && is_equal_to_another(route.to[i], &properties, &document.body);
        route.to[i]->dead += !is_order && (unrouted || document.fate == FATE_DEAD);
        route.to[i]->valid += (uint64_t)complaint;
    }
    if (complaint) keep(&document, &route);
    if (route.listed && (document.fate == FATE_ANY || document.fate == FATE_VALID)) {
        for (int i = 0; i < route.count; i++) route.to[i]->listed++;
        fprintf(ledger, "{\"source\":\"%s\",\"id\":\"%s\",\"type\":\"%s\",\"confirmed\":true}\n", document.source,
                document.id, document.example->type);
    }
}

static void report(double seconds) {
    printf("{\"published\": %llu, \"confirmed\": %llu, \"seconds\": %.1f, \"strategies\": {", (unsigned long long)published,
           (unsigned long long)confirmed, seconds);
    for (int i = 0; i < strategy_count; i++)
        printf("%s\"%s\": %llu", i ? ", " : "", strategy_names[i], (unsigned long long)used[i]);
    printf("}, \"queues\": {");
    for (int i = 0; i < queue_count; i++)
        printf("%s\"%s\": {\"delivered\": %llu, \"dead\": %llu, \"valid\": %llu, \"twice\": %llu, \"listed\": %llu, "
               "\"orders\": %llu, \"equal\": %llu}",
               i ? ", " : "", queues[i].name, (unsigned long long)queues[i].delivered,
               (unsigned long long)queues[i].dead, (unsigned long long)queues[i].valid,
               (unsigned long long)queues[i].twice, (unsigned long long)queues[i].listed,
               (unsigned long long)queues[i].orders, (unsigned long long)queues[i].equal);
    printf("}}\n");
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
    if (argc != 9) {
        fprintf(stderr, "usage: see the head of hostile.c\n");
        return 64;
    }
    uint64_t messages = strtoull(argv[6], NULL, 10);
    seed_random(strtoull(argv[7], NULL, 10));
    read_bindings(argv[5]);
    read_examples(argv[4]);
    FILE *ledger = fopen(argv[8], "w");
    check(ledger != NULL, "opening the ledger");
    is_confirmed = calloc(messages + 2, 1);
    check(is_confirmed != NULL, "reserving memory");
    amqp_connection_state_t out = connect_to(argv), watch = connect_to(argv);
    amqp_confirm_select(out, 1);
    check(amqp_get_rpc_reply(out).reply_type == AMQP_RESPONSE_NORMAL, "asking for confirms");
    amqp_pool_t pool;
    init_amqp_pool(&pool, 1 << 16);
    double began = now();
    for (uint64_t number = 1; published < messages; number++) {
        if (published % 2000 == 0) wait_for_room(watch);
        if (kept_count > 0 && below(100) == 0) publish_again(out);
        else publish_new(out, number, &pool, ledger);
        recycle_amqp_pool(&pool);
    }
    read_confirms(out, 0);
    check(fclose(ledger) == 0, "writing the ledger");
    report(now() - began);
    amqp_connection_close(out, AMQP_REPLY_SUCCESS);
    amqp_connection_close(watch, AMQP_REPLY_SUCCESS);
    return 0;
}
