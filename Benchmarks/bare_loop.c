/* What the broker alone allows: a loop over librabbitmq that takes N messages from a queue, publishes each body to an
 * exchange with confirms, and acknowledges in groups. No decoding, no database, no decisions. And what measures: it
 * fills queues and looks at them, the same way for whoever works between them.
 *
 *   bare_loop loop QUEUE EXCHANGE KEY N       prints messages per second
 *   bare_loop fill FILE EXCHANGE KEY N        publishes the first N lines of FILE with confirms; prints them per second
 *   bare_loop watch FROM TO N [QUEUE…]        waits until FROM is being emptied, TO has N messages more and each QUEUE
 *                                             none; prints a line `WHAT MESSAGES SECOND` at each of: ready,
 *                                             begun (FROM has less), first, quarter, late (three quarters) and done
 *                                             (messages of TO)
 *   bare_loop rate FROM CONSUMERS TO WARM SECONDS
 *                                             waits until FROM has so many consumers and TO some messages, and WARM
 *                                             seconds more; prints how many messages a second TO gains during SECONDS,
 *                                             and how many FROM has left
 *   bare_loop latency EXCHANGE KEY FROM_EXCHANGE FROM_KEY RATE WARM SECONDS FILE
 *                                             publishes lines of FILE at RATE and waits for an event of FROM_KEY that
 *                                             follows from each: it has the same `traceparent`, whose trace id is the
 *                                             line's number from 0. Prints p50, p99 and the longest in milliseconds,
 *                                             from the moment at which a message was due, without those of the first
 *                                             WARM seconds
 *   bare_loop queue NAME EXCHANGE KEY         declares a transient queue with a binding
 *   bare_loop purge NAME…                     empties queues
 *   bare_loop depth NAME…                     prints how many messages are ready in each
 *
 * The broker is that of RECOURSE_AMQP_URL. Seconds are those of CLOCK_MONOTONIC.
 * Exit codes: 0 done, 1 the broker failed or ten minutes (fill: thirty) passed, 64 usage.
 */
#define _GNU_SOURCE
#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PREFETCH = 512, GROUP = 64, WINDOW = 4096, LIMIT = 600, FILL_LIMIT = 1800 };

static const struct timespec LOOK = {0, 5000000};

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void check(int ok, const char *what) {
    if (!ok) {
        fprintf(stderr, "bare_loop: %s failed\n", what);
        exit(1);
    }
}

static int answered(amqp_connection_state_t c) {
    return amqp_get_rpc_reply(c).reply_type == AMQP_RESPONSE_NORMAL;
}

static amqp_connection_state_t open_connection(void) {
    static char url[1024];
    const char *given = getenv("RECOURSE_AMQP_URL");
    check(given != NULL && strlen(given) < sizeof url, "RECOURSE_AMQP_URL");
    strcpy(url, given);
    struct amqp_connection_info broker;
    amqp_default_connection_info(&broker);
    check(amqp_parse_url(url, &broker) == AMQP_STATUS_OK, "RECOURSE_AMQP_URL");
    amqp_connection_state_t c = amqp_new_connection();
    amqp_socket_t *socket = amqp_tcp_socket_new(c);
    check(socket && amqp_socket_open(socket, broker.host, broker.port) == 0, "connect");
    check(amqp_login(c, broker.vhost, 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, broker.user, broker.password).reply_type ==
              AMQP_RESPONSE_NORMAL, "login");
    amqp_channel_open(c, 1);
    check(answered(c), "open channel");
    return c;
}

static uint32_t look(amqp_connection_state_t c, const char *queue, uint32_t *consumers) {
    amqp_queue_declare_ok_t *ok = amqp_queue_declare(c, 1, amqp_cstring_bytes(queue), 1, 0, 0, 0, amqp_empty_table);
    check(ok != NULL, "look at queue");
    uint32_t count = ok->message_count;
    if (consumers) *consumers = ok->consumer_count;
    amqp_maybe_release_buffers(c);
    return count;
}

static uint32_t depth(amqp_connection_state_t c, const char *queue) { return look(c, queue, NULL); }

static amqp_basic_properties_t persistent(void) {
    amqp_basic_properties_t properties = {0};
    properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG;
    properties.delivery_mode = 2;
    properties.content_type = amqp_cstring_bytes("application/cloudevents+json");
    return properties;
}

static void publish(amqp_connection_state_t c, const char *exchange, const char *key, amqp_bytes_t body) {
    amqp_basic_properties_t properties = persistent();
    check(amqp_basic_publish(c, 1, amqp_cstring_bytes(exchange), amqp_cstring_bytes(key), 0, 0, &properties, body) == 0,
          "publish");
}

/* Confirms: as many as are there; waits for the first so many microseconds. */
static void take_confirms(amqp_connection_state_t out, uint64_t *confirmed, long microseconds) {
    amqp_frame_t frame;
    struct timeval wait = {0, microseconds};
    while (amqp_simple_wait_frame_noblock(out, &frame, &wait) == AMQP_STATUS_OK) {
        if (frame.frame_type == AMQP_FRAME_METHOD) {
            check(frame.payload.method.id != AMQP_BASIC_NACK_METHOD, "confirm");
            if (frame.payload.method.id == AMQP_BASIC_ACK_METHOD) {
                amqp_basic_ack_t *ack = frame.payload.method.decoded;
                if (ack->delivery_tag > *confirmed) *confirmed = ack->delivery_tag;
            }
        }
        wait.tv_usec = 0;
    }
    amqp_maybe_release_buffers(out);
}

