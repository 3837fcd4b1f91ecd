#include "assemble/spec_of_options.hpp"

#include <dispytch/result.hpp>

#include "assemble/assemble.hpp"
#include "emit/access.hpp"

namespace dispytch::assemble {

ListenerSpec spec_of(const ListenerOptions& options, const border::Adapter& backend) {
  ListenerSpec spec{.name = options.name,
                    .wire = {.standard = options.wire},
                    .at_most_once = options.at_most_once,
                    .delivery = options.delivery,
                    .drain = options.drain};
  if (options.emitter) spec.emitters.own = detail::EmitterAccess::core(*options.emitter);
  if (!options.dead_letter) return spec;
  const std::optional<EventEmitter>& through = options.dead_letter->emitter ? options.dead_letter->emitter : options.emitter;
  if (!through) {
    throw Exception{ErrorCode::config, "listener `" + options.name +
                                           "`: has a `dead_letter`, but no emitter to send it through; set `dead_letter.emitter`, or the " +
                                           "`emitter` of the listener"};
  }
  spec.emitters.dead_letters = detail::EmitterAccess::core(*through);
  spec.dead_letters = {.topic = options.dead_letter->topic, .same_backend = goes_to(spec.emitters.dead_letters, backend)};
  return spec;
}

}  // namespace dispytch::assemble
