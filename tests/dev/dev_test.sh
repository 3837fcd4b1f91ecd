#!/usr/bin/env bash
# Tests of ./dev, in a folder of their own that holds nothing but a copy of it and of the scripts that it calls. Usage: dev_test.sh DEV WORK TEST
# shellcheck disable=SC2016  # the bodies of tools are for later
set -uo pipefail
dev=$1 work=$2 test=$3
rm -rf "$work"
mkdir -p "$work/bin" "$work/tests/kafka" "$work/tests/redis" "$work/.ci"
cp "$dev" "$work/dev"
cp "$(dirname "$dev")"/.ci/{setup,packages} "$work/.ci/"
cp "$(dirname "$dev")/tests/kafka/cluster" "$work/tests/kafka/cluster"
cp "$(dirname "$dev")/tests/redis/server" "$work/tests/redis/server"

run() {  # COMMAND...: its status, standard output and standard error are in status, out, err after
  "$@" >"$work/out" 2>"$work/err" </dev/null
  status=$?
  out=$(cat "$work/out") err=$(cat "$work/err")
}
fail() { printf '%s\nstatus %s\nstandard output: %s\nstandard error: %s\n' "$1" "$status" "$out" "$err"; exit 1; }
expect_status() { [ "$status" = "$1" ] || fail "expected status $1"; }
expect_in() { [[ $2 == *"$1"* ]] || fail "expected to read: $1"; }
expect_empty() { [ -z "$1" ] || fail "expected nothing here: $1"; }

# The state of a process as a letter (proc(5)); nothing of one that ended, whether or not its parent has noticed.
state() { sed 's/.*) //; /^Z/d' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f1; }

# Nothing but what is named can be run with path=$work/bin; `tool NAME BODY` makes one that does BODY.
machine() { for name in bash cat comm dirname env grep sed sort tail "$@"; do ln -s "$(command -v "$name")" "$work/bin/$name"; done; }
# Packages by the names that a release has for what .ci/packages wants, and a machine on which all are installed, but those that are named.
packages() { sed -n 's/ *| */|/g; /^\(build\|faster\|kafka\|redis\|clang\|lint\)|/s/.*|//p' "$work/.ci/packages" | sed 's/{boost}/1.83/g; s/{jre}/21/g; s/{clang}/19/g' | tr ' ' '\n'; }
all_installed() {  # BUT...
  packages | grep -vxF -e nothing "${@/#/-e}" | sed 's/^/installed /' >"$work/installed"
  tool dpkg-query "cat '$work/installed'"
}
tool() { printf '#!/bin/bash\n%s\n' "$2" >"$work/bin/$1"; chmod +x "$work/bin/$1"; }

