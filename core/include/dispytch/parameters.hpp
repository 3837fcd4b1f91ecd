// What a handler may ask for by its parameters, and what an application provides for them.
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
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

namespace detail {

/// A parameter that stands for a provided object: Named<...> or a reference.
template <class Arg>
Parameter describe_provided_parameter() {
  using Plain = std::remove_cvref_t<Arg>;
  if constexpr (is_named<Plain>) {
    return {ParameterKind::provided, typeid(typename Plain::value_type), Plain::name};
  } else {
    return {ParameterKind::provided, typeid(Plain)};
  }
}
template <class Arg>
decltype(auto) provided_argument(void* object) {
  using Plain = std::remove_cvref_t<Arg>;
  if constexpr (is_named<Plain>) {
    return Plain{*static_cast<typename Plain::value_type*>(object)};
  } else {
    return static_cast<Arg>(*static_cast<Plain*>(object));
  }
}

/// What makes an object of other provided ones, with its types erased.
struct Factory {
  std::vector<Parameter> parameters;
  std::function<std::shared_ptr<void>(void* const* provided)> make;  // `provided` by parameter
};

template <class T, class F, class... Args>
Factory make_factory(F function) {
  static_assert(((is_named<std::remove_cvref_t<Args>> || std::is_lvalue_reference_v<Args>)&&...),
                "dispytch: a factory takes Named<...> and references to provided objects");
  using Made = std::invoke_result_t<const F&, Args...>;
  static_assert(std::is_convertible_v<Made, std::unique_ptr<T>> || std::is_same_v<Made, T>,
                "dispytch: a factory of T returns a T or a std::unique_ptr<T>");
  return {{describe_provided_parameter<Args>()...},
          [function = std::move(function)]([[maybe_unused]] void* const* provided) -> std::shared_ptr<void> {
            return [&]<std::size_t... I>(std::index_sequence<I...>) -> std::shared_ptr<void> {
              if constexpr (std::is_convertible_v<Made, std::unique_ptr<T>>) {
                return std::shared_ptr<T>{std::unique_ptr<T>{std::invoke(function, provided_argument<Args>(provided[I])...)}};
              } else {
                return std::make_shared<T>(std::invoke(function, provided_argument<Args>(provided[I])...));
              }
            }(std::index_sequence_for<Args...>{});
          }};
}

template <class T, class F>
struct MakeFactory {
  template <class... Args>
  struct Of {
    static Factory make(F function) { return make_factory<T, F, Args...>(std::move(function)); }
  };
  using type = typename Signature<F>::template parameters<Of>;
};

}  // namespace detail

/// The objects that handlers and tasks are given by type, one of each type and name.
///
/// Filled before the application starts, read-only after: no lock. Two objects of one type and name are an error at start.
class Providers {
 public:
  Providers() = default;
  Providers(Providers&&) noexcept = default;
  Providers& operator=(Providers&&) noexcept = default;
  ~Providers();  // in the reverse order of making

  /// Makes and owns a T.
  template <class T, class... Args>
  T& add(std::string name, Args&&... args) {
    auto object = std::make_shared<T>(std::forward<Args>(args)...);
    T& reference = *object;
    put({typeid(T), std::move(name), std::move(object), &reference});
    return reference;
  }
  /// Makes and owns an Implementation that handlers ask for as Interface.
  template <class Interface, class Implementation, class... Args>
  Implementation& add_as(std::string name, Args&&... args) {
    static_assert(std::derived_from<Implementation, Interface>,
                  "dispytch: provide_as<Interface, Implementation> needs Implementation to derive from Interface");
    auto object = std::make_shared<Implementation>(std::forward<Args>(args)...);
    Implementation& reference = *object;
    put({typeid(Interface), std::move(name), std::move(object), static_cast<Interface*>(&reference)});
    return reference;
  }
  /// Lends an object that outlives the application.
  template <class T>
  void lend(std::string name, T& object) {
    put({typeid(T), std::move(name), nullptr, const_cast<std::remove_const_t<T>*>(&object)});
  }

