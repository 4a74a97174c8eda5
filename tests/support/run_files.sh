#!/bin/sh
# tests/support/run_files.sh [TEST...]: the test_*.py of the working directory. TEST is a name as unittest takes it. Without one,
# every file, STOPFLEET_FILES_AT_ONCE (2) at a time: a file has its own Kafka, Redis and programs. Those that use the machine's
# Docker engine, where each worker sees all containers, take turns. What failed is printed once more at the end.
set -eu
export PYTHONDONTWRITEBYTECODE=1
machine='Containers()\|(MachineHost)' # what says in a file that it uses the machine's engine

run() { python3 -W ignore::ResourceWarning -m unittest -v "$@"; }

if [ "${1:-}" = --file ]; then # DIRECTORY FILE
    output=$2/$3.log
    lock=$2/own-$3
    ! grep -q "$machine" "$3" || lock=$2/machine
    status=0
    (flock 9 && run "${3%.py}") >"$output" 2>&1 9>"$lock" || status=$?
    flock "$2/output" cat "$output"
    [ "$status" = 0 ] || mv "$output" "$2/failed-$3"
    exit "$status"
fi
if [ $# -gt 0 ]; then
    run "$@"
    exit
fi
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
status=0
# Files of the machine's engine are begun far from each other, so that none waits for long.
{
    grep -L "$machine" test_*.py | awk '{ print NR, $0 }'
    grep -l "$machine" test_*.py | awk '{ print (NR - 1) * 6 + 0.5, $0 }'
} | sort -n | cut -d ' ' -f 2 | xargs -P "${STOPFLEET_FILES_AT_ONCE:-2}" -n 1 "$0" --file "$directory" || status=$?
for failed in "$directory"/failed-*; do
    [ ! -e "$failed" ] || grep -v '^Ran ' "$failed" | grep -v '^FAILED ('
done
exit "$status"
