#!/usr/bin/env bash
# tests/support/tidy.sh CLANG-TIDY BUILD-FOLDER JOBS
#
# clang-tidy over every source of the compilation database, several at once. A file that was clean is
# not looked at again until it, a header, the checks or the build's flags change.
set -euo pipefail

tidy=$1 build=$2 jobs=$3
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
clean=$build/tidy-clean
mkdir -p "$clean"
shared=$({
    "$tidy" --version
    cat .clang-tidy tests/.clang-tidy common/cmake/*.cmake
    find common producer worker tests deploy \( -name '*.h' -o -name '*.def' \) | sort | xargs cat
} | sha256sum | cut -c 1-16)

tidy_one()
{
    local file=$1 stamp model
    stamp=$clean/$(sha256sum "$file" | cut -c 1-32)-$shared-$(printf '%s' "$file" | tr '/' '_')
    [ ! -e "$stamp" ] || return 0
    model=(--extra-arg=-include "--extra-arg=$PWD/tests/support/tidy_model.h" --extra-arg=-Wno-unused-value
        "--extra-arg=-I$PWD")
    [ "$file" != common/base/error.c ] || model=()
    "$tidy" -p "$build" --quiet "${model[@]}" "$file" 2>/dev/null && touch "$stamp"
}
export -f tidy_one
export tidy build clean shared

python3 - "$build/compile_commands.json" "$PWD" <<'END' |
import json, os, sys
with open(sys.argv[1]) as database:
    files = {os.path.relpath(entry["file"], sys.argv[2]) for entry in json.load(database)}
print("\n".join(sorted(f for f in files if not f.startswith((".", "build/")))))
END
    xargs -P "$jobs" -n 1 bash -c 'tidy_one "$1" || exit 1' tidy_one
