# shellcheck shell=bash
# Steps with a log, a duration and a limit, and processes in the background; to be sourced under `set -euo pipefail`.
#
#   working_folder NAME          makes an empty folder for a run, and prints its path
#   steps_begin FOLDER           where the logs go: FOLDER/NAME.log
#   step NAME COMMAND…           runs it and prints its duration; if it fails: the end of its log, and the script ends
#   step_watched NAME PROBE COMMAND…  the same, and shows meanwhile what PROBE LOG prints: a function, one short line
#   background NAME COMMAND…     starts it in a process group of its own
#   await NAME SECONDS NEEDED…   waits for a background process to end with 0, while the other ones live
#                                and shows what the function STEPS_PROBE prints, if it is set
#   stop NAME SECONDS            SIGTERM, and SIGKILL to its group when the time is over; its exit code
#   stop_all SECONDS             stops what is left, the latest first
#   within SECONDS WHAT COMMAND… until it succeeds; prints after how long; 1 if it does not
#   free_port                    prints P such that P to P+59 are free on loopback

STEPS_LOG=
STEPS_STDERR=2
STEPS_PROBE=
# What is being waited for, as progress_begin was told.
STEPS_WHAT=
STEPS_SHOWN=0
declare -A steps_pid=()
steps_started=()

working_folder() { mktemp -d --tmpdir --suffix=".recourse-$1"; }

steps_begin() {
    STEPS_LOG=$1
    mkdir -p "$STEPS_LOG"
    # A trap that goes off during a step finds standard error redirected to the log; this is where it really is.
    exec {STEPS_STDERR}>&2
}

# Seconds, with one decimal, since the given value of EPOCHREALTIME.
steps_since() {
    awk -v start="${1/,/.}" -v now="${EPOCHREALTIME/,/.}" 'BEGIN { printf "%.1f", now - start }'
}

# A function that is run as a step has to hand on failures itself: `set -e` does not hold inside of it.
step() {
    local name=$1 start=$EPOCHREALTIME status=0
    shift
    printf '%-40s' "$name"
    "$@" > "$STEPS_LOG/$name.log" 2>&1 < /dev/null || status=$?
    if [[ $status -ne 0 ]]; then
        printf '  FAILED\n'
        steps_fail "$name" "failed with exit code $status" "$status"
    fi
    printf '%8s s\n' "$(steps_since "$start")"
}

step_watched() {
    local name=$1 probe=$2 start=$EPOCHREALTIME status=0 watcher
    shift 2
    progress_begin "$name"
    : > "$STEPS_LOG/$name.log"
    # The watcher is the one in the background, so that a Ctrl-C reaches the command; it ends by itself with this script.
    while kill -0 "$$" 2> /dev/null; do
        sleep 0.5
        progress "$name" "$("$probe" "$STEPS_LOG/$name.log" || true)"
    done &
    watcher=$!
    "$@" > "$STEPS_LOG/$name.log" 2>&1 < /dev/null || status=$?
    kill "$watcher" 2> /dev/null || true
    wait "$watcher" 2> /dev/null || true
    if [[ $status -ne 0 ]]; then
        progress_end "$name" "  FAILED"
        steps_fail "$name" "failed with exit code $status" "$status"
    fi
    progress_end "$name" "$(printf '%8s s' "$(steps_since "$start")")"
}

# On a terminal one line that changes; elsewhere a line twice a minute, and the result on a line of its own.
progress_begin() {
    STEPS_SHOWN=$SECONDS
    if [[ -t 1 ]]; then printf '%-40s' "$1"; else printf '%s\n' "$1"; fi
}

progress() {
    [[ -n $2 ]] || return 0
    if [[ -t 1 ]]; then
        printf '\r%-40s  %.70s\033[K' "$1" "$2"
    elif ((SECONDS - STEPS_SHOWN >= 30)); then
        STEPS_SHOWN=$SECONDS
        printf '  %s\n' "$2"
    fi
}