static void consume(amqp_connection_state_t c, const char *queue, int no_ack) {
    amqp_basic_consume(c, 1, amqp_cstring_bytes(queue), amqp_empty_bytes, 0, no_ack, 0, amqp_empty_table);
    check(answered(c), "basic.consume");
}

/* One connection consumes, one publishes, as in the worker. */
static void loop(const char *queue, const char *exchange, const char *key, uint64_t n) {
    amqp_connection_state_t in = open_connection(), out = open_connection();
    amqp_confirm_select(out, 1);
    check(answered(out), "confirm.select");
    amqp_basic_qos(in, 1, 0, PREFETCH, 0);
    check(answered(in), "basic.qos");
    consume(in, queue, 0);
    uint64_t taken = 0, confirmed = 0, acknowledged = 0;
    double started = 0;
    while (confirmed < n) {
        if (taken < n && taken - confirmed < WINDOW) {
            struct timeval wait = {0, 2000};
            amqp_envelope_t envelope;
            amqp_maybe_release_buffers(in);
            amqp_rpc_reply_t reply = amqp_consume_message(in, &envelope, &wait, 0);
            if (reply.reply_type == AMQP_RESPONSE_NORMAL) {
                if (taken == 0) started = now();
                publish(out, exchange, key, envelope.message.body);
                taken++;
                amqp_destroy_envelope(&envelope);
            } else {
                check(reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION && reply.library_error == AMQP_STATUS_TIMEOUT,
                      "consume");
            }
        }
        take_confirms(out, &confirmed, taken < n ? 0 : 1000);
        if (confirmed >= acknowledged + GROUP || confirmed == n) {
            if (confirmed > acknowledged) amqp_basic_ack(in, 1, confirmed, 1);
            acknowledged = confirmed;
        }
        check(started == 0 || now() - started < LIMIT, "ten minutes");
    }
    double rate = (double)n / (now() - started);
    /* The last acknowledgement has to arrive before the connection goes. */
    amqp_connection_close(in, AMQP_REPLY_SUCCESS);
    printf("%.0f\n", rate);
}

static void fill(const char *path, const char *exchange, const char *key, uint64_t n) {
    FILE *file = fopen(path, "r");
    check(file != NULL, "open the file");
    amqp_connection_state_t out = open_connection();
    amqp_confirm_select(out, 1);
    check(answered(out), "confirm.select");
    uint64_t sent = 0, confirmed = 0;
    double started = now();
    char *line = NULL;
    size_t room = 0;
    while (confirmed < n) {
        if (sent < n && sent - confirmed < WINDOW) {
            ssize_t length = getline(&line, &room, file);
            check(length > 1, "read a line");
            publish(out, exchange, key, (amqp_bytes_t){(size_t)length - 1, line});
            sent++;
            if (sent % GROUP == 0) take_confirms(out, &confirmed, 0);
        } else {
            take_confirms(out, &confirmed, 10000);
        }
        check(now() - started < FILL_LIMIT, "half an hour");
    }
    printf("%.0f\n", (double)n / (now() - started));
}

static void tell(const char *what, uint32_t count) {
    printf("%s %" PRIu32 " %.6f\n", what, count, now());
    fflush(stdout);
}

static void watch(const char *from, const char *to, uint32_t n, int others, char **other) {
    amqp_connection_state_t c = open_connection();
    uint32_t full = depth(c, from), before = depth(c, to), has = 0;
    int begun = 0, first = 0, quarter = 0, late = 0;
    double limit = now() + LIMIT;
    tell("ready", before);
    for (;;) {
        if (!begun && depth(c, from) < full) {
            begun = 1;
            tell("begun", 0);
        }
        has = depth(c, to);
        if (!first && has > before) {
            first = 1;
            tell("first", has - before);
        }
        if (!quarter && has - before >= n / 4) {
            quarter = 1;
            tell("quarter", has - before);
        }
        if (!late && has - before >= n - n / 4) {
            late = 1;
            tell("late", has - before);
        }
        if (has - before >= n) {
            int left = 0;
            for (int index = 0; index < others && !left; index++) left = depth(c, other[index]) > 0;
            if (!left) break;
        }
        check(now() < limit, "ten minutes");
        nanosleep(&LOOK, NULL);
    }
    tell("done", has - before);
}

