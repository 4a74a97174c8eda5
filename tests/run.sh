#!/usr/bin/env bash
# tests/run.sh [--only PART]... [--all]
#
# Installs what is needed, builds, and runs the tests. Without an option: the short run, which is
# meant to stay well under 20 minutes on two cores.
#
#   --only PART  that part alone (may be given several times)
#   --all        every part, the long ones too
#   --histories N, --seed S
#                of the simulator: how many histories (20000, with --all 100000), and from which seed on (1)
#   --help       this text and the parts
#
# A part that cannot run fails and says why; nothing is skipped. The output of each part is kept in
# build/run/PART.log. The last line is "N passed, N failed". Exit status: 0 when nothing failed.
set -uo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top" || exit 1
logs=$top/build/run
cores=$(nproc)
export CTEST_PARALLEL_LEVEL=$cores
# Python and clients of the distribution, whose packages the tests use.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH

# name, when (short: always; long: with --all), packages, what it is
parts=(
    "build       short  build,test         the presets dev, clang and release, warnings as errors"
    "style       short  build,test,style   clang-format, clang-tidy, cppcheck, shell syntax"
    "docs        short  build,test         the generated documents are what the tables say"
    "unit        short  build,test         unit tests and fuzz corpora, with ASan and UBSan"
    "integration short  build,test,docker  each adapter on its real server, with ASan and UBSan"
    "e2e         short  build,test,docker  the whole way on real Kafka, Redis and Docker, by the aws CLI and boto3"
    "faults      short  build,test,docker  real parts that die: the worker at each step of a stop; --all: at each passing of each"
    "sim         short  build,test         the worker on virtual time in a world that fails, and broken variants of it"
    "fuzz        long   build,test         libFuzzer on every parser of foreign bytes"
    "debian13    long   build,test,chroot,docker  unit and integration tests on Debian 13"
    "bench       long   build,test,bench,docker  StopTask a second beside moto's; the API over 50,000 tasks; discovery; the others in small"
)

part_field() # NAME FIELD-NUMBER
{
    printf '%s\n' "${parts[@]}" | awk -v name="$1" -v field="$2" '$1 == name {
        if (field < 4) { print $field } else { sub(/^[^ ]+ +[^ ]+ +[^ ]+ +/, ""); print } }'
}
part_names() { printf '%s\n' "${parts[@]}" | awk '{print $1}'; }
usage()
{
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0"
    echo "Parts:"
    for name in $(part_names); do
        printf '  %-12s %-6s %s\n' "$name" "$(part_field "$name" 2)" "$(part_field "$name" 4)"
    done
}

chosen=
all=no
histories=
seed=1
while [ $# -gt 0 ]; do
    case $1 in
    --only)
        if [ $# -lt 2 ] || [ -z "$(part_field "$2" 1)" ]; then
            echo "tests/run.sh: no part \"${2:-}\"; parts: $(part_names | tr '\n' ' ')" >&2
            exit 2
        fi
        chosen="$chosen $2"
        shift
        ;;
    --all) all=yes ;;
    --histories | --seed)
        case ${2:-} in
        '' | *[!0-9]* | 0*)
            echo "tests/run.sh: $1 wants a number from 1 on, not \"${2:-}\"" >&2
            exit 2
            ;;
        esac
        [ "$1" = --seed ] && seed=$2 || histories=$2
        shift
        ;;
    -h | --help) usage; exit 0 ;;
    *)
        echo "tests/run.sh: unknown option \"$1\": --only PART, --all, --histories N, --seed S, --help; parts: $(part_names | tr '\n' ' ')" >&2
        exit 2
        ;;
    esac
    shift
done
only=$chosen
if [ -z "$chosen" ]; then
    for name in $(part_names); do
        [ "$all" = no ] && [ "$(part_field "$name" 2)" = long ] || chosen="$chosen $name"
    done
fi

passed=0
failed=0
summary=()

# note PASSED FAILED: counts results of the part that is running.
note()
{
    part_passed=$((part_passed + $1))
    part_failed=$((part_failed + $2))
}

# check WHAT COMMAND...: one test that is passed when the command succeeds; its output only if not.
check()
{
    local what=$1 began=$SECONDS output
    shift
    output=$(mktemp "$logs/check.XXXXXX")
    if "$@" >"$output" 2>&1 </dev/null; then
        note 1 0
        echo "  ok    $what ($((SECONDS - began)) s)"
    else
        note 0 1
        echo "  FAIL  $what ($((SECONDS - began)) s)"
        tail -n 100 "$output" | sed 's/^/        /'
    fi
    cat "$output" >>"$logs/$part.log"
    rm -f "$output"
}

