#include "mutants/mutant.hpp"

namespace dispytch::conformance {
namespace {

const dispytch_plugin* sound_plugin = nullptr;

}  // namespace

const dispytch_plugin& sound() noexcept { return *sound_plugin; }
void set_sound(const dispytch_plugin& plugin) noexcept { sound_plugin = &plugin; }

Tables::Tables(const dispytch_plugin& its_sound) : producer{*its_sound.producer}, consumer{*its_sound.consumer}, plugin{its_sound} {
  plugin.producer = &producer;
  plugin.consumer = &consumer;
}

}  // namespace dispytch::conformance
