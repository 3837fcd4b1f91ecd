// The plugin's export.
#include "backend.hpp"
#include "schema.hpp"

namespace dispytch::redis {

DISPYTCH_PLUGIN(Backend, .id = "redis", .version = "1.0.0", .license = "Apache-2.0", .capabilities = kCapabilities,
                .config_schema = kSchema)

}  // namespace dispytch::redis
