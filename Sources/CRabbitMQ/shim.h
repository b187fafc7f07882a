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

#endif
