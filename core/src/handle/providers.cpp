#include <dispytch/parameters.hpp>

#include <algorithm>

#include <boost/core/demangle.hpp>

namespace dispytch {
namespace detail {

std::string type_name(std::type_index type) { return boost::core::demangle(type.name()); }

}  // namespace detail

namespace {

std::string label(std::type_index type, std::string_view name) {
  std::string text = detail::type_name(type);
  if (!name.empty()) text.append(" \"").append(name).append("\"");
  return text;
}

}  // namespace

Providers::~Providers() {
  while (!entries_.empty()) entries_.pop_back();
}

void Providers::put(std::type_index type, std::string name, std::shared_ptr<void> owner, void* object, Factory factory) {
  if (entry(type, name) != nullptr) {
    conflicts_.push_back(label(type, name) +
                         " is provided twice; give the second a name (provide_named, and Named<\"name\", T> in the handler) "
                         "or remove it");
  }
  entries_.push_back({type, std::move(name), std::move(owner), object, std::move(factory)});
}

const Providers::Entry* Providers::entry(std::type_index type, std::string_view name) const noexcept {
  const auto found =
      std::ranges::find_if(entries_, [&](const Entry& candidate) { return candidate.type == type && candidate.name == name; });
  return found == entries_.end() ? nullptr : &*found;
}

void* Providers::find(std::type_index type, std::string_view name) const noexcept {
  const Entry* const found = entry(type, name);
  return found == nullptr ? nullptr : found->object;
}

const Providers::Factory* Providers::find_factory(std::type_index type, std::string_view name) const noexcept {
  const Entry* const found = entry(type, name);
  return found == nullptr || !found->factory ? nullptr : &found->factory;
}

bool Providers::has_type(std::type_index type) const noexcept {
  return std::ranges::any_of(entries_, [&](const Entry& entry) { return entry.type == type; });
}

std::string Providers::list() const {
  if (entries_.empty()) return "nothing";
  std::string text;
  for (const Entry& entry : entries_) {
    if (!text.empty()) text += ", ";
    text += label(entry.type, entry.name);
  }
  return text;
}

}  // namespace dispytch
