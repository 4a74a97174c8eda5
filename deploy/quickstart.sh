#!/usr/bin/env bash
# deploy/quickstart.sh [--stay | --down] [--docker]
#
# Stopfleet on this machine, from nothing: installs packages, builds, starts a broker, Redis, a worker
# and the API on loopback, runs demo tasks, stops them through StopTask with the aws CLI, and shows
# the Task document and the timeline of events of each.
#
#   --stay    keep it all up afterwards, with fresh demo tasks, and say how to talk to it
#   --down    end what an earlier --stay left running, and only that
#   --docker  also a worker on this machine's Docker engine (installed and started where none
#             answers), with containers among the demo tasks
#   --help    this text
#
# Everything it writes lies below build/; without --stay nothing is left running.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top"
# shellcheck source=deploy/quickstart/processes.sh
. deploy/quickstart/processes.sh
# shellcheck source=deploy/quickstart/demo.sh
. deploy/quickstart/demo.sh
# shellcheck source=deploy/quickstart/docker.sh
. deploy/quickstart/docker.sh

home=$top/build/quickstart
bin=$top/build/release/bin
cluster=quickstart
# Of this machine, but not the one that an installed worker would have.
host_id=$(printf 'quickstart %s' "$(uname -n)" | sha256sum | cut -c 1-32)
stay=no down=no docker=no

usage() { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0"; }
step() { printf '\n\033[1m== %s\033[0m\n' "$1"; }
die()
{
    printf 'quickstart: %s\n' "$1" >&2
    exit "${2:-1}"
}

for word; do
    case $word in
    --stay) stay=yes ;;
    --down) down=yes ;;
    --docker) docker=yes ;;
    -h | --help) usage; exit 0 ;;
    *) die "unknown option \"$word\": see --help" 2 ;;
    esac
done
[ "$stay$down" != yesyes ] || die "--stay and --down do not go together" 2

ended=no
finish()
{
    status=$?
    trap - EXIT
    trap '' INT TERM HUP
    if [ "$ended" = no ]; then
        case $status in 0 | 129 | 130 | 143) ;; *) show_why "$home/log" ;; esac
        end_processes "$home/run"
        remove_cgroups "$home/tasks"
        end_docker "$home/run"
    fi
    exit "$status"
}

if [ "$down" = yes ]; then
    any_process "$home/run" && was=up || was=down
    end_processes "$home/run"
    remove_cgroups "$home/tasks"
    end_docker "$home/run"
    [ "$was" = up ] && echo "ended" || echo "nothing of an earlier quickstart is running"
    exit 0
fi

began=$SECONDS
step "packages"
groups="build quickstart"
[ "$docker" = no ] || groups="$groups docker"
# shellcheck disable=SC2086
deploy/packages/install.sh $groups
echo "all there"

step "build"
build_log=$top/build/quickstart-build.log
mkdir -p "$top/build"
cmake --preset release -DSTOPFLEET_TESTS=OFF >"$build_log" 2>&1 || die "the build cannot be configured: $(tail -n 5 "$build_log")"
if ! cmake --build --preset release 2>&1 | show_progress "$build_log"; then
    grep -E -A 5 'error|FAILED' "$build_log" | tail -n 30 >&2
    die "the build failed: see $build_log"
fi
echo "programs in build/release/bin ($((SECONDS - began)) s so far)"

if any_process "$home/run"; then
    step "an earlier quickstart is still up: ending it first"
    end_processes "$home/run"
fi
remove_cgroups "$home/tasks"
end_docker "$home/run"
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
# Task files that a person added stay: what they name may still run.
rm -rf "$home/run" "$home/log" "$home/redis" "$home/state" "$home/docker-state" "$home/env"
rm -f "$home"/tasks/quickstart-*
mkdir -p "$home/run" "$home/log" "$home/redis" "$home/tasks" "$home/state"

step "servers on loopback"
start_process devbroker "$bin/stopfleet-devbroker" --address-file "$home/run/kafka"
kafka=$(wait_for_file "$home/run/kafka" devbroker)
echo "Kafka (in memory, for trying out only)  $kafka"
redis_port=$(free_port)
start_process redis redis-server --bind 127.0.0.1 --port "$redis_port" --dir "$home/redis" --save '' --appendonly no
redis=127.0.0.1:$redis_port
wait_until 10 "Redis does not answer on port $redis_port" redis-cli -p "$redis_port" ping
echo "Redis                                    $redis"
kafka_flags=(--kafka-brokers "$kafka" --kafka-option fetch.wait.max.ms=10)
"$bin/stopfleet-api" topics create "${kafka_flags[@]}" --redis "$redis" --cluster "$cluster" --unsafe-topics >"$home/log/topics" 2>&1 ||
    die "the topics could not be made: $(cat "$home/log/topics")"
start_process worker "$bin/stopfleet-worker" "${kafka_flags[@]}" --redis "$redis" --cluster "$cluster" --unsafe-topics \
    --host-id "$host_id" --runtime process --process-directory "$home/tasks" --state-directory "$home/state" --stop-timeout 3s
echo "stopfleet-worker                         process runtime, tasks in build/quickstart/tasks"
start_process api "$bin/stopfleet-api" "${kafka_flags[@]}" --redis "$redis" --cluster "$cluster" --unsafe-topics \
    --listen 127.0.0.1:0 --address-file "$home/run/api-address"
endpoint=http://$(wait_for_file "$home/run/api-address" api)
echo "stopfleet-api                            $endpoint"
export AWS_ACCESS_KEY_ID=quickstart AWS_SECRET_ACCESS_KEY=quickstart AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
export AWS_PAGER='' AWS_EC2_METADATA_DISABLED=true
if [ "$docker" = yes ]; then
    start_docker_worker
fi

step "demo tasks"
start_demo_tasks
show_tasks

step "StopTask"
stop_demo_tasks

step "what became of them"
show_demo_tasks

if [ "$stay" = no ]; then
    step "done in $((SECONDS - began)) s; ending everything (--stay keeps it up)"
    exit 0
fi
step "fresh demo tasks"
start_demo_tasks
write_environment "$home/env"
ended=yes
show_what_to_try