progress_end() {
    if [[ -t 1 ]]; then printf '\r'; fi
    printf '%-40s%s' "$1" "$2"
    if [[ -t 1 ]]; then printf '\033[K'; fi
    printf '\n'
}

# Says what failed, shows the end of its log and ends the script.
steps_fail() {
    local name=$1 what=$2 status=${3:-1}
    {
        printf '\n%s %s; the end of %s:\n' "$name" "$what" "$STEPS_LOG/$name.log"
        tail -n 25 "$STEPS_LOG/$name.log"
    } >&2
    exit "$status"
}

background() {
    local name=$1
    shift
    # A group of its own: a Ctrl-C must reach this script alone, which stops the others in order.
    setsid "$@" < /dev/null > "$STEPS_LOG/$name.log" 2>&1 {STEPS_STDERR}>&- &
    steps_pid[$name]=$!
    steps_started+=("$name")
}

running() { [[ -n ${steps_pid[$1]-} ]] && kill -0 "${steps_pid[$1]}" 2> /dev/null; }

# Ends the script if one of the processes that are still needed has ended.
expect_running() {
    local name
    for name in "$@"; do
        running "$name" || steps_fail "$name" "ended although it was still needed"
    done
}

# await NAME SECONDS NEEDED…
await() {
    local name=$1 limit=$2 status=0 start=$SECONDS seen=$SECONDS
    shift 2
    while running "$name"; do
        expect_running "$@"
        ((SECONDS - start < limit)) || steps_fail "$name" "did not end within $limit s"
        if [[ -n $STEPS_PROBE ]] && ((SECONDS - seen >= 2)); then
            progress "$STEPS_WHAT" "$("$STEPS_PROBE" || true)"
            seen=$SECONDS
        fi
        sleep 0.2
    done
    wait "${steps_pid[$name]}" || status=$?
    unset "steps_pid[$name]"
    [[ $status -eq 0 ]] || steps_fail "$name" "failed with exit code $status" "$status"
}

stop() {
    local name=$1 limit=$2 pid=${steps_pid[$1]-} start=$SECONDS status=0
    [[ -n $pid ]] || return 0
    unset "steps_pid[$name]"
    kill -TERM "$pid" 2> /dev/null || true
    while kill -0 "$pid" 2> /dev/null; do
        if ((SECONDS - start >= limit)); then
            echo "$name did not stop within $limit s and is killed; see $STEPS_LOG/$name.log" >&2
            kill -KILL -- "-$pid" 2> /dev/null || true
            return 1
        fi
        sleep 0.1
    done
    # Whatever it started and left behind goes as well.
    kill -KILL -- "-$pid" 2> /dev/null || true
    wait "$pid" 2> /dev/null || status=$?
    return "$status"
}

stop_all() {
    local index
    for ((index = ${#steps_started[@]} - 1; index >= 0; index--)); do
        stop "${steps_started[index]}" "$1" || true
    done
    steps_started=()
}

within() {
    local limit=$1 what=$2 began=$EPOCHREALTIME deadline=$((SECONDS + $1))
    shift 2
    until "$@" > /dev/null 2>&1; do
        if ((SECONDS >= deadline)); then
            echo "not within $limit s: $what" >&2
            return 1
        fi
        sleep 0.2
    done
    printf '%-60s %6s s\n' "$what" "$(steps_since "$began")"
}

# Below the range from which the system takes ports for outgoing connections.
free_port() {
    python3 - <<'PYTHON'
import random, socket, sys
for _ in range(200):
    first, taken = random.randrange(20000, 32000, 60), []
    try:
        for port in range(first, first + 60):
            taken.append(socket.socket())
            taken[-1].bind(("127.0.0.1", port))
    except OSError:
        continue
    finally:
        for one in taken:
            one.close()
    print(first)
    sys.exit(0)
sys.exit("no 60 free ports in a row between 20000 and 32000 on 127.0.0.1")
PYTHON
}
