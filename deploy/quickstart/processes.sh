#!/usr/bin/env bash
# Background processes of the quickstart: each known by its process id and start time, so that an id
# that was reused is never signalled. Sourced by deploy/quickstart.sh.
# shellcheck shell=bash

# start_time PID: the kernel's start time of a process, nothing if it is gone.
start_time() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# start_process NAME COMMAND...: in a session of its own, so that Ctrl-C reaches the script alone, and
# all that comes of it can be ended. The pid file is there before the command begins.
start_process()
{
    local name=$1
    shift
    setsid bash -c 'f=$1; shift; read -r stat <"/proc/$$/stat"; rest=(${stat##*) }); echo "$$ ${rest[19]}" >"$f"; exec "$@"' \
        bash "$home/run/$name.pid" "$@" >"$home/log/$name" 2>&1 </dev/null &
    disown $!
    wait_until 5 "$name does not start" test -s "$home/run/$name.pid"
}

# session_of FILE: the processes of the session that a pid file names, its leader too; nothing if the id
# is another process' by now. (While a session has members, the kernel gives its id to nobody.)
session_of()
{
    local leader began now stat rest
    read -r leader began <"$1" || return 0
    now=$(start_time "$leader")
    [ -z "$now" ] || [ "$now" = "$began" ] || return 0
    for stat in /proc/[0-9]*/stat; do
        { read -r rest <"$stat"; } 2>/dev/null || continue
        # shellcheck disable=SC2206
        rest=(${rest##*) })
        [ "${rest[3]}" = "$leader" ] && [ "${rest[0]}" != Z ] && basename "${stat%/stat}"
    done
    return 0
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
        [ -s "$file" ] && [ -n "$(session_of "$file")" ] && return 0
    done
    return 1
}

# end_processes DIR: newest first; SIGTERM to each leader, then SIGKILL to what is left of its session.
end_processes()
{
    local file pid tries
    for file in $(ls -t "$1"/*.pid 2>/dev/null); do
        if is_running "$file"; then
            read -r pid _ <"$file"
            kill -TERM "$pid" 2>/dev/null || true
        fi
    done
    for ((tries = 0; tries < 20; tries++)); do
        any_process "$1" || break
        sleep 0.1
    done
    for file in "$1"/*.pid; do
        [ -s "$file" ] || continue
        for pid in $(session_of "$file"); do
            kill -KILL "$pid" 2>/dev/null || true
        done
        rm -f "$file"
    done
}

# remove_cgroups DIR: the control groups that the task files name and nobody has removed: stopfleet-run does it when the command
# has ended, unless it was killed itself. rmdir takes empty ones alone: what still runs keeps its group.
remove_cgroups()
{
    local file group tries
    for file in "$1"/*.json; do
        [ -s "$file" ] || continue
        group=$(grep -o '"cgroup": *"/sys/fs/cgroup/[^"]*/stopfleet-[^"/]*"' "$file" | cut -d'"' -f4) || continue
        for ((tries = 0; tries < 10; tries++)); do
            [ -d "$group" ] || break
            rmdir "$group/stopfleet-stop" 2>/dev/null || true
            rmdir "$group" 2>/dev/null || sleep 0.05
        done
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

# show_progress FILE: standard input into the file; where somebody looks, how far it is, in one line.
show_progress()
{
    local line
    while IFS= read -r line; do
        printf '%s\n' "$line" >>"$1"
        if [ -t 1 ]; then
            printf '\r\033[K    %.70s' "$line"
        fi
    done
    [ ! -t 1 ] || printf '\r\033[K'
}
