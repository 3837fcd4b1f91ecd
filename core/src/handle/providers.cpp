#include <dispytch/parameters.hpp>

#include <algorithm>
#include <exception>

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
  while (!made_.empty()) made_.pop_back();
  while (!entries_.empty()) entries_.pop_back();
}

namespace {

// Looks at each factory once; those on the way to it wait for it.
class FactoryCheck {
 public:
  FactoryCheck(const Providers& providers, std::vector<std::string>& problems) : providers_{providers}, problems_{problems} {}

  void visit(const Providers::Entry& entry) {
    if (!entry.factory || std::ranges::find(done_, &entry) != done_.end()) return;
    if (const auto again = std::ranges::find(way_, &entry); again != way_.end()) {
      std::string circle;
      for (auto step = again; step != way_.end(); ++step) circle += label((*step)->type, (*step)->name) + ", made of ";
      problems_.push_back("factories wait for each other: " + circle + label(entry.type, entry.name) + "; break the circle");
      return;
    }
    way_.push_back(&entry);
    for (const detail::Parameter& parameter : entry.factory->parameters) look_at(entry, parameter);
    way_.pop_back();
    done_.push_back(&entry);
  }

 private:
  void look_at(const Providers::Entry& entry, const detail::Parameter& parameter) {
    const std::string who = "the factory of " + label(entry.type, entry.name);
    const Providers::Entry* const of = providers_.find_entry(parameter.type, parameter.name);
    if (of == nullptr) {
      problems_.push_back(who + ": nothing provides its parameter of type " + label(parameter.type, parameter.name) +
                          "; provided are: " + providers_.list());
    } else if (of->is_made_for_each_call() && entry.lifetime == Providers::Lifetime::application) {
      problems_.push_back(who + ": takes " + label(of->type, of->name) + ", which is made for each call of a handler and ends with it; " +
                          "let the handler take that, or provide it for the whole application");
    } else {
      visit(*of);
    }
  }

  const Providers& providers_;
  std::vector<std::string>& problems_;
  std::vector<const Providers::Entry*> way_ = {};
  std::vector<const Providers::Entry*> done_ = {};
};

}  // namespace

void Providers::check(std::vector<std::string>& problems) const {
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    const bool twice =
        std::any_of(entries_.begin(), entry, [&](const Entry& before) { return before.type == entry->type && before.name == entry->name; });
    if (twice)
      problems.push_back(label(entry->type, entry->name) +
                         " is provided twice; give the second a name (provide_named, and Named<\"name\", T> in the handler) "
                         "or remove it");
  }
  FactoryCheck factories{*this, problems};
  for (const Entry& entry : entries_) factories.visit(entry);
}

void Providers::make() {
  for (Entry& entry : entries_) {
    if (entry.lifetime == Lifetime::application) make(entry);
  }
}

void Providers::make(Entry& entry) {
  if (!entry.factory || entry.object != nullptr) return;
  std::vector<void*> arguments;
  for (const detail::Parameter& parameter : entry.factory->parameters) {
    Entry& of = const_cast<Entry&>(*find_entry(parameter.type, parameter.name));
    make(of);
    arguments.push_back(of.object);
  }
  try {
    made_.push_back(entry.factory->make(arguments.data()));
  } catch (const std::exception& exception) {
    throw Exception{ErrorCode::handler, "the factory of " + label(entry.type, entry.name) + " threw: " + exception.what()};
  }
  entry.object = made_.back().get();
}

const Providers::Entry* Providers::find_entry(std::type_index type, std::string_view name) const noexcept {
  const auto found =
      std::ranges::find_if(entries_, [&](const Entry& candidate) { return candidate.type == type && candidate.name == name; });
  return found == entries_.end() ? nullptr : &*found;
}

void* Providers::find(std::type_index type, std::string_view name) const noexcept {
  const Entry* const found = find_entry(type, name);
  return found == nullptr ? nullptr : found->object;
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
