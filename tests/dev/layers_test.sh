#!/usr/bin/env bash
# Tests of .ci/layers, on small trees of their own. Usage: layers_test.sh LAYERS WORK TEST
# shellcheck disable=SC2015,SC2016  # `condition || fail` reads well, and backticks in a sentence are no command
set -uo pipefail
layers=$1 work=$2 test=$3
rm -rf "$work"
mkdir -p "$work"
cd "$work" || exit 2

file() { mkdir -p "$(dirname "$1")"; cat >"$1"; }  # PATH: of what comes in
fail() { printf '%s\nstatus %s\nsaid: %s\n' "$1" "$status" "$out"; exit 1; }
check() { out=$("$layers" src "$@" 2>&1); status=$?; }  # [CMAKELISTS DOCUMENT]
expect_sound() { [ "$status" = 0 ] && [ -z "$out" ] || fail "expected nothing to be wrong"; }
expect_wrong() { [ "$status" = 1 ] && [ "$out" = "$1" ] || fail "expected to read: $1"; }

# A tree in which nothing is wrong: `ground` below `left` and `right`, and `roof` above all.
file src/LAYERS <<'TEXT'
# from the ground up
ground
left  right   # neither knows the other

roof
TEXT
file src/ground/stone.hpp <<'TEXT'
#include <vector>
namespace house::ground {
struct Stone final { int weight = 0; };
struct Pair;  // of its own folder
}
TEXT
file src/left/wall.hpp <<'TEXT'
#include "ground/stone.hpp"
#include "left/door.hpp"
namespace house::ground { struct Stone; }
namespace house::left {
class Wall : public Base<ground::Stone> {
  struct Brick;
  friend class Door;
};
}
TEXT
file src/left/door.hpp <<'TEXT'
namespace house::left { class Door { void open() { struct Handle { int turned; }; } }; }
TEXT
file src/right/wall.hpp <<'TEXT'
namespace house::right { class Wall {}; class Door; }
TEXT
file src/roof/roof.cpp <<'TEXT'
#include "left/wall.hpp"
#include "right/wall.hpp"
namespace house::roof {
template <class T>
class DISPYTCH_CAPABILITY("roof") Roof final : public left::Wall {};
}
TEXT

case "$test" in
  AcceptsWhatStandsOnTheFloorsBelow)
    check
    expect_sound
    ;;
  FindsAnIncludeUpward)
    file src/ground/earth.cpp <<<'#include "roof/roof.hpp"'
    check
    expect_wrong "src/ground/earth.cpp:1: includes roof/roof.hpp of roof, which stands above ground; move what both need to a floor below"
    ;;
  FindsAnIncludeSideways)
    file src/left/window.hpp <<<$'// a window\n#  include "right/wall.hpp"'
    check
    expect_wrong "src/left/window.hpp:2: includes right/wall.hpp of right, which stands on the same floor as left; move what both need to a floor below"
    ;;
  FindsAnIncludeInAFileThatIsConfigured)
    file src/ground/earth.cpp.in <<<'#include "roof/roof.hpp"'
    check
    expect_wrong "src/ground/earth.cpp.in:1: includes roof/roof.hpp of roof, which stands above ground; move what both need to a floor below"
    ;;
  FindsAClassOfAFloorAboveDeclaredAhead)
    file src/ground/earth.hpp <<'TEXT'
namespace house {
namespace roof {
template <class T> class Roof;
}
}
TEXT
    check
    expect_wrong "src/ground/earth.hpp:3: declares ::house::roof::Roof of roof, which stands above ground; move what both need to a floor below"
    ;;
  FindsAClassOfTheSameFloorDeclaredAhead)
    file src/left/window.hpp <<<'namespace house::right { class Wall; }'
    check
    expect_wrong "src/left/window.hpp:1: declares ::house::right::Wall of right, which stands on the same floor as left; move what both need to a floor below"
    ;;
  FindsAFriendOfAFloorAbove)
    file src/ground/earth.hpp <<<'namespace house { class Earth { friend class roof::Roof; }; }'
    check
    expect_wrong "src/ground/earth.hpp:1: declares ::house::roof::Roof of roof, which stands above ground; move what both need to a floor below"
    ;;
  ToldApartByNamespaceAreClassesOfOneName)
    file src/left/other.hpp <<<'namespace house::left { class Wall; struct Roof; } class Roof;'
    check
    expect_sound
    ;;
  SeesNothingInCommentsStringsAndMacros)
    file src/ground/earth.cpp <<'TEXT'
// #include "roof/roof.hpp"
/* namespace house::roof { class Roof; }
   namespace house::roof { class Roof; } */
#define AHEAD namespace house::roof { \
    class Roof; }
const char* text = "namespace house::roof { class Roof; }"; char brace = '{', quote = '"', mark = '\'';
const char* raw = R"({" namespace house::roof { class Roof; }
  namespace house::roof { class Roof; } )"; int big = 1'000'000;
namespace house::ground { void f() { class Roof; } }
TEXT
    check
    expect_sound
    ;;
  FindsAFolderThatTheLadderLacks)
    file src/cellar/wine.hpp <<<'#include "roof/roof.hpp"'
    check
    expect_wrong "src/LAYERS: lacks the folder cellar; add it above all that it uses and below all that use it"
    ;;
  FindsAFolderThatIsNotThere)
    echo cellar >>src/LAYERS
    check
    expect_wrong "src/LAYERS: names the folder cellar, which is not there; take it out"
    ;;
  FindsAFolderThatIsNamedTwice)
    echo ground >>src/LAYERS
    check
    [ "$status" = 1 ] && [[ $out == "src/LAYERS: names the folder ground twice"* ]] || fail "expected a word about ground"
    ;;
  WantsALadder)
    rm src/LAYERS
    check
    expect_wrong "src/LAYERS: expected this file, which lists the folders of src from the ground up, one floor a line"
    ;;
  WantsTheSameOrderInCMakeAndInTheDocument)
    for folder in ground left right roof; do file src/$folder/CMakeLists.txt <<<'target_sources()'; done
    file CMakeLists.txt <<<$'add_subdirectory(src/ground)\nadd_subdirectory(src/left)\n  add_subdirectory(src/right)\nadd_subdirectory(src/roof)'
    file document.md <<'TEXT'
    # no floor
## One ladder
From the ground up:

    ground         stones
    left  right    walls, and what is in them
    roof

## Next
    more
TEXT
    check CMakeLists.txt document.md
    expect_sound
    sed -i 's/src.left/src\/other/; s/src.right/src\/left/; s/src.other/src\/right/' CMakeLists.txt
    check CMakeLists.txt document.md
    [ "$status" = 1 ] && [[ $out == "CMakeLists.txt: expected the folders in the order of src/LAYERS: ground left right roof"* ]] || fail "expected a word about CMakeLists.txt"
    sed -i 's/src.right/src\/other/; s/src.left/src\/right/; s/src.other/src\/left/' CMakeLists.txt
    sed -i 's/^    roof/    attic/' document.md
    check CMakeLists.txt document.md
    expect_wrong $'document.md: expected below the heading `One ladder` the floors of src/LAYERS, a line each with four blanks before it\n  there: attic\n  wanted: roof'
    ;;
  *) echo "no test $test"; exit 2 ;;
esac
