// What a handler may ask for by its parameters, and what an application provides for them.
#pragma once

#include <charconv>
#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeindex>
#include <utility>
#include <vector>

#include <dispytch/detail/fixed_string.hpp>
#include <dispytch/result.hpp>

namespace dispytch {

/// A part of the topic's name: for the topic `user.{user_id}.notification`, TopicSegment<"user_id", int> is its second part.
/// T: std::string, std::string_view (valid during the call) or an integer. A part that is no T makes the message undecodable.
template <FixedString Name, class T = std::string>
class TopicSegment {
 public:
  using value_type = T;
  static constexpr std::string_view name = Name.view();

  explicit TopicSegment(T value) : value_{std::move(value)} {}
  const T& value() const noexcept { return value_; }
  const T& operator*() const noexcept { return value_; }
  operator const T&() const noexcept { return value_; }  // NOLINT(google-explicit-constructor): stands for its value

 private:
  T value_;
};

/// One of several provided objects of a type, told apart by name. A reference: copy it freely, it never outlives the application.
template <FixedString Name, class T>
class Named {
 public:
  using value_type = T;
  static constexpr std::string_view name = Name.view();

  explicit Named(T& object) noexcept : object_{&object} {}
  T& get() const noexcept { return *object_; }
  T& operator*() const noexcept { return *object_; }
  T* operator->() const noexcept { return object_; }
  operator T&() const noexcept { return *object_; }  // NOLINT(google-explicit-constructor): stands for its object

 private:
  T* object_;
};

namespace detail {

/// The type's name as a person writes it. Any thread; allocates.
std::string type_name(std::type_index type);

enum class ParameterKind : unsigned char { body, event, message, segment, provided, stop_token, context, completion, batch };

/// A parameter of a handler or task, as it is checked when the application starts.
struct Parameter {
  ParameterKind kind;
  std::type_index type;
  std::string_view name = {};  // of a TopicSegment or Named; static storage
};

template <class>
inline constexpr bool is_topic_segment = false;
template <FixedString Name, class T>
inline constexpr bool is_topic_segment<TopicSegment<Name, T>> = true;

template <class>
inline constexpr bool is_named = false;
template <FixedString Name, class T>
inline constexpr bool is_named<Named<Name, T>> = true;

/// The parameter types of a callable that is no template.
template <class F>
struct Signature : Signature<decltype(&F::operator())> {};
template <class R, class... A>
struct Signature<R(A...)> {
  using result = R;
  template <template <class...> class List>
  using parameters = List<A...>;
};
template <class R, class... A>
struct Signature<R (*)(A...)> : Signature<R(A...)> {};
template <class R, class C, class... A>
struct Signature<R (C::*)(A...)> : Signature<R(A...)> {};
template <class R, class C, class... A>
struct Signature<R (C::*)(A...) const> : Signature<R(A...)> {};
template <class R, class C, class... A>
struct Signature<R (C::*)(A...) noexcept> : Signature<R(A...)> {};
template <class R, class C, class... A>
struct Signature<R (C::*)(A...) const noexcept> : Signature<R(A...)> {};

template <class F>
concept PlainCallable = std::is_function_v<std::remove_pointer_t<F>> || requires { &F::operator(); };

/// The text of a topic segment as a T; nullopt where it is none.
template <class T>
std::optional<T> parse_segment(std::string_view text) {
  if constexpr (std::constructible_from<T, std::string_view>) {
    return T{text};
  } else {
    static_assert(std::integral<T> && !std::same_as<T, bool>, "dispytch: a TopicSegment holds std::string, std::string_view or an integer");
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
  }
}

}  // namespace detail

/// The objects that handlers and tasks are given by type, one of each type and name.
///
/// Filled before the application starts, read-only after: no lock. Two objects of one type and name are an error at start.
class Providers {
 public:
  Providers() = default;
  Providers(Providers&&) noexcept = default;
  Providers& operator=(Providers&&) noexcept = default;
  ~Providers();  // in the reverse order of adding

