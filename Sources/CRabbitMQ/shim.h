#ifndef RECOURSE_CRABBITMQ_SHIM_H
#define RECOURSE_CRABBITMQ_SHIM_H

// librabbitmq 0.11 (Debian 12) installs <amqp.h>; from 0.12 the headers live under rabbitmq-c/.
#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/framing.h>
#include <rabbitmq-c/ssl_socket.h>
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#endif

#include <sys/eventfd.h>

// Swift cannot call variadic functions.
static inline amqp_rpc_reply_t recourse_amqp_login(
    amqp_connection_state_t state, const char *vhost, int channel_max, int frame_max, int heartbeat,
    const amqp_table_t *properties, const char *user, const char *password) {
    return amqp_login_with_properties(state, vhost, channel_max, frame_max, heartbeat, properties,
                                      AMQP_SASL_METHOD_PLAIN, user, password);
}

// Without it OpenSSL asks for the password of an encrypted key on the terminal and waits for ever. The library keeps
// the pointer, so it must be a literal.
static inline void recourse_amqp_never_ask_key_password(amqp_socket_t *socket) {
    amqp_ssl_socket_set_key_passwd(socket, "");
}

// <sys/eventfd.h> is in no module that Swift can import.
static inline int recourse_eventfd(void) {
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

#endif
