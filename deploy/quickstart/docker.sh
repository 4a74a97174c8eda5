#!/usr/bin/env bash
# The Docker part of the quickstart (--docker): a second worker, on this machine's engine, and containers
# among the demo tasks. Sourced by deploy/quickstart.sh.
# shellcheck shell=bash

probe_image=stopfleet/probe:test

start_docker_worker()
{
    python3 tests/support/servers.py docker-answers >/dev/null 2>&1 || touch "$home/run/engine-started"
    if ! python3 tests/support/servers.py docker >"$home/log/docker" 2>&1; then
        die "no Docker engine can be had here: $(tail -n 3 "$home/log/docker")"
    fi
    start_process docker-worker "$bin/stopfleet-worker" "${kafka_flags[@]}" --redis "$redis" --cluster "$cluster" --unsafe-topics \
        --host-id "$(printf 'quickstart docker %s' "$(uname -n)" | sha256sum | cut -c 1-32)" --runtime docker \
        --state-directory "$home/docker-state" --stop-timeout 3s
    echo "stopfleet-worker                         Docker engine at /var/run/docker.sock"
}

# run_container TASK MODE...: a container of the probe image, which is removed at the end. Its name is this folder's: another
# clone on the same engine keeps its own.
run_container()
{
    local task=$1 name
    name=$1-$(printf '%s' "$home" | cksum | cut -d ' ' -f 1)
    shift
    docker_client rm -f "$name" >/dev/null 2>&1 || true
    docker_client run -d --name "$name" --label "io.stopfleet.task=$task" "$probe_image" "$@" >"$home/run/$task.container"
}

docker_client()
{
    if [ -x /usr/bin/docker ]; then /usr/bin/docker "$@"; else docker "$@"; fi
}

# end_docker DIR: removes the containers that were started here, and no other; ends the engine if it was
# started here.
end_docker()
{
    local file
    for file in "$1"/*.container; do
        [ -s "$file" ] || continue
        docker_client rm -f "$(cat "$file")" >/dev/null 2>&1 || true
        rm -f "$file"
    done
    if [ -e "$1/engine-started" ]; then
        python3 tests/support/servers.py docker-stop >/dev/null 2>&1 || true
        rm -f "$1/engine-started"
    fi
}
