# shellcheck shell=bash
# A private RabbitMQ node: own data folder, own cookie, own epmd, loopback only. To be sourced.
#
#   rabbitmq_start DIR AMQP_PORT   starts the node (or leaves the one running in DIR alone) and writes DIR/env
#   rabbitmq_stop DIR              stops the node and its epmd; nothing to stop is not a fault
#   rabbitmq_cluster_start DIR AMQP_PORT COUNT
#                                  a cluster of so many nodes in DIR/node-1, DIR/node-2, …, their ports 60 apart; each is a
#                                  folder for the two above, so one that was killed is started again by rabbitmq_start
#
# All ports follow from the first: P AMQP, P+1 AMQP over TLS, P+2 management, P+3 Prometheus, P+4 distribution,
# P+5 epmd, P+10 to P+50 for rabbitmqctl. DIR/env holds exports to source:
#
#   RECOURSE_AMQP_URL, RECOURSE_MANAGEMENT_URL    what the programs read
#   RECOURSE_TEST_AMQP_URL, RECOURSE_TEST_MANAGEMENT_URL  the same broker, for the tests
#   RECOURSE_TEST_AMQPS_URL, RECOURSE_TEST_TLS_CA its TLS listener and the authority that signed it (host: localhost)
#   RECOURSE_TEST_RABBITMQCTL                     a command that runs rabbitmqctl for this node
#   RECOURSE_TEST_RABBITMQ_PID                    the process of the node, for kill and stop
#
# Folder and port are chosen by the caller; two nodes need two folders and ports at least 60 apart.
# Limits: RABBITMQ_START_SECONDS (default 90) and RABBITMQ_STOP_SECONDS (default 30); RABBITMQ_MEMORY (default 1GB), beyond
# which publishers are blocked.

_rabbitmq_sbin() {
    local found
    # shellcheck disable=SC2012 # version numbers only
    found=$(ls -d /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin 2>/dev/null | sort -V | tail -n 1)
    if [ -z "$found" ]; then
        echo "rabbitmq: no server under /usr/lib/rabbitmq/lib; install the package rabbitmq-server" >&2
        return 69
    fi
    printf '%s\n' "$found"
}

# True if the pid of DIR is alive and is the node of DIR (a pid file may outlive its process).
_rabbitmq_alive() {
    local dir=$1 pid
    pid=$(cat "$dir/pid" 2>/dev/null) || return 1
    [ -n "$pid" ] && tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | grep -qxF "RABBITMQ_PID_FILE=$dir/pid"
}

_rabbitmq_secret() {
    od -An -N16 -tx1 /dev/urandom | tr -d ' \n'
}

# A certificate authority and a server certificate for the name `localhost`; librabbitmq 0.11 ignores IP names.
_rabbitmq_certificates() {
    local tls=$1
    [ -f "$tls/server.pem" ] && return 0
    mkdir -p "$tls" || return 1
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 \
        -subj "/CN=Recourse private authority" -keyout "$tls/ca.key" -out "$tls/ca.pem" 2>"$tls/openssl.log" &&
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=localhost" \
            -keyout "$tls/server.key" -out "$tls/server.csr" 2>>"$tls/openssl.log" &&
        printf 'subjectAltName=DNS:localhost\n' >"$tls/server.ext" &&
        openssl x509 -req -in "$tls/server.csr" -CA "$tls/ca.pem" -CAkey "$tls/ca.key" -CAcreateserial \
            -days 3650 -extfile "$tls/server.ext" -out "$tls/server.pem" 2>>"$tls/openssl.log"
}

# The first ports of all nodes of the cluster to which the node of DIR belongs; without a cluster its own.
_rabbitmq_peers() {
    local dir=$1 port=$2
    cat "$dir/cluster" 2>/dev/null || printf '%s\n' "$port"
}

_rabbitmq_cluster_configuration() {
    local dir=$1 sbin=$2 number=0 peer
    [ -f "$dir/cluster" ] || return 0
    echo "cluster_formation.peer_discovery_backend = classic_config"
    while read -r peer; do
        number=$((number + 1))
        echo "cluster_formation.classic_config.nodes.$number = recourse$peer@localhost"
    done <"$dir/cluster"
    echo "cluster_partition_handling = pause_minority"
    # Versions before 4.0 wait up to a minute before they form a cluster; later ones no longer know these keys.
    case $sbin in
        */rabbitmq_server-3.*)
            echo "cluster_formation.randomized_startup_delay_range.min = 0"
            echo "cluster_formation.randomized_startup_delay_range.max = 1"
            ;;
    esac
}

