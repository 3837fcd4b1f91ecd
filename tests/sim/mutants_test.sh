#!/usr/bin/env bash
# The simulator knows each DISPYTCH_MUTATE of the sources, and no other.
set -euo pipefail
simulator=$1 sources=$2
in_sources=$(grep -rhoP 'DISPYTCH_MUTATE\("\K[a-z_]+' "$sources" | sort -u)
listed=$("$simulator" --list | sort)
[ "$(wc -l <<<"$in_sources")" -ge 15 ]
diff <(echo "$in_sources") <(echo "$listed")