  /// Makes and owns a T.
  template <class T, class... Args>
  T& add(std::string name, Args&&... args) {
    auto object = std::make_shared<T>(std::forward<Args>(args)...);
    T& reference = *object;
    put(typeid(T), std::move(name), std::move(object), &reference);
    return reference;
  }
  /// Makes and owns an Implementation that handlers ask for as Interface.
  template <class Interface, class Implementation, class... Args>
  Implementation& add_as(std::string name, Args&&... args) {
    static_assert(std::derived_from<Implementation, Interface>,
                  "dispytch: provide_as<Interface, Implementation> needs Implementation to derive from Interface");
    auto object = std::make_shared<Implementation>(std::forward<Args>(args)...);
    Implementation& reference = *object;
    put(typeid(Interface), std::move(name), std::move(object), static_cast<Interface*>(&reference));
    return reference;
  }
  /// Lends an object that outlives the application.
  template <class T>
  void lend(std::string name, T& object) {
    put(typeid(T), std::move(name), nullptr, const_cast<std::remove_const_t<T>*>(&object));
  }

  /// A T made by `factory()` for each call of a handler that asks for one, again for each attempt, and destroyed after it, also after an
  /// exception. The factory returns a T or a std::unique_ptr<T>; several threads may call it at a time.
  template <class T, class Factory>
  void add_factory(std::string name, Factory factory) {
    put(typeid(T), std::move(name), nullptr, nullptr, [factory = std::move(factory)]() -> std::shared_ptr<void> {
      if constexpr (std::is_convertible_v<std::invoke_result_t<const Factory&>, std::unique_ptr<T>>) {
        return std::shared_ptr<T>{factory()};
      } else {
        return std::make_shared<T>(factory());
      }
    });
  }

  using Factory = std::function<std::shared_ptr<void>()>;
  /// What makes the object for each call; null where the type is not provided so.
  const Factory* find_factory(std::type_index type, std::string_view name) const noexcept;

  /// The object for a parameter; null where there is none.
  void* find(std::type_index type, std::string_view name) const noexcept;
  /// "DelayBoard, EventEmitter \"flights\"", for error texts.
  std::string list() const;
  /// A sentence for each type and name that was provided twice.
  const std::vector<std::string>& conflicts() const noexcept { return conflicts_; }
  bool has_type(std::type_index type) const noexcept;

 private:
  struct Entry {
    std::type_index type;
    std::string name;
    std::shared_ptr<void> owner;
    void* object;
    std::function<std::shared_ptr<void>()> factory = {};  // set: object is made for each call
  };
  void put(std::type_index type, std::string name, std::shared_ptr<void> owner, void* object,
           std::function<std::shared_ptr<void>()> factory = {});
  const Entry* entry(std::type_index type, std::string_view name) const noexcept;

  std::vector<Entry> entries_;
  std::vector<std::string> conflicts_;
};

/// The ways to provide objects, for classes with a `Providers& providers()` of their own. Before the first message.
template <class Owner>
class ProvidesObjects {
 public:
  /// Makes and owns a T for parameters of type T&. Returns it.
  template <class T, class... Args>
  T& provide(Args&&... args) {
    return own().template add<T>({}, std::forward<Args>(args)...);
  }
  /// Lends an object that outlives the owner.
  template <class T>
  void provide(std::reference_wrapper<T> object) {
    own().lend({}, object.get());
  }
  /// One of several T, for parameters of type Named<"name", T>.
  template <class T, class... Args>
  T& provide_named(std::string name, Args&&... args) {
    return own().template add<T>(std::move(name), std::forward<Args>(args)...);
  }
  /// An Implementation for parameters of type Interface&.
  template <class Interface, class Implementation, class... Args>
  Implementation& provide_as(Args&&... args) {
    return own().template add_as<Interface, Implementation>({}, std::forward<Args>(args)...);
  }
  /// A T for each call of a handler that takes a T&, made by `factory()` (a T or a std::unique_ptr<T>) and destroyed after the call.
  template <class T, class Factory>
  void provide_per_message(Factory factory) {
    own().template add_factory<T>({}, std::move(factory));
  }

 private:
  Providers& own() noexcept { return static_cast<Owner*>(this)->providers(); }
};

}  // namespace dispytch
