#!/bin/sh
# tests/support/generated_docs.sh --check|--write BUILD-FOLDER
#
# The documents that are made from the tables of the programs: docs/events.md, docs/configuration.md,
# the last section of docs/stopping.md; and the list of files in docs/architecture.md. --write makes them anew, --check fails where they differ.
set -eu

mode=${1:-}
build=${2:-}
case $mode in
--check | --write) ;;
*)
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0" >&2
    exit 2
    ;;
esac
build=$(cd "$build" && pwd)
cd "$(dirname "$0")/../.."

events() { "$build/tests/print_docs" events; }

stopping()
{
    section=$("$build/tests/print_docs" stopping) || return 1
    first=$(printf '%s\n' "$section" | head -n 1)
    awk -v first="$first" '$0 == first {exit} {print}' docs/stopping.md
    printf '%s\n' "$section"
}

configuration()
{
    cat <<'END'
# Configuration

<!-- Made from the option tables of the programs: tests/support/generated_docs.sh. -->

Every option can be given three ways: as a flag (`--name value` or `--name=value`), as an environment
variable, and as a line `name = value` of the file that `--config` names. A flag goes before the
environment, the environment before the file. An unknown option and an unknown line of the file are
errors; so is an unknown variable that begins with `STOPFLEET_` and is one letter away from a known one.
An empty variable counts as none; an empty flag or line unsets a text that has no default, and is refused for one that has.
`--dump-config` prints what is in force, `--help` what there is.
END
    for program in stopfleet-api stopfleet-worker stopfleet-run stopfleet-audit stopfleet-devbroker; do
        echo
        "$build/bin/$program" --options-markdown || return 1
    done
}

architecture()
{
    awk '/^## Every file$/ {exit} {print}' docs/architecture.md
    python3 tests/support/file_map.py
}

differing=0
for name in events stopping configuration architecture; do
    made=$(mktemp)
    "$name" >"$made" || { echo "docs/$name.md could not be made" >&2; rm -f "$made"; exit 1; }
    if [ "$mode" = --write ]; then
        cat "$made" >"docs/$name.md"
    elif ! diff -u "docs/$name.md" "$made"; then
        echo "docs/$name.md differs from the tables: tests/support/generated_docs.sh --write $build" >&2
        differing=1
    fi
    rm -f "$made"
done
exit "$differing"
