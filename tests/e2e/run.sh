#!/bin/sh
# tests/e2e/run.sh [TEST...]: the whole way on real Kafka, Redis and Docker; STOPFLEET_BIN says which programs.
# TEST is a name as unittest takes it, for example test_bad_days.Outages.
set -eu
cd "$(dirname "$0")"
export PYTHONDONTWRITEBYTECODE=1
if [ $# -gt 0 ]; then
    exec python3 -W ignore::ResourceWarning -m unittest -v "$@"
fi
exec python3 -W ignore::ResourceWarning -m unittest discover -v -p 'test_*.py'
