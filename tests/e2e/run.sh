#!/bin/sh
# tests/e2e/run.sh [TEST...]: the whole way on real Kafka, Redis and Docker; STOPFLEET_BIN says which programs, STOPFLEET_ALL=yes
# to repeat all of unruly containers on Podman too.
# TEST is a name as unittest takes it, for example test_bad_days.Outages; without one, every file (tests/support/run_files.sh).
set -eu
cd "$(dirname "$0")"
exec "$PWD/../support/run_files.sh" "$@"