  /// When what a factory makes is made, and for how long.
  enum class Lifetime : unsigned char {
    application,  ///< once, at the start, after what it is made of
    call,         ///< for each call of a handler, again for each attempt; it ends after the call, also after an exception
  };
  /// A T made by a function of other provided objects, which its parameters name. It returns a T or a std::unique_ptr<T>. With
  /// Lifetime::call several threads may call it at a time.
  template <class T, class F>
  void add_factory(std::string name, Lifetime lifetime, F factory) {
    static_assert(detail::PlainCallable<F>, "dispytch: a factory is a function or a lambda with named parameter types");
    put({.type = typeid(T),
         .name = std::move(name),
         .factory = std::make_shared<const detail::Factory>(detail::MakeFactory<T, F>::type::make(std::move(factory))),
         .lifetime = lifetime});
  }

  /// One of the provided objects.
  struct Entry {
    std::type_index type;
    std::string name;
    std::shared_ptr<void> owner = {};
    void* object = nullptr;                               // null: not made yet, or made for each call
    std::shared_ptr<const detail::Factory> factory = {};  // null: it was made by whoever provided it; handlers point to it
    Lifetime lifetime = Lifetime::application;
    bool is_made_for_each_call() const noexcept { return factory && lifetime == Lifetime::call; }
  };

  /// Adds a sentence for each mistake: a type and name provided twice, a factory that takes what nothing provides, one that takes what is
  /// made for each call though its own object lasts, factories that wait for each other.
  void check(std::vector<std::string>& problems) const;
  /// Makes what lasts and is made by factories, each after what it is made of; once. Throws Exception that names the object whose factory
  /// threw. After check().
  void make();

  /// Finds what stands for a parameter; null where nothing does. Valid until something is added.
  const Entry* find_entry(std::type_index type, std::string_view name) const noexcept;
  /// The object for a parameter; null where there is none, or none yet.
  void* find(std::type_index type, std::string_view name) const noexcept;
  /// "DelayBoard, EventEmitter \"flights\"", for error texts.
  std::string list() const;
  bool has_type(std::type_index type) const noexcept;
  const std::vector<Entry>& entries() const noexcept { return entries_; }

 private:
  void put(Entry entry) { entries_.push_back(std::move(entry)); }
  void make(Entry& entry);

  std::vector<Entry> entries_;
  std::vector<std::shared_ptr<void>> made_;  // by factories, in the order of making; what they are made of lives longer
};

/// The ways to provide objects, for classes with a `Providers& providers()` of their own. Before the start. Each returns the object, where
/// there is one already.
template <class Owner>
class ProvidesObjects {
 public:
  /// Makes and owns a T for parameters of type T&.
  template <class T, class... Args>
  T& provide(Args&&... args) {
    return own().template add<T>({}, std::forward<Args>(args)...);
  }
  /// Lends an object that outlives the owner.
  template <class T>
  T& provide(std::reference_wrapper<T> object) {
    own().lend({}, object.get());
    return object.get();
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
  /// A T that is made at the start by a function of other provided objects, which its parameters name:
  /// `provide_made<Database>([](const Settings& settings) { return std::make_unique<Database>(settings.url); })`.
  template <class T, class Factory>
  void provide_made(Factory factory, std::string name = {}) {
    own().template add_factory<T>(std::move(name), Providers::Lifetime::application, std::move(factory));
  }
  /// A T for each call of a handler that takes a T&, made by such a function before each attempt and destroyed after it, also after an
  /// exception: for a session or a transaction of one message. Of a batch there is one for the whole call.
  template <class T, class Factory>
  void provide_per_message(Factory factory, std::string name = {}) {
    own().template add_factory<T>(std::move(name), Providers::Lifetime::call, std::move(factory));
  }

 private:
  Providers& own() noexcept { return static_cast<Owner*>(this)->providers(); }
};

}  // namespace dispytch
