#!/usr/bin/env bash
# Background processes of the quickstart: each known by its process id and start time, so that an id
# that was reused is never signalled. Sourced by deploy/quickstart.sh.
# shellcheck shell=bash

# start_time PID: the kernel's start time of a process, nothing if it is gone.
start_time() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# start_process NAME COMMAND...: in a session of its own, so that Ctrl-C reaches the script alone.
start_process()
{
    local name=$1 pid
    shift
    setsid "$@" >"$home/log/$name" 2>&1 </dev/null &
    pid=$!
    disown "$pid"
    echo "$pid $(start_time "$pid")" >"$home/run/$name.pid"
}

# is_running FILE: true if the process of a pid file is the one that was started.
is_running()
{
    local pid began
    read -r pid began <"$1" || return 1
    [ -n "$began" ] && [ "$(start_time "$pid")" = "$began" ]
}

any_process()
{
    local file
    for file in "$1"/*.pid; do
        [ -e "$file" ] && is_running "$file" && return 0
    done
    return 1
}

# end_processes DIR: newest first; SIGTERM, then SIGKILL after three seconds.
end_processes()
{
    local file pid tries
    for file in $(ls -t "$1"/*.pid 2>/dev/null); do
        if is_running "$file"; then
            read -r pid _ <"$file"
            kill -TERM "$pid" 2>/dev/null || true
        fi
    done
    for ((tries = 0; tries < 60; tries++)); do
        any_process "$1" || break
        sleep 0.05
    done
    for file in "$1"/*.pid; do
        [ -e "$file" ] || continue
        if is_running "$file"; then
            read -r pid _ <"$file"
            kill -KILL "$pid" 2>/dev/null || true
        fi
        rm -f "$file"
    done
}

free_port()
{
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# wait_until SECONDS WHY COMMAND...
wait_until()
{
    local end=$((SECONDS + $1)) why=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || die "$why"
        sleep 0.05
    done
}

# wait_for_file FILE NAME: prints its content once the process NAME has written it.
wait_for_file()
{
    local end=$((SECONDS + 15))
    until [ -s "$1" ]; do
        is_running "$home/run/$2.pid" || die "$2 ended: $(tail -n 3 "$home/log/$2")"
        [ "$SECONDS" -lt "$end" ] || die "$2 does not come up: see $home/log/$2"
        sleep 0.05
    done
    cat "$1"
}

# show_why DIR: the ends of the logs, when something went wrong.
show_why()
{
    local file
    for file in "$1"/*; do
        [ -s "$file" ] || continue
        printf '\n-- %s\n' "$file" >&2
        tail -n 5 "$file" >&2
    done
}
