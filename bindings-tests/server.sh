#!/bin/sh
# A PostgreSQL or a Redis for the tests of one process: `server.sh postgres`, `server.sh redis`.
#
# Prints `ready` when the server answers, and then obeys the lines of its standard input, each answered by one:
#   fresh   the URL of an empty store, with the password that the server asks for and patience for slow machines
#   stop    ends the server
#   start   starts it again, with what it had kept
# When the input ends, as it does when the test's process does, however that happened, the server is ended and its folder
# removed. Exit status 77: the server is not installed.
set -eu

kind=$1
server=
# The signal after which nothing is kept.
end=KILL
stores=0
# In memory where there is room, so that to flush takes no time.
place=${TMPDIR:-/tmp}
room=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')
[ "${room:-0}" -lt 500000 ] || place=/dev/shm
folder=$(mktemp -d "$place/tokenmint-$kind.XXXXXX")
password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')

stop() {
    if [ -n "$server" ]; then
        kill -"$1" "$server" || true
        wait "$server" 2>/dev/null || true
        server=
    fi
}

trap 'stop "$end"; rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT PIPE TERM

missing() {
    echo "the server of $1 is not installed; \`cargo xtask setup\` installs it" >&2
    exit 77
}

prepare_postgres() {
    end=QUIT
    # Debian keeps the programs out of the PATH, in a folder for each version.
    programs=$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)
    programs=${programs:-$(command -v initdb)} || missing PostgreSQL
    programs=${programs%/initdb}
    # It refuses to run as root.
    user=
    echo "$password" >"$folder/password"
    if [ "$(id -u)" = 0 ]; then
        owner=postgres
        id "$owner" >/dev/null 2>&1 || owner=nobody
        user="setpriv --reuid=$owner --regid=$(id -g "$owner") --clear-groups"
        chown -R "$owner" "$folder"
    fi
    cd /
    $user "$programs/initdb" --username=tester --pwfile="$folder/password" --auth=scram-sha-256 --encoding=UTF8 \
        --locale=C --no-sync -D "$folder/data" >"$folder/log" 2>&1 || fail
}

start_postgres() {
    $user "$programs/postgres" -D "$folder/data" -p "$port" -k "$folder" -c listen_addresses=127.0.0.1 \
        -c shared_buffers=16MB </dev/null >>"$folder/log" 2>&1 &
}

sql() {
    PGCONNECT_TIMEOUT=10 "$programs/psql" -X -q -c "$1" "postgres://tester:$password@127.0.0.1:$port/postgres"
}

# With the password, so that it is not another one on this port.
answers_postgres() {
    sql 'SELECT 1' >/dev/null 2>&1
}

fresh_postgres() {
    sql "CREATE DATABASE store$stores" >&2
    echo "postgres://tester:$password@127.0.0.1:$port/store$stores?timeout_ms=60000"
}

prepare_redis() {
    command -v redis-server >/dev/null || missing Redis
}

start_redis() {
    redis-server --port "$port" --bind 127.0.0.1 --requirepass "$password" --databases 1000 --dir "$folder" --save '' \
        --appendonly yes --appendfsync always </dev/null >>"$folder/log" 2>&1 &
}

answers_redis() {
    [ "$(REDISCLI_AUTH=$password redis-cli -h 127.0.0.1 -p "$port" ping 2>/dev/null)" = PONG ]
}

fresh_redis() {
    echo "redis://:$password@127.0.0.1:$port/$stores?timeout_ms=60000"
}

# Starts the server; false where it ends instead, as it does where something else has the port.
start() {
    start_"$kind"
    server=$!
    tries=0
    while sleep 0.05; do
        kill -0 "$server" 2>/dev/null || return 1
        if answers_"$kind"; then return; fi
        tries=$((tries + 1))
        [ $tries -lt 1200 ] || fail
    done
}

fail() {
    cat "$folder/log" >&2
    exit 1
}

prepare_"$kind"
for attempt in 1 2 3 4 5; do
    # One that no outgoing connection gets while the server is down.
    port=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000))
    if start; then break; fi
    server=
    [ $attempt -lt 5 ] || fail
done

echo ready
while read -r line; do
    case $line in
        fresh)
            stores=$((stores + 1))
            fresh_"$kind"
            ;;
        stop)
            # Clients are cut off. PostgreSQL would take seconds to recover from a harder end.
            stop INT
            echo stopped
            ;;
        start)
            start || fail
            echo started
            ;;
    esac
done
