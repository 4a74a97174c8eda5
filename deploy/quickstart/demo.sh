#!/usr/bin/env bash
# The demo of the quickstart: tasks that obey, ignore, and depend on each other.
# Sourced by deploy/quickstart.sh.
# shellcheck shell=bash

obeys='trap "exit 0" TERM; while :; do sleep 0.1; done'
ignores='trap "" TERM; while :; do sleep 0.1; done'
demo_round=0

ecs() { aws --endpoint-url "$endpoint" ecs "$@" --cluster "$cluster"; }

# run_process TASK NAME DEPENDS_ON SCRIPT: one process of a task, under stopfleet-run.
run_process()
{
    local flags=(--directory "$home/tasks" --task "$1" --name "$2" --stop-timeout 3)
    [ -z "$3" ] || flags+=(--depends-on "$3")
    start_process "task-$demo_round-$1-$2" "$bin/stopfleet-run" "${flags[@]}" -- sh -c "$4"
}

# demo_ids: the ids of this round's tasks, by their groups: other tasks of the cluster are none of ours.
demo_ids()
{
    local arns groups=
    for name in "${demo_tasks[@]}"; do
        groups="$groups${groups:+,}\"family:$name\""
    done
    arns=$(ecs list-tasks --max-items 100 --output text --query 'taskArns[]')
    case $arns in '' | None) return ;; esac
    # shellcheck disable=SC2086
    ecs describe-tasks --tasks $arns --output text --query "tasks[?contains(\`[$groups]\`, group)].taskArn" | tr '\t' '\n' | sed 's:.*/::'
}

# all_seen: sets `ids` once the view has the whole round.
all_seen()
{
    ids=$(demo_ids)
    [ "$(wc -w <<<"$ids")" = "${#demo_tasks[@]}" ]
}

start_demo_tasks()
{
    demo_round=$((demo_round + 1))
    demo_tasks=("quickstart-obeys-$demo_round" "quickstart-ignores-$demo_round" "quickstart-shop-$demo_round")
    run_process "${demo_tasks[0]}" main '' "$obeys"
    run_process "${demo_tasks[1]}" main '' "$ignores"
    run_process "${demo_tasks[2]}" db '' "$obeys"
    run_process "${demo_tasks[2]}" web db "$obeys"
    if [ "$docker" = yes ]; then
        demo_tasks+=("quickstart-container-$demo_round")
        run_container "${demo_tasks[3]}" ignore
    fi
    wait_until 20 "the workers do not see the demo tasks: see $home/log" all_seen
}

show_tasks()
{
    # shellcheck disable=SC2086
    ecs describe-tasks --tasks $ids --output table \
        --query 'tasks[].{task: taskArn, group: group, last: lastStatus, desired: desiredStatus}'
}

stop_demo_tasks()
{
    local id
    for id in $ids; do
        echo "\$ aws ecs stop-task --cluster $cluster --task $id --reason \"quickstart demo\" --endpoint-url $endpoint"
        ecs stop-task --task "$id" --reason "quickstart demo" --output json \
            --query 'task.{lastStatus: lastStatus, desiredStatus: desiredStatus, stopCode: stopCode}' | sed 's/^/    /'
    done
    # shellcheck disable=SC2086
    wait_until 30 "the tasks do not end: see $home/log/worker" all_stopped $ids
}

all_stopped()
{
    local count
    count=$(ecs describe-tasks --tasks "$@" --output text --query 'length(tasks[?lastStatus==`STOPPED`])')
    [ "$count" = $# ]
}

show_demo_tasks()
{
    local id
    for id in $ids; do
        printf '\n\033[1m-- task %s\033[0m\n' "$id"
        ecs describe-tasks --tasks "$id" --query 'tasks[0]'
        echo
        "$bin/stopfleet-audit" events "${kafka_flags[@]}" --task "$id"
    done
}

write_environment()
{
    cat >"$1" <<END
# Source this: . build/quickstart/env
export AWS_ENDPOINT_URL_ECS=$endpoint
export AWS_ACCESS_KEY_ID=quickstart AWS_SECRET_ACCESS_KEY=quickstart
export AWS_REGION=$AWS_REGION AWS_DEFAULT_REGION=$AWS_REGION AWS_EC2_METADATA_DISABLED=true
export STOPFLEET_KAFKA=$kafka
export STOPFLEET_REDIS=$redis
export STOPFLEET_CLUSTER=$cluster
END
}

show_what_to_try()
{
    cat <<END

It stays up. To talk to it:

    . build/quickstart/env
    aws ecs list-tasks --cluster $cluster --endpoint-url $endpoint
    aws ecs stop-task --cluster $cluster --task ID --reason "trying it" --endpoint-url $endpoint
    aws ecs describe-tasks --cluster $cluster --tasks ID --endpoint-url $endpoint
    aws ecs stop-task --cluster $cluster --task ID --endpoint-url $endpoint/stop-timeout/0    # SIGKILL now
    build/release/bin/stopfleet-audit events --task ID
    build/release/bin/stopfleet-audit events --follow
    build/release/bin/stopfleet-run --directory build/quickstart/tasks --task mine -- sleep 1000

(A newer aws CLI reads AWS_ENDPOINT_URL_ECS from that file; Debian 12's does not, and needs --endpoint-url.)
The logs are in build/quickstart/log. To end it: deploy/quickstart.sh --down
END
}
