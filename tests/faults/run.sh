#!/bin/sh
# tests/faults/run.sh [--all] [TEST...]: real parts that fail; STOPFLEET_BIN says which programs (preset faults).
# TEST is a name as unittest takes it, for example test_fault_points.FaultPoints. --all: every passing of every point, and more
# of the rest.
set -eu
cd "$(dirname "$0")"
export PYTHONDONTWRITEBYTECODE=1
if [ "${1:-}" = --all ]; then
    export STOPFLEET_FAULTS=all
    shift
fi
if [ $# -gt 0 ]; then
    exec python3 -W ignore::ResourceWarning -m unittest -v "$@"
fi
exec python3 -W ignore::ResourceWarning -m unittest discover -v -p 'test_*.py'
