#!/usr/bin/env bash
# story_test.sh SIM: a broken variant is told as a shrunk story, and the replay that it names fails in the same way.
set -euo pipefail
sim=$1
told=$("$sim" --histories 20 --jobs 1 --break put-drops) && { echo "the variant was not caught"; exit 1; }
replay=$(sed -n 's/^replay: //p' <<<"$told" | head -n 1)
promise=$(sed -n 's/^story of seed .*clients to [0-9]* and [0-9]*: //p' <<<"$told" | head -n 1)
grep -q 's  api      client .* calls StopTask' <<<"$told" || { echo "no story: $told"; exit 1; }
[ -n "$replay" ] && [ -n "$promise" ] || { echo "no replay or no promise: $told"; exit 1; }
read -ra command <<<"$replay"
again=$("${command[@]}") && { echo "the replay did not fail: $replay"; exit 1; }
grep -qF "!!! $promise" <<<"$again" || { echo "the replay fails in another way: $again"; exit 1; }