case "$test" in
  SaysWhatThereIs)
    run "$work/dev"
    expect_status 0
    for command in setup build test demo bench chaos lint fuzz 'kafka start' 'kafka kill' 'kafka stop' 'kafka status' 'kafka topic' 'redis start' 'redis topic' 'redis status' 'redis kill'; do expect_in "  $command" "$out"; done
    expect_empty "$err"
    ;;
  RefusesWrongUsage)
    for usage in nonsense 'build nonsense' 'build release more' 'test --preset' 'test --preset nonsense' 'test un*t' 'setup more' \
      'demo more' 'chaos --broker' 'chaos --broker nats' 'lint more' 'fuzz soon' 'fuzz 0' kafka 'kafka nonsense' 'kafka start 3' 'kafka start --brokers' 'kafka start --brokers 4' \
      'kafka topic' 'kafka topic name none' 'kafka stop more' 'kafka status more' 'kafka kill' 'kafka freeze 4' \
      'kafka restart 1 2' redis 'redis nonsense' 'redis start 2' 'redis topic' 'redis stop more' 'redis kill 1'; do
      # shellcheck disable=SC2086  # words are wanted
      run "$work/dev" $usage
      expect_status 2
      expect_empty "$out"
      expect_in "dev: " "$err"
    done
    ;;
  KafkaIsStoppedWhereItWasNeverStarted)
    run "$work/dev" kafka status
    expect_status 1
    [ "$out" = stopped ] || fail "expected: stopped"
    run "$work/dev" kafka topic flights
    expect_status 1
    expect_in "./dev kafka start" "$err"
    run "$work/dev" kafka stop
    expect_status 0
    ;;
  KafkaStopSparesAProcessThatOnlyHasTheNumber)
    mkdir -p "$work/build/kafka/1"
    sleep 60 &
    sleeper=$!
    echo "$sleeper 1" >"$work/build/kafka/1/pid"  # started at another time than this sleep
    run "$work/dev" kafka stop
    expect_status 0
    kill "$sleeper" || fail "the process was killed"
    ;;
  KafkaStopEndsTheProcessThatWasStarted)
    mkdir -p "$work/build/kafka/1"
    sleep 60 &
    sleeper=$!
    disown
    echo "$sleeper $(sed 's/.*) //' /proc/$sleeper/stat | cut -d' ' -f20)" >"$work/build/kafka/1/pid"
    echo localhost:1 >"$work/build/kafka/bootstrap"
    run "$work/dev" kafka stop
    expect_status 0
    [ ! -e /proc/$sleeper ] || fail "the process still runs"
    [ ! -e "$work/build/kafka/bootstrap" ] || fail "the address was left behind"
    ;;
  RedisStopEndsTheProcessThatWasStartedAndNoOther)
    run "$work/dev" redis status
    expect_status 1
    [ "$out" = stopped ] || fail "expected: stopped"
    mkdir -p "$work/build/redis"
    sleep 60 &
    sleeper=$!
    disown
    echo "$sleeper 1" >"$work/build/redis/pid"  # started at another time than this sleep
    run "$work/dev" redis stop
    expect_status 0
    [ -e /proc/$sleeper ] || fail "another process was ended"
    echo "$sleeper $(sed 's/.*) //' /proc/$sleeper/stat | cut -d' ' -f20)" >"$work/build/redis/pid"
    echo 127.0.0.1:1 >"$work/build/redis/address"
    run "$work/dev" redis stop
    expect_status 0
    [ -z "$(state $sleeper)" ] || fail "the process still runs"
    [ ! -e "$work/build/redis/address" ] || fail "the address was left behind"
    ;;
  KafkaHurtsOneBrokerAndMendsIt)
    for node in 1 2; do
      mkdir -p "$work/build/other/$node"
      sleep 60 &
      disown
      echo "$! $(sed 's/.*) //' /proc/$!/stat | cut -d' ' -f20)" >"$work/build/other/$node/pid"
      echo -Xmx7m >"$work/build/other/$node/jvm"
    done
    pid() { cut -d' ' -f1 "$work/build/other/$1/pid"; }
    await_state() { until [ "$(state "$1")" = "$2" ]; do :; done; }
    hurt() { run env DISPYTCH_KAFKA_HOME=build/other PATH="$work/bin:$PATH" "$work/dev" kafka "$@"; }
    hurt freeze 1
    expect_status 0
    await_state "$(pid 1)" T
    hurt thaw 1
    expect_status 0
    await_state "$(pid 1)" S
    hurt end 1
    expect_status 0
    [ -z "$(state "$(pid 1)")" ] || fail "broker 1 still runs"
    hurt kill 2
    expect_status 0
    [ -z "$(state "$(pid 2)")" ] || fail "broker 2 still runs"
    hurt kill 2
    expect_status 1
    expect_in "broker 2 does not run" "$err"
    tool java "echo \"\$*\" >'$work/java'; exec sleep 60"
    hurt restart 2
    expect_status 0
    until [ -s "$work/java" ]; do :; done
    expect_in " -Xmx7m kafka.Kafka $work/build/other/2/properties" "$(cat "$work/java")"
    hurt restart 2
    expect_status 1
    expect_in "broker 2 runs" "$err"
    hurt kill 3
    expect_status 1
    expect_in "no broker 3" "$err"
    run env DISPYTCH_KAFKA_HOME=build/other "$work/dev" kafka stop
    expect_status 0
    [ -z "$(state "$(pid 2)")" ] || fail "broker 2 still runs after a stop"
    ;;
  ChaosEndsAllThatItStartedWhereItIsInterrupted)
    mkdir -p "$work/build/release/bin" "$work/build/cache/kafka-4.1.0"
    all_installed
    tool cmake 'exit 0'
    tool java '[[ $* != *kafka.Kafka* ]] || exec sleep 60'
    tool kcat 'echo " 3 brokers:"'
    mkfifo "$work/begun"
    tool ../build/release/bin/dispytch_chaos "echo \"\$\$ \$*\" >'$work/begun'; exec sleep 60"
    env PATH="$work/bin:$PATH" "$work/dev" chaos --seed 7 >"$work/out" 2>"$work/err" </dev/null &
    dev=$!
    read -r chaos options <"$work/begun"
    pids=("$chaos")
    for node in 1 2 3; do pids+=("$(cut -d' ' -f1 "$work/build/kafka3/$node/pid")"); done
    for pid in "${pids[@]}"; do [ -n "$(state "$pid")" ] || fail "process $pid doesn't run"; done
    kill "$dev"
    wait "$dev"
    status=$? out=$(cat "$work/out") err=$(cat "$work/err")
    expect_status 143
    [ "$options" = "--seed 7" ] || fail "expected the options to be passed on"
    for pid in "${pids[@]}"; do [ -z "$(state "$pid")" ] || fail "process $pid still runs"; done
    ;;
  ChaosLeavesNoBrokerWhereItIsInterruptedWhileTheyStart)
    mkdir -p "$work/build/release/bin" "$work/build/cache/kafka-4.1.0"
    all_installed
    tool cmake 'exit 0'
    tool java '[[ $* != *kafka.Kafka* ]] || exec sleep 60'
    mkfifo "$work/asked"
    tool kcat "if [ -e '$work/asked' ]; then echo >'$work/asked'; rm -f '$work/asked'; fi; exit 1"  # no broker ever answers
    env PATH="$work/bin:$PATH" "$work/dev" chaos >"$work/out" 2>"$work/err" </dev/null &
    dev=$!
    read -r _ <"$work/asked"
    pids=()
    for node in 1 2 3; do pids+=("$(cut -d' ' -f1 "$work/build/kafka3/$node/pid")"); done
    for pid in "${pids[@]}"; do [ -n "$(state "$pid")" ] || fail "process $pid doesn't run"; done
    kill "$dev"
    wait "$dev"
    status=$? out=$(cat "$work/out") err=$(cat "$work/err")
    expect_status 143
    for pid in "${pids[@]}"; do [ -z "$(state "$pid")" ] || fail "process $pid still runs"; done
    ;;
  SetupLooksForCapabilitiesWhereThereIsNoApt)
    machine
    run env PATH="$work/bin" "$work/dev" setup
    expect_status 1
    expect_in "no apt-get" "$err"
    expect_in "a C++20 compiler (g++ 12 or newer)" "$err"
    expect_in "not tried then: the tests and benchmarks with a real Kafka" "$err"
    ;;
  SetupGoesOnWithoutAptWhereAllIsThere)
    machine
    for name in cmake ninja pkg-config mvn java ccache mold kcat redis-server clang++ clang-format clang-tidy systemd-analyze openssl; do tool "$name" 'exit 0'; done
    tool g++ 'cat >/dev/null'
    run env PATH="$work/bin" "$work/dev" setup
    expect_status 0
    expect_in "missing here: shellcheck; not tried then: ./dev lint" "$err"
    [ "$(grep -c missing <<<"$err")" = 1 ] || fail "expected one line"
    ;;
  SetupTakesTheVersionThatIsPreferredOrTheNewest)
    machine
    tool dpkg-query 'exit 1'
    tool apt-get 'exit 0'
    tool id 'echo 0'
    tool apt-cache 'printf "%s\n" clang-14 clang-19 clang-22 clang-tools-23 libboost1.74-dev libboost1.9-dev libboost1.83-dev libboost1.88-dev openjdk-11-jre-headless'
    run env PATH="$work/bin" "$work/.ci/setup" --version clang
    [ "$out" = 22 ] || fail "expected the newest"
    run env PATH="$work/bin" "$work/.ci/setup" --version boost
    [ "$out" = 1.88 ] || fail "expected 1.88"
    run env PATH="$work/bin" "$work/.ci/setup" --version jre
    expect_empty "$out"  # 11 is too old
    tool apt-cache 'printf "%s\n" clang-14 clang-16 clang-19'
    run env PATH="$work/bin" "$work/.ci/setup" --version clang
    [ "$out" = 16 ] || fail "expected the one to prefer"
    tool dpkg-query 'echo installed clang-19'
    run env PATH="$work/bin" "$work/.ci/setup" --version clang
    [ "$out" = 19 ] || fail "expected the one that is there"
    ;;
  SetupSaysWhatAReleaseDoesNotHave)
    machine
    tool id 'echo 0'
    all_installed openjdk-21-jre-headless
    tool apt-cache 'echo openjdk-11-jre-headless'
    tool apt-get 'exit 0'
    run env PATH="$work/bin" "$work/dev" setup
    expect_status 0
    expect_in "no package for a Java runtime, 17 or newer; not tried then: the tests and benchmarks with a real Kafka" "$err"
    all_installed libboost1.83-dev
    run env PATH="$work/bin" "$work/dev" setup
    expect_status 1
    expect_in "no package for Boost 1.81 or newer" "$err"
    ;;
  SetupSaysWhatRootShouldRunWhereThereIsNoSudo)
    machine
    all_installed kcat
    tool apt-get 'exit 9'
    tool id 'echo 1000'
    run env PATH="$work/bin" "$work/dev" setup
    expect_status 1
    expect_in "as root: apt-get install" "$err"
    expect_in " kcat" "$err"
    ;;
  SetupInstallsOnlyWhatIsMissing)
    machine cut
    tool id 'echo 1000'
    all_installed kcat
    tool sudo 'exec "$@"'
    tool apt-get "echo \"\$@\" >>'$work/apt'"
    run env PATH="$work/bin" "$work/dev" setup
    expect_status 0
    run cat "$work/apt"
    expect_in update "$out"
    [[ $out == *" kcat" ]] || fail "expected kcat to be installed, and nothing else"
    [[ $out != *g++* ]] || fail "g++ was there already"
    ;;
  SetupTouchesNothingWhereNothingIsMissing)
    machine
    all_installed
    tool apt-get "echo \"\$@\" >>'$work/apt'"
    run env PATH="$work/bin" "$work/dev" setup
    expect_status 0
    [ ! -e "$work/apt" ] || fail "apt-get was called"
    ;;
  DemoEndsTheFeedWhereTheBoardFails)
    mkdir -p "$work/build/release/bin" "$work/build/cache/kafka-4.1.0"
    all_installed
    tool cmake 'exit 0'
    tool java '[[ $* != *kafka.Kafka* ]] || exec sleep 60'
    tool kcat 'echo " 1 brokers:"'
    tool ../build/cache/kafka-topic 'exit 0'
    tool ../build/release/bin/flight-feed "echo \$\$ >'$work/feed'; exec sleep 60"
    # Waits until the feed runs, by a pipe that it writes to.
    tool ../build/release/bin/flight-board "cat '$work/feed' >'$work/pid'; echo 'no broker answers' >&2; exit 1"
    mkfifo "$work/feed"
    run env PATH="$work/bin:$PATH" "$work/dev" demo kafka
    expect_status 1
    expect_in "no broker answers" "$err"
    expect_in "the board failed" "$err"
    [ ! -e "/proc/$(cat "$work/pid")" ] || fail "the feed still runs"
    ;;
  FuzzBeginsWithTheInputsOfTheTree)
    mkdir -p "$work/build/fuzz/tests" "$work/tests/fuzz/corpus/fuzz_one"
    printf 'tests/a\ntests/b\n' >"$work/tests/fuzz/corpus/fuzz_two"
    all_installed
    tool cmake 'exit 0'
    for name in fuzz_one fuzz_two fuzz_three; do tool "../build/fuzz/tests/$name" 'echo "${0##*/}:" "${@:8}"'; done
    run env PATH="$work/bin:$PATH" "$work/dev" fuzz 1
    expect_status 0
    expect_in "fuzz_one: build/fuzz/corpus/fuzz_one tests/fuzz/corpus/fuzz_one" "$out"
    expect_in "fuzz_two: build/fuzz/corpus/fuzz_two tests/a tests/b" "$out"
    expect_in "fuzz_three: build/fuzz/corpus/fuzz_three" "$out"
    expect_in "3 passed, 0 failed" "$out"
    ;;

  FuzzShowsWhatATargetFoundAndRunsTheOthers)
    mkdir -p "$work/build/fuzz/tests"
    all_installed
    tool cmake 'exit 0'
    tool ../build/fuzz/tests/fuzz_one 'echo "an overflow" >&2; exit 77'
    tool ../build/fuzz/tests/fuzz_two 'printf "%s\n" "all is well" "###### Recommended dictionary. ######" "a word" "###### End of recommended dictionary. ######"'
    run env PATH="$work/bin:$PATH" "$work/dev" fuzz 1
    expect_status 1
    expect_in "an overflow" "$out"
    expect_in "all is well" "$out"
    [[ $out != *"a word"* ]] || fail "hundreds of such lines hide what failed"
    expect_in "fuzz_one failed; the input is in build/fuzz/fuzz_one-*" "$err"
    expect_in "1 passed, 1 failed" "$out"
    ;;
  CiRunsEveryStepAndSaysAtItsEndWhatFailed)
    mkdir "$work/.ci"
    cp "$(dirname "$dev")/.ci/run" "$work/.ci/run"
    printf '%s\n' '#!/bin/bash' 'case "$*" in' '  test)' \
      '    echo "  Start 1: A.Passes"' '    echo "1/3 Test #1: A.Passes ...   Passed    0.01 sec"' \
      '    echo "2/3 Test #2: A.Fails ...***Failed    0.01 sec"' '    echo "expected 2, got 3"' \
      '    echo "3/3 Test #3: A.PassesToo ...   Passed    0.01 sec"' '    echo "67% tests passed, 1 tests failed out of 3"; exit 8 ;;' \
      '  chaos*) echo "no broker started"; exit 1 ;;' \
      '  *) echo "2 passed, 0 failed" ;;' 'esac' >"$work/dev"
    run "$work/.ci/run"
    expect_status 1
    end=${out#*'==> ./dev lint: passed'}
    expect_in "A.Fails ...***Failed" "$end"
    expect_in "expected 2, got 3" "$end"
    [[ $end != *A.Passes* ]] || fail "what passed is no news"
    expect_in "no broker started" "$end"
    expect_in "./dev test: FAILED in" "$end"
    expect_in "./dev fuzz 60: passed in" "$end"
    [[ $out == *$'\n10 passed, 2 failed' ]] || fail "expected the sum of all steps in the last line"
    ;;
  *) echo "no test $test"; exit 2 ;;
esac