# counted WHAT COMMAND...: a command that says its own numbers, ctest's or "N passed, N failed".
counted()
{
    local what=$1 output status numbers
    shift
    output=$(mktemp "$logs/check.XXXXXX")
    "$@" >"$output" 2>&1 </dev/null
    status=$?
    cat "$output" >>"$logs/$part.log"
    numbers=$(awk '/^[0-9]+% tests passed, [0-9]+ tests? failed out of [0-9]+/ { # ctest
                       bad = $4; good = $9 - bad; found = 1 }
                   /^Ran [0-9]+ tests? in / { good += $2; found = 1 } # unittest, of one file or of several
                   /^(OK|FAILED) \(.*\)$/ {
                       for (i = 2; i <= NF; i++) {
                           if (match($i, /(failures|errors|skipped)=[0-9]+/)) {
                               split($i, part, /[=,)]/); bad += part[2]; good -= part[2] } } }
                   /^[0-9]+ passed, [0-9]+ failed$/ { good = $1; bad = $3; found = 1 }
                   END { if (found) print good + 0 " " bad + 0 }' "$output")
    # A command that fails without a failed test has failed all the same (no test at all, a crash).
    if [ -z "$numbers" ] || { [ "$status" != 0 ] && [ "${numbers#* }" = 0 ]; }; then
        numbers="${numbers:-0 0}"
        [ "$status" = 0 ] && echo "  $what said no numbers"
        numbers="${numbers% *} 1"
    fi
    # shellcheck disable=SC2086
    note $numbers
    if [ "${numbers#* }" = 0 ]; then
        echo "  ok    $what: ${numbers% *} passed"
    else
        echo "  FAIL  $what: ${numbers% *} passed, ${numbers#* } failed (exit status $status)"
        tail -n 150 "$output" | sed 's/^/        /'
    fi
    rm -f "$output"
}

configure_and_build() # PRESET [OPTION...]
{
    local preset=$1
    shift
    cmake --preset "$preset" "$@" && cmake --build "build/$preset" -j "$cores"
}

# built PRESET [OPTION...]: once a run; a test of its own only in the part "build".
built_presets=" "
built()
{
    case $built_presets in *" $1 "*) return 0 ;; esac
    local before=$part_failed
    check "build of preset $1" configure_and_build "$@"
    [ "$part_failed" = "$before" ] || return 1
    built_presets="$built_presets$1 "
}

sources() { find common producer worker tests deploy -name "$1" | sort; }

run_build()
{
    built dev
    built clang
    # As it is shipped, without the seams of the tests; with --all those too, of which -O2 knows more.
    built release -DSTOPFLEET_TESTS="$([ "$all" = yes ] && echo ON || echo OFF)"
}

run_style()
{
    local formatter tidy
    formatter=$(clang_format_14) || { echo "  no clang-format 14"; note 0 1; return; }
    check "clang-format" xargs -a <(sources '*.[ch]') "$formatter" --dry-run -Werror
    built clang || return
    tidy=$(command -v clang-tidy-14 || command -v clang-tidy || echo clang-tidy)
    check "clang-tidy" tests/support/tidy.sh "$tidy" build/clang "$cores"
    # internalAstError: cppcheck's own parser gives up at a compound literal in a conditional.
    check "cppcheck" cppcheck --quiet -j "$cores" --std=c11 --error-exitcode=1 --inline-suppr \
        --enable=warning,performance,portability --suppress=missingIncludeSystem --suppress=internalAstError \
        -I . common producer worker deploy tests
    check "shell syntax" bash -c 'for f in $(find deploy tests .ci -name "*.sh" -o -path .ci/run); do
        case $(head -n 1 "$f") in *bash*) bash -n "$f" ;; *) sh -n "$f" ;; esac || exit 1; done'
    check "headers stand alone" cmake --build build/clang -j "$cores" --target all_verify_interface_header_sets
}

# The formatter's opinion differs from version to version: 14 counts, from PyPI where the release has
# another.
clang_format_14()
{
    local venv=${XDG_CACHE_HOME:-$HOME/.cache}/stopfleet/clang-format-14
    command -v clang-format-14 && return
    if [ ! -x "$venv/bin/clang-format" ]; then
        rm -rf "$venv"
        mkdir -p "$logs"
        { python3 -m venv "$venv" && "$venv/bin/pip" install -q clang-format==14.0.6; } >&2 || return 1
    fi
    echo "$venv/bin/clang-format"
}

run_docs()
{
    built dev || return
    check "generated documents" tests/support/generated_docs.sh --check build/dev
    check "tests that documents name" python3 tests/support/named_tests.py
    check "event codes of the programs' logs" python3 tests/support/log_codes.py
}

ctest_of() # PRESET LABEL
{
    counted "$2 tests ($1)" ctest --test-dir "build/$1" -L "^$2\$" --output-on-failure --no-tests=error
}

run_unit()
{
    built asan && ctest_of asan unit
}

