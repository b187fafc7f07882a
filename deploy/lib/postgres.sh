# shellcheck shell=bash
# A private PostgreSQL server for tests; to be sourced.
#
#   postgres_start DIR PORT   makes a cluster in DIR/data, starts it on 127.0.0.1:PORT and writes DIR/env; where PgBouncer
#                             is installed, one in transaction mode before it, on PORT+1
#   postgres_stop DIR         stops it; the folder with DIR/server.log stays for the caller
#
# DIR/env exports RECOURSE_TEST_POSTGRES_URL and RECOURSE_TEST_POSTGRES_PID, and where there is openssl also
# RECOURSE_TEST_POSTGRES_CA, the authority that signed the server's certificate for the name localhost, and
# RECOURSE_TEST_POSTGRES_OTHER_CA, one that did not; RECOURSE_TEST_PGBOUNCER_URL leads through PgBouncer. The server refuses to run as root, so root runs it as `postgres`, else
# as `nobody`. It keeps its durable defaults: the tests are about durability. A cluster that is there is started again.

# The newest installed server's folder of programs; the Debian packages do not put them on the path.
postgres_bin() {
    local folder
    for folder in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -t/ -k5 -rn); do
        if [[ -x $folder/initdb && -x $folder/pg_ctl ]]; then
            printf '%s\n' "$folder"
            return 0
        fi
    done
    if folder=$(command -v pg_ctl); then
        dirname "$(readlink -f "$folder")"
        return 0
    fi
    echo "postgres: no server found in /usr/lib/postgresql; install the package postgresql" >&2
    return 69
}

# Runs a command as a user that the server accepts.
postgres_as() {
    local user=postgres
    if [[ $(id -u) -ne 0 ]]; then
        "$@"
        return
    fi
    id postgres > /dev/null 2>&1 || user=nobody
    setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups env HOME=/ "$@"
}

# Two authorities; the first has signed a certificate for the name localhost.
_postgres_certificates() {
    local tls=$1 key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes) name
    mkdir -p "$tls"
    {
        for name in ca other; do
            openssl req -x509 "${key[@]}" -days 3650 -subj "/CN=Recourse private authority $name" \
                -keyout "$tls/$name.key" -out "$tls/$name.pem" || return 1
        done
        printf 'subjectAltName=DNS:localhost\n' > "$tls/server.ext"
        openssl req "${key[@]}" -subj "/CN=localhost" -keyout "$tls/server.key" -out "$tls/server.csr" &&
            openssl x509 -req -in "$tls/server.csr" -CA "$tls/ca.pem" -CAkey "$tls/ca.key" -CAcreateserial \
                -days 3650 -extfile "$tls/server.ext" -out "$tls/server.pem"
    } > "$tls/openssl.log" 2>&1
}

postgres_start() {
    local dir=$1 port=$2
    mkdir -p "$dir"
    dir=$(cd "$dir" && pwd)
    [[ -f $dir/data/PG_VERSION ]] || _postgres_make "$dir" || return
    _postgres_run "$dir" "$port"
}

_postgres_make() {
    local dir=$1 bin password
    bin=$(postgres_bin) || return
    password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    (umask 077 && printf '%s\n' "$password" > "$dir/password")
    mkdir -p "$dir/data" "$dir/socket"
    : > "$dir/server.log"
    local user=postgres
    if [[ $(id -u) -eq 0 ]]; then
        id postgres > /dev/null 2>&1 || user=nobody
        chown "$user" "$dir/data" "$dir/socket" "$dir/server.log" "$dir/password"
        chmod go+x "$dir"
        if ! (cd / && postgres_as test -w "$dir/data"); then
            echo "postgres: the user $user cannot enter $dir; let others enter the folders above it (chmod o+x)" >&2
            return 69
        fi
    fi
    chmod 700 "$dir/data"
    # From a folder that the server's user may enter: initdb and pg_ctl look at the current one.
    (
        cd / || exit 1
        postgres_as "$bin/initdb" --pgdata "$dir/data" --username recourse --pwfile "$dir/password" \
            --auth scram-sha-256 --encoding UTF8 --locale C --no-instructions > "$dir/initdb.log" 2>&1
    ) || {
        echo "postgres: initdb failed; see $dir/initdb.log" >&2
        return 69
    }
    # The tests run side by side, each with a few connections.
    echo "max_connections = 400" >> "$dir/data/postgresql.conf"
    if command -v openssl > /dev/null && _postgres_certificates "$dir/tls"; then
        cp "$dir/tls/server.pem" "$dir/tls/server.key" "$dir/data/"
        chmod 600 "$dir/data/server.key"
        [[ $(id -u) -ne 0 ]] || chown "$user" "$dir/data/server.pem" "$dir/data/server.key"
        printf "ssl = on\nssl_cert_file = 'server.pem'\nssl_key_file = 'server.key'\n" >> "$dir/data/postgresql.conf"
    fi
}