# What the node and its tools read from the environment, as a file that both source.
_rabbitmq_node_environment() {
    local dir=$1 port=$2 first tick=60
    # The nodes of a cluster find one another through the epmd of the first, and soon notice that one is silent.
    first=$(_rabbitmq_peers "$dir" "$port" | head -n 1)
    if [ -f "$dir/cluster" ]; then tick=10; fi
    cat <<END
export HOME='$dir' RABBITMQ_CONF_ENV_FILE=/dev/null
export RABBITMQ_NODENAME=recourse$port@localhost RABBITMQ_NODE_IP_ADDRESS=127.0.0.1
export RABBITMQ_NODE_PORT=$port RABBITMQ_DIST_PORT=$((port + 4))
export RABBITMQ_MNESIA_BASE='$dir/data' RABBITMQ_LOG_BASE='$dir/log'
export RABBITMQ_CONFIG_FILE='$dir/rabbitmq' RABBITMQ_ADVANCED_CONFIG_FILE='$dir/advanced'
export RABBITMQ_ENABLED_PLUGINS_FILE='$dir/enabled_plugins' RABBITMQ_PID_FILE='$dir/pid'
export RABBITMQ_CTL_DIST_PORT_MIN=$((port + 10)) RABBITMQ_CTL_DIST_PORT_MAX=$((port + 50))
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1} net_ticktime $tick'
export RABBITMQ_CTL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}'
export ERL_EPMD_PORT=$((first + 5)) ERL_EPMD_ADDRESS=127.0.0.1 LC_ALL=C.UTF-8
END
}

_rabbitmq_configuration() {
    local dir=$1 port=$2 password=$3 tls=$4
    cat <<END
log.console = false
log.file.level = info
listeners.tcp.default = 127.0.0.1:$port
default_user = recourse
default_pass = $password
management.tcp.ip = 127.0.0.1
management.tcp.port = $((port + 2))
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = $((port + 3))
vm_memory_high_watermark.absolute = ${RABBITMQ_MEMORY:-1GB}
disk_free_limit.absolute = 200MB
END
    [ "$tls" = yes ] || return 0
    cat <<END
listeners.ssl.default = 127.0.0.1:$((port + 1))
ssl_options.cacertfile = $dir/tls/ca.pem
ssl_options.certfile = $dir/tls/server.pem
ssl_options.keyfile = $dir/tls/server.key
ssl_options.verify = verify_none
ssl_options.fail_if_no_peer_cert = false
END
}

_rabbitmq_write_files() {
    local dir=$1 port=$2 sbin=$3 password tls=no
    mkdir -p "$dir/log" "$dir/data" && chmod 700 "$dir" || return 1
    # The first start fixes password and cookie: the data folder remembers them.
    [ -f "$dir/password" ] || _rabbitmq_secret >"$dir/password"
    password=$(cat "$dir/password")
    if [ ! -f "$dir/.erlang.cookie" ]; then
        _rabbitmq_secret >"$dir/.erlang.cookie" && chmod 400 "$dir/.erlang.cookie" || return 1
    fi
    if command -v openssl >/dev/null && _rabbitmq_certificates "$dir/tls"; then tls=yes; fi
    echo '[rabbitmq_management,rabbitmq_prometheus].' >"$dir/enabled_plugins"
    _rabbitmq_node_environment "$dir" "$port" >"$dir/node.env"
    {
        _rabbitmq_configuration "$dir" "$port" "$password" "$tls"
        _rabbitmq_cluster_configuration "$dir" "$sbin"
    } >"$dir/rabbitmq.conf"
    cat >"$dir/rabbitmqctl" <<END
#!/bin/bash
. '$dir/node.env'
exec '$sbin/rabbitmqctl' "\$@"
END
    chmod 700 "$dir/rabbitmqctl"
    printf '%s\n' "$port" >"$dir/port"
}

_rabbitmq_write_env() {
    local dir=$1 port=$2 password
    password=$(cat "$dir/password")
    {
        printf "export RECOURSE_AMQP_URL='amqp://recourse:%s@127.0.0.1:%s/%%2F'\n" "$password" "$port"
        printf "export RECOURSE_MANAGEMENT_URL='http://recourse:%s@127.0.0.1:%s'\n" "$password" $((port + 2))
        # shellcheck disable=SC2016 # expanded where the file is sourced
        printf 'export RECOURSE_TEST_AMQP_URL="$RECOURSE_AMQP_URL"\n'
        # shellcheck disable=SC2016
        printf 'export RECOURSE_TEST_MANAGEMENT_URL="$RECOURSE_MANAGEMENT_URL"\n'
        if [ -f "$dir/tls/server.pem" ]; then
            printf "export RECOURSE_TEST_AMQPS_URL='amqps://recourse:%s@localhost:%s/%%2F'\n" \
                "$password" $((port + 1))
            printf "export RECOURSE_TEST_TLS_CA='%s'\n" "$dir/tls/ca.pem"
        fi
        printf "export RECOURSE_TEST_RABBITMQCTL='%s'\n" "$dir/rabbitmqctl"
        printf "export RECOURSE_TEST_RABBITMQ_PID=%s\n" "$(cat "$dir/pid")"
    } >"$dir/env.new" && chmod 600 "$dir/env.new" && mv "$dir/env.new" "$dir/env"
}