run_integration()
{
    built asan || return
    check "Kafka jars" python3 tests/support/servers.py kafka-jars
    check "Docker engine and probe image" python3 tests/support/servers.py docker
    ctest_of asan integration
}

run_e2e()
{
    built dev && counted "end to end" env STOPFLEET_BIN="$top/build/dev/bin" STOPFLEET_ALL="$all" tests/e2e/run.sh
}

run_faults()
{
    local every=
    [ "$all" = no ] || every=--all
    # shellcheck disable=SC2086
    built faults && counted "faults" env STOPFLEET_BIN="$top/build/faults/bin" tests/faults/run.sh $every
    sed -n 's/^.*\(fault points: .*deaths.*\)/        \1/p' "$logs/faults.log"
}

run_fuzz()
{
    built fuzz -DSTOPFLEET_FUZZ_SECONDS=30 && ctest_of fuzz fuzz
}

run_debian13()
{
    check "Docker engine and probe image" python3 tests/support/servers.py docker
    check "Kafka jars" python3 tests/support/servers.py kafka-jars
    # shellcheck disable=SC2016
    counted "Debian 13" tests/support/chroot.sh trixie bash -c '
        deploy/packages/install.sh build test &&
        cmake --preset dev && cmake --build --preset dev &&
        ctest --test-dir build/dev -L "^(unit|integration)$" --output-on-failure --no-tests=error'
}

run_bench()
{
    built release -DSTOPFLEET_TESTS=OFF && built dev || return
    check "StopTask" python3 tests/bench/stop_task.py --moto
    check "build of fill_view" cmake --build build/dev -j "$cores" --target fill_view
    check "a view of 1,000 hosts" python3 tests/bench/view_scale.py
    check "Kafka jars" python3 tests/support/servers.py kafka-jars
    check "Docker engine and probe image" python3 tests/support/servers.py docker
    # A restarted worker that describes again what it has described fails these two.
    check "discovery of 500 containers" python3 tests/bench/discovery.py --rounds 1
    check "3,000 task files" python3 tests/bench/task_files.py --rounds 1
    # The others in small: that they run, and what their exit status says.
    check "a rebuild of 300 tasks" python3 tests/bench/rebuild.py --tasks 300 --rounds 1
    check "300 process tasks stopped at once" python3 tests/bench/stop_processes.py --tasks 300 --ignoring 60 --grace 3 --rounds 1
    check "12 containers stopped at once" python3 tests/bench/stop_containers.py --containers 12 --rounds 1
    check "recovery with 100 stops in flight" python3 tests/bench/recovery.py --stops 100 --rounds 1
    check "idle with 10 containers" python3 tests/bench/idle.py --containers 10 --seconds 20
    sed 's/^/        /' "$logs/bench.log"
}

run_sim()
{
    local many=20000
    [ "$all" = no ] || many=100000
    built dev || return
    local before=$part_failed
    check "build of the broken variants" cmake --build build/dev -j "$cores" --target sim_mutants
    [ "$part_failed" = "$before" ] || return
    counted "histories and broken variants" build/dev/tests/sim/sim --histories "${histories:-$many}" --seed "$seed" --mutants
    sed -n 's/^sim: /        &/p' "$logs/sim.log"
}

docker_was_there=no
python3 tests/support/servers.py docker-answers >/dev/null 2>&1 && docker_was_there=yes
at_exit()
{
    # The engine that this run started goes with it.
    [ "$docker_was_there" = yes ] || python3 tests/support/servers.py docker-stop >/dev/null 2>&1 || true
}
trap at_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

mkdir -p "$logs"
echo "parts:$chosen"
began=$SECONDS
part=packages part_passed=0 part_failed=0
# shellcheck disable=SC2046
groups=$(for name in $chosen; do part_field "$name" 3; done | tr ',' '\n' | sort -u)
# shellcheck disable=SC2086
if ! deploy/packages/install.sh $groups </dev/null; then
    failed=$((failed + 1))
    summary+=("packages: could not be installed")
fi

for part in $chosen; do
    part_passed=0
    part_failed=0
    part_began=$SECONDS
    echo
    echo "== $part: $(part_field "$part" 4)"
    : >"$logs/$part.log"
    "run_$part"
    [ $((part_passed + part_failed)) -gt 0 ] || part_failed=1
    passed=$((passed + part_passed))
    failed=$((failed + part_failed))
    summary+=("$(printf '%-12s %5d passed %3d failed %5d s' "$part" "$part_passed" "$part_failed" "$((SECONDS - part_began))")")
done

echo
echo "== ran in $((SECONDS - began)) s"
printf '%s\n' "${summary[@]}"
if [ "$all" = no ] && [ -z "$only" ]; then
    echo "only --all covers:$(for name in $(part_names); do
        [ "$(part_field "$name" 2)" = short ] || printf ' %s' "$name"; done)"
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
