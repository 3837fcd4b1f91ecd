#!/usr/bin/env bash
# Replays a transcript: console.sh FILE. Each `$ command` is run, and must print what stands behind it up to the next, both streams
# together. A line `...` stands for any lines.
set -euo pipefail

check() {  # COMMAND EXPECTED
  local output pattern character
  output=$(bash -c "$1" 2>&1) || true
  pattern=$'\n'${2//\\/\\\\}
  for character in '*' '?' '[' ']'; do pattern=${pattern//"$character"/\\"$character"}; done
  pattern=${pattern//$'\n...\n'/$'\n'*}
  # shellcheck disable=SC2053  # a pattern is wanted
  if [[ $'\n'$output$'\n' != $pattern && -n $output$2 ]]; then
    printf '$ %s\nexpected:\n%sfound:\n%s\n' "$1" "$2" "$output"
    return 1
  fi
}

command='' expected='' result=0 count=0
while IFS= read -r line; do
  if [[ $line == '$ '* ]]; then
    [ $count = 0 ] || check "$command" "$expected" || result=1
    command=${line#'$ '} expected='' count=$((count + 1))
  else
    expected+=$line$'\n'
  fi
done <"$1"
[ $count -gt 0 ] || { echo "$1 holds no command"; exit 1; }
check "$command" "$expected" || result=1
exit $result