static void rate(const char *from, uint32_t consumers, const char *to, double warm, double seconds) {
    amqp_connection_state_t c = open_connection();
    double limit = now() + LIMIT;
    uint32_t there = 0;
    while (look(c, from, &there), there < consumers || depth(c, to) == 0) {
        check(now() < limit, "ten minutes");
        nanosleep(&LOOK, NULL);
    }
    nanosleep(&(struct timespec){(time_t)warm, 0}, NULL);
    uint32_t before = depth(c, to);
    double started = now();
    nanosleep(&(struct timespec){(time_t)seconds, 0}, NULL);
    uint32_t after = depth(c, to);
    double ended = now();
    printf("%.1f %" PRIu32 "\n", (after - before) / (ended - started), depth(c, from));
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The number in the trace id: its last sixteen digits. */
static uint64_t trace_number(amqp_bytes_t body) {
    static const char mark[] = "\"traceparent\":\"00-";
    char *found = memmem(body.bytes, body.len, mark, sizeof mark - 1);
    check(found != NULL && found + sizeof mark - 1 + 32 <= (char *)body.bytes + body.len, "find the traceparent");
    char digits[17] = {0};
    memcpy(digits, found + sizeof mark - 1 + 16, 16);
    return strtoull(digits, NULL, 16);
}

static void transient_queue(amqp_connection_state_t c, const char *name, const char *exchange, const char *key,
                            int exclusive) {
    check(amqp_queue_declare(c, 1, amqp_cstring_bytes(name), 0, 0, exclusive, 0, amqp_empty_table) != NULL, "declare");
    amqp_queue_bind(c, 1, amqp_cstring_bytes(name), amqp_cstring_bytes(exchange), amqp_cstring_bytes(key),
                    amqp_empty_table);
    check(answered(c), "bind");
}

static void latency(char **argv, double frequency, double warm, double seconds, const char *path) {
    FILE *file = fopen(path, "r");
    check(file != NULL, "open the file");
    amqp_connection_state_t in = open_connection(), out = open_connection();
    transient_queue(in, "benchmark.latency", argv[4], argv[5], 1);
    consume(in, "benchmark.latency", 1);
    uint64_t n = (uint64_t)(frequency * (warm + seconds)), sent = 0, arrived = 0, cold = (uint64_t)(frequency * warm);
    double *taken = calloc(n, sizeof *taken), started = now() + 0.1, limit = started + warm + seconds + 60;
    check(taken != NULL, "memory");
    char *line = NULL;
    size_t room = 0;
    while (arrived < n) {
        double due = sent < n ? started + (double)sent / frequency : limit, left = due - now();
        if (left <= 0 && sent < n) {
            ssize_t length = getline(&line, &room, file);
            check(length > 1, "read a line");
            publish(out, argv[2], argv[3], (amqp_bytes_t){(size_t)length - 1, line});
            sent++;
            continue;
        }
        check(left > 0, "wait for all events");
        struct timeval wait = {(time_t)left, (suseconds_t)((left - (double)(time_t)left) * 1e6)};
        amqp_envelope_t envelope;
        amqp_maybe_release_buffers(in);
        amqp_rpc_reply_t reply = amqp_consume_message(in, &envelope, &wait, 0);
        if (reply.reply_type != AMQP_RESPONSE_NORMAL) continue;
        uint64_t number = trace_number(envelope.message.body);
        amqp_destroy_envelope(&envelope);
        check(number < n, "know the event");
        if (taken[number] > 0) continue;
        taken[number] = now() - (started + (double)number / frequency);
        arrived++;
    }
    qsort(taken + cold, n - cold, sizeof *taken, ascending);
    uint64_t count = n - cold;
    printf("%.3f %.3f %.3f\n", taken[cold + count / 2] * 1e3, taken[cold + count * 99 / 100] * 1e3, taken[n - 1] * 1e3);
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "";
    if (argc == 6 && strcmp(mode, "loop") == 0) {
        loop(argv[2], argv[3], argv[4], strtoull(argv[5], NULL, 10));
    } else if (argc == 6 && strcmp(mode, "fill") == 0) {
        fill(argv[2], argv[3], argv[4], strtoull(argv[5], NULL, 10));
    } else if (argc >= 5 && strcmp(mode, "watch") == 0) {
        watch(argv[2], argv[3], (uint32_t)strtoul(argv[4], NULL, 10), argc - 5, argv + 5);
    } else if (argc == 7 && strcmp(mode, "rate") == 0) {
        rate(argv[2], (uint32_t)strtoul(argv[3], NULL, 10), argv[4], atof(argv[5]), atof(argv[6]));
    } else if (argc == 10 && strcmp(mode, "latency") == 0) {
        latency(argv, atof(argv[6]), atof(argv[7]), atof(argv[8]), argv[9]);
    } else if (argc == 5 && strcmp(mode, "queue") == 0) {
        transient_queue(open_connection(), argv[2], argv[3], argv[4], 0);
    } else if (argc > 2 && strcmp(mode, "purge") == 0) {
        amqp_connection_state_t c = open_connection();
        for (int index = 2; index < argc; index++) {
            check(amqp_queue_purge(c, 1, amqp_cstring_bytes(argv[index])) != NULL, "purge");
        }
    } else if (argc > 2 && strcmp(mode, "depth") == 0) {
        amqp_connection_state_t c = open_connection();
        for (int index = 2; index < argc; index++) printf("%" PRIu32 "\n", depth(c, argv[index]));
    } else {
        fprintf(stderr, "usage: see the head of bare_loop.c\n");
        return 64;
    }
    return 0;
}