rabbitmq_start() {
    local dir=$1 port=$2 sbin limit=${RABBITMQ_START_SECONDS:-90} launcher
    if [ -z "$dir" ] || [ -z "$port" ]; then
        echo "usage: rabbitmq_start DIR AMQP_PORT" >&2
        return 64
    fi
    mkdir -p "$dir" && dir=$(cd "$dir" && pwd -P) || return 1
    sbin=$(_rabbitmq_sbin) || return
    if _rabbitmq_alive "$dir"; then
        if [ "$(cat "$dir/port" 2>/dev/null)" != "$port" ]; then
            echo "rabbitmq: the node in $dir already runs on port $(cat "$dir/port"); stop it first" >&2
            return 1
        fi
        "$dir/rabbitmqctl" await_startup --timeout "$limit" >/dev/null && _rabbitmq_write_env "$dir" "$port"
        return
    fi
    rm -f "$dir/pid"
    _rabbitmq_write_files "$dir" "$port" "$sbin" || return 1
    # A session of its own: a Ctrl-C for the script that started it must not take the broker down first.
    (
        # shellcheck disable=SC1091 # written above
        . "$dir/node.env"
        cd "$dir" && exec setsid "$sbin/rabbitmq-server"
    ) </dev/null >"$dir/log/out.log" 2>&1 &
    launcher=$!
    if ! _rabbitmq_await "$dir" "$launcher" "$limit"; then
        echo "rabbitmq: the node in $dir did not start (limit $limit s); the end of $dir/log/out.log:" >&2
        tail -n 20 "$dir/log/out.log" >&2
        rabbitmq_stop "$dir"
        return 69
    fi
    disown "$launcher" 2>/dev/null || true
    _rabbitmq_write_env "$dir" "$port"
}

rabbitmq_cluster_start() {
    local dir=$1 port=$2 count=$3 index peer node pids=() status=0
    for ((index = 1; index <= count; index++)); do
        node=$dir/node-$index
        mkdir -p "$node" && chmod 700 "$node" || return 1
        for ((peer = 0; peer < count; peer++)); do printf '%s\n' $((port + 60 * peer)); done >"$node/cluster"
        # One secret and one password for all.
        [ -f "$dir/node-1/password" ] || _rabbitmq_secret >"$dir/node-1/password"
        [ -f "$dir/node-1/.erlang.cookie" ] || _rabbitmq_secret >"$dir/node-1/.erlang.cookie"
        [ "$index" = 1 ] || cp "$dir/node-1/password" "$dir/node-1/.erlang.cookie" "$node/"
        chmod 400 "$node/.erlang.cookie"
    done
    # Together: each waits for the others to form the cluster with.
    for ((index = 1; index <= count; index++)); do
        rabbitmq_start "$dir/node-$index" $((port + 60 * (index - 1))) &
        pids+=($!)
    done
    for index in "${pids[@]}"; do wait "$index" || status=$?; done
    [ "$status" -eq 0 ] && "$dir/node-1/rabbitmqctl" await_online_nodes "$count" --timeout 60 >/dev/null
}

# Waits for the pid file, then for the node; gives up when the launcher ends or the limit has passed.
_rabbitmq_await() {
    local dir=$1 launcher=$2 limit=$3 waited=0
    while ! [ -s "$dir/pid" ]; do
        kill -0 "$launcher" 2>/dev/null || return 1
        [ "$waited" -lt $((limit * 5)) ] || return 1
        sleep 0.2
        waited=$((waited + 1))
    done
    "$dir/rabbitmqctl" wait --timeout "$limit" "$dir/pid" >"$dir/log/wait.log" 2>&1
}

rabbitmq_stop() {
    local dir=$1 limit=${RABBITMQ_STOP_SECONDS:-30} pid waited=0
    dir=$(cd "$dir" 2>/dev/null && pwd -P) || return 0
    if _rabbitmq_alive "$dir"; then
        pid=$(cat "$dir/pid")
        # A stopped process (a test's SIGSTOP) cannot end.
        kill -CONT "$pid" 2>/dev/null
        kill -TERM "$pid" 2>/dev/null
        while kill -0 "$pid" 2>/dev/null; do
            if [ "$waited" -ge $((limit * 5)) ]; then
                echo "rabbitmq: process $pid did not stop within $limit s and is killed" >&2
                kill -KILL "$pid" 2>/dev/null
                break
            fi
            sleep 0.2
            waited=$((waited + 1))
        done
    fi
    # epmd outlives its nodes. The port is this node's own, so no other node loses its epmd; none running is fine.
    if [ -f "$dir/node.env" ]; then
        (
            # shellcheck disable=SC1091 # written by rabbitmq_start
            . "$dir/node.env"
            timeout 10 epmd -port "$ERL_EPMD_PORT" -kill >/dev/null 2>&1
        ) || true
    fi
    rm -f "$dir/pid" "$dir/env"
}