_postgres_run() {
    local dir=$1 port=$2 bin password
    bin=$(postgres_bin) || return
    password=$(< "$dir/password")
    (
        cd / || exit 1
        postgres_as "$bin/pg_ctl" start --pgdata "$dir/data" --log "$dir/server.log" --wait --timeout 60 \
            --options "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories='$dir/socket'" \
            > "$dir/pg_ctl.log" 2>&1
    ) || {
        echo "postgres: the server did not start within 60 s on 127.0.0.1:$port; see $dir/server.log" >&2
        return 69
    }
    _postgres_pooler "$dir" "$port" "$password" || return
    (
        umask 077
        {
            printf 'export RECOURSE_TEST_POSTGRES_URL=%q\n' "postgres://recourse:$password@127.0.0.1:$port/postgres"
            printf 'export RECOURSE_TEST_POSTGRES_PID=%q\n' "$(head -n 1 "$dir/data/postmaster.pid")"
            if [[ -f $dir/data/server.pem ]]; then
                printf 'export RECOURSE_TEST_POSTGRES_CA=%q\n' "$dir/tls/ca.pem"
                printf 'export RECOURSE_TEST_POSTGRES_OTHER_CA=%q\n' "$dir/tls/other.pem"
            fi
            if [[ -f $dir/pooler/pid ]]; then
                printf 'export RECOURSE_TEST_PGBOUNCER_URL=%q\n' \
                    "postgres://recourse:$password@127.0.0.1:$((port + 1))/postgres"
            fi
        } > "$dir/env"
    )
}

# Three connections to the server for however many clients: whoever relied on a session of its own would notice.
_postgres_pooler() {
    local dir=$1 port=$2 password=$3 pooler=$1/pooler user=postgres program=/usr/sbin/pgbouncer waited=0
    [[ -x $program ]] || return 0
    # A server that is started again finds its pooler running.
    if [[ -s $pooler/pid ]] && kill -0 "$(< "$pooler/pid")" 2> /dev/null; then return 0; fi
    mkdir -p "$pooler"
    (umask 077 && printf '"recourse" "%s"\n' "$password" > "$pooler/users")
    cat > "$pooler/ini" << END
[databases]
* = host=127.0.0.1 port=$port
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $((port + 1))
unix_socket_dir =
auth_type = scram-sha-256
auth_file = $pooler/users
pool_mode = transaction
default_pool_size = 3
max_client_conn = 200
logfile = $pooler/log
pidfile = $pooler/pid
END
    if [[ $(id -u) -eq 0 ]]; then
        id postgres > /dev/null 2>&1 || user=nobody
        chown -R "$user" "$pooler"
    fi
    (cd / && postgres_as "$program" --daemon --quiet "$pooler/ini") || {
        echo "postgres: PgBouncer did not start; see $pooler/log" >&2
        return 69
    }
    until [[ -s $pooler/pid ]]; do
        [[ $waited -lt 50 ]] || { echo "postgres: PgBouncer does not come; see $pooler/log" >&2 && return 69; }
        sleep 0.1
        waited=$((waited + 1))
    done
}

postgres_stop() {
    local dir bin pid waited=0
    [[ -d $1 ]] || return 0
    dir=$(cd "$1" && pwd)
    if [[ -s $dir/pooler/pid ]]; then kill "$(< "$dir/pooler/pid")" 2> /dev/null || true; fi
    [[ -f $dir/data/postmaster.pid ]] || return 0
    bin=$(postgres_bin) || return
    pid=$(head -n 1 "$dir/data/postmaster.pid")
    (
        cd / || exit 1
        postgres_as "$bin/pg_ctl" stop --pgdata "$dir/data" --mode fast --wait --timeout 30 >> "$dir/pg_ctl.log" 2>&1 ||
            postgres_as "$bin/pg_ctl" stop --pgdata "$dir/data" --mode immediate --wait --timeout 10 \
                >> "$dir/pg_ctl.log" 2>&1
    ) || {
        echo "postgres: the server in $dir did not stop within 40 s; see $dir/pg_ctl.log" >&2
        return 1
    }
    # pg_ctl returns when the pid file has gone; the process itself needs a moment more.
    while kill -0 "$pid" 2> /dev/null && [[ $waited -lt 50 ]]; do
        sleep 0.1
        waited=$((waited + 1))
    done
}
