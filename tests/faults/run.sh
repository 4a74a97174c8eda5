#!/bin/sh
# tests/faults/run.sh [--all] [TEST...]: real parts that fail; STOPFLEET_BIN says which programs (preset faults).
# TEST is a name as unittest takes it, for example test_fault_points.FaultPoints; without one, every file
# (tests/support/run_files.sh). --all: every passing of every point, and many hosts each, a file at a time.
set -eu
cd "$(dirname "$0")"
if [ "${1:-}" = --all ]; then
    export STOPFLEET_FAULTS=all STOPFLEET_FILES_AT_ONCE=1
    shift
fi
exec "$PWD/../support/run_files.sh" "$@"
