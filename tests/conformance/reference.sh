#!/bin/sh
# The reference broker for one run of the kit. Usage: reference.sh run COMMAND..., with REFERENCE_BROKER, its program: starts it, runs the
# command with REFERENCE_PORT, and stops it. `start`, `stop`, `freeze`, `thaw` and `list` are for the kit's config.
set -eu

start() {
  "$REFERENCE_BROKER" --port "${REFERENCE_PORT:-0}" --journal "$REFERENCE_HOME/journal" --pid-file "$REFERENCE_HOME/pid" --lease 600 --loading "${1:-0}" 2>&1
}

stop() {
  pid=$(cat "$REFERENCE_HOME/pid")
  kill -9 "$pid"
  while kill -0 "$pid" 2>/dev/null; do sleep 0.01; done
}

case "$1" in
  start) start 200 >/dev/null ;;
  stop) stop ;;
  freeze) kill -STOP "$(cat "$REFERENCE_HOME/pid")" ;;
  thaw) kill -CONT "$(cat "$REFERENCE_HOME/pid")" ;;
  list) "$REFERENCE_BROKER" --list "$REFERENCE_PORT" ;;
  run)
    shift
    REFERENCE_HOME=$(mktemp -d)
    REFERENCE_SCRIPT=$0
    export REFERENCE_HOME REFERENCE_SCRIPT
    trap 'stop; rm -rf "$REFERENCE_HOME"' EXIT
    REFERENCE_PORT=$(start)
    export REFERENCE_PORT
    "$@"
    ;;
  *) echo "reference.sh: no command $1" >&2; exit 2 ;;
esac
