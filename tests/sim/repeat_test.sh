#!/usr/bin/env bash
# A failing schedule can be replayed: its trace is the same each time, and says what went wrong.
set -euo pipefail
simulator=$1
found=$("$simulator" --mutants --mutant retry_out_of_order --schedules 20000)
seed=$(sed -nE 's/^retry_out_of_order: found after [0-9]+ schedules, by seed ([0-9]+): .*/\1/p' <<<"$found")
what=$(sed -nE 's/^retry_out_of_order: found after [0-9]+ schedules, by seed [0-9]+: (.*)/\1/p' <<<"$found")
first=$("$simulator" --trace "$seed" --mutant retry_out_of_order 2>/dev/null || true)
again=$("$simulator" --trace "$seed" --mutant retry_out_of_order 2>/dev/null || true)
[ "$first" = "$again" ]
[ "$(tail -n 1 <<<"$first")" = "$what" ]
"$simulator" --trace "$seed" >/dev/null 2>&1  # without the mistake it is a good one
if "$simulator" --mutant nothing 2>/dev/null; then exit 1; fi
