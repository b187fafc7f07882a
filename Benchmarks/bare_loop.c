/* What the broker alone allows: a loop over librabbitmq that takes N messages from a queue, publishes each body to an
 * exchange with confirms, and acknowledges in groups. No decoding, no database, no decisions.
 *
 *   bare_loop HOST PORT USER PASSWORD loop QUEUE EXCHANGE KEY N    prints messages per second
 *   bare_loop HOST PORT USER PASSWORD watch FROM TO N              waits until FROM is being emptied and TO holds N
 *                                                                  messages; prints messages per second between
 *
 * Exit codes: 0 done, 1 the broker failed or ten minutes passed.
 */
#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PREFETCH = 512, GROUP = 64 };

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

static amqp_connection_state_t open_connection(char **argv) {
    amqp_connection_state_t c = amqp_new_connection();
    amqp_socket_t *socket = amqp_tcp_socket_new(c);
    check(socket && amqp_socket_open(socket, argv[1], atoi(argv[2])) == 0, "connect");
    check(amqp_login(c, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, argv[3], argv[4]).reply_type ==
              AMQP_RESPONSE_NORMAL, "login");
    amqp_channel_open(c, 1);
    check(answered(c), "open channel");
    return c;
}

static uint32_t depth(amqp_connection_state_t c, const char *queue) {
    amqp_queue_declare_ok_t *ok = amqp_queue_declare(c, 1, amqp_cstring_bytes(queue), 1, 0, 0, 0, amqp_empty_table);
    check(ok != NULL, "look at queue");
    uint32_t count = ok->message_count;
    amqp_maybe_release_buffers(c);
    return count;
}

/* One connection consumes, one publishes, as in the worker. */
static void loop(char **argv, const char *queue, const char *exchange, const char *key, uint64_t n) {
    amqp_connection_state_t in = open_connection(argv), out = open_connection(argv);
    amqp_confirm_select(out, 1);
    check(answered(out), "confirm.select");
    amqp_basic_qos(in, 1, 0, PREFETCH, 0);
    check(answered(in), "basic.qos");
    amqp_basic_consume(in, 1, amqp_cstring_bytes(queue), amqp_empty_bytes, 0, 0, 0, amqp_empty_table);
    check(answered(in), "basic.consume");
    amqp_basic_properties_t properties = {0};
    properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG;
    properties.delivery_mode = 2;
    properties.content_type = amqp_cstring_bytes("application/cloudevents+json");
    uint64_t taken = 0, confirmed = 0, acknowledged = 0;
    double started = 0;
    while (confirmed < n) {
        struct timeval wait = {0, taken < n && taken - confirmed < 4096 ? 2000 : 0};
        if (taken < n && taken - confirmed < 4096) {
            amqp_envelope_t envelope;
            amqp_maybe_release_buffers(in);
            amqp_rpc_reply_t reply = amqp_consume_message(in, &envelope, &wait, 0);
            if (reply.reply_type == AMQP_RESPONSE_NORMAL) {
                if (taken == 0) started = now();
                check(amqp_basic_publish(out, 1, amqp_cstring_bytes(exchange), amqp_cstring_bytes(key), 0, 0,
                                         &properties, envelope.message.body) == 0, "publish");
                taken++;
                amqp_destroy_envelope(&envelope);
            }
        }
        /* Confirms: as many as are there; acknowledge what is confirmed, in groups. */
        amqp_frame_t frame;
        struct timeval none = {0, taken < n ? 0 : 1000};
        while (amqp_simple_wait_frame_noblock(out, &frame, &none) == AMQP_STATUS_OK) {
            if (frame.frame_type == AMQP_FRAME_METHOD && frame.payload.method.id == AMQP_BASIC_ACK_METHOD) {
                amqp_basic_ack_t *ack = frame.payload.method.decoded;
                if (ack->delivery_tag > confirmed) confirmed = ack->delivery_tag;
            }
            none.tv_usec = 0;
        }
        amqp_maybe_release_buffers(out);
        if (confirmed >= acknowledged + GROUP || confirmed == n) {
            if (confirmed > acknowledged) amqp_basic_ack(in, 1, confirmed, 1);
            acknowledged = confirmed;
        }
        check(started == 0 || now() - started < 600, "ten minutes");
    }
    printf("%.0f\n", (double)n / (now() - started));
}

static void watch(char **argv, const char *from, const char *to, uint32_t n) {
    amqp_connection_state_t c = open_connection(argv);
    double limit = now() + 600, started = 0;
    uint32_t full = depth(c, from);
    while (depth(c, to) < n) {
        if (started == 0 && depth(c, from) < full) started = now();
        check(now() < limit, "ten minutes");
        nanosleep(&(struct timespec){0, 2000000}, NULL);
    }
    printf("%.0f\n", (double)n / (now() - started));
}

int main(int argc, char **argv) {
    if (argc == 10 && strcmp(argv[5], "loop") == 0) {
        loop(argv, argv[6], argv[7], argv[8], strtoull(argv[9], NULL, 10));
    } else if (argc == 9 && strcmp(argv[5], "watch") == 0) {
        watch(argv, argv[6], argv[7], (uint32_t)strtoul(argv[8], NULL, 10));
    } else {
        fprintf(stderr, "usage: see the head of bare_loop.c\n");
        return 64;
    }
    return 0;
}
