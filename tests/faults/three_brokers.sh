#!/usr/bin/env bash
# Starts and stops the brokers of the fault tests; those that ran before, or that DISPYTCH_TEST_CLUSTER names, are left alone.
# Usage: three_brokers.sh start|stop DEV HOME
set -euo pipefail
step=$1 dev=$2 DISPYTCH_KAFKA_HOME=$3
export DISPYTCH_KAFKA_HOME
[ -z "${DISPYTCH_TEST_CLUSTER-}" ] || exit 0
case "$step" in
  start)
    if "$dev" kafka status; then exit 0; fi
    "$dev" kafka start --brokers 3
    touch "$DISPYTCH_KAFKA_HOME/borrowed"
    ;;
  stop) if [ -e "$DISPYTCH_KAFKA_HOME/borrowed" ]; then "$dev" kafka stop; fi ;;
esac
