// User code for a topic and an event type, and groups of it with shared defaults.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <dispytch/batch.hpp>
#include <dispytch/context.hpp>
#include <dispytch/describe.hpp>
#include <dispytch/event.hpp>
#include <dispytch/message.hpp>
#include <dispytch/middleware.hpp>
#include <dispytch/outcome.hpp>
#include <dispytch/parameters.hpp>
#include <dispytch/policy.hpp>

namespace dispytch {

/// What one handler says for itself. Each field left out is the group's, then the event's; of a policy each field by itself.
struct HandlerOptions {
  std::string topic = {};  ///< a name, or a pattern whose `{segments}` match one part between dots
  std::string name = {};   ///< for logs; default: the event's type and the topic
  HandlingPolicy policy = {};
};

/// The same for a handler of batches. How many messages wait for each other, and how long, is its alone.
struct BatchOptions {
  std::uint32_t max = 100;             ///< messages at a time, at most
  std::chrono::milliseconds wait{50};  ///< how long the first of them waits for more, at most; 0: not at all, what is there is a batch
  std::string topic = {};
  std::string name = {};
  HandlingPolicy policy = {};
};

/// What the handlers of a group share.
struct GroupOptions {
  std::string topic = {};
  HandlingPolicy policy = {};
};

namespace detail {

/// The members of an Event but its body, filled by the engine.
struct EventEnvelope {
  std::string& id;
  std::string& type;
  std::string& topic;
  Timestamp& timestamp;
  Headers& headers;
  std::optional<std::string>& key;
  std::int32_t& partition;
  std::int64_t& offset;
  std::uint32_t& attempt;
};

template <class Body>
EventEnvelope envelope_of(Event<Body>& event) noexcept {
  return {event.id, event.type, event.topic, event.timestamp, event.headers, event.key, event.partition, event.offset, event.attempt};
}

/// A message on its way into a handler: what invoke() takes its arguments from. Made by the listener, one for each call.
class Delivery {
 public:
  virtual ~Delivery() = default;

  const Message& message;
  void* const* provided = nullptr;             // by parameter; null where the parameter is no provided object
  const std::string_view* segments = nullptr;  // by parameter; empty where the parameter is no TopicSegment

  /// The event's body, and its envelope if asked. false: the bytes are no such event, and the listener knows why.
  virtual bool decode(const EventType& type, void* body, const EventEnvelope* envelope) = 0;
  /// Says that a topic segment is not what the handler's parameter wants.
  virtual void reject_segment(std::string_view name, std::string_view text, const std::type_info& wanted) = 0;
  /// This attempt, for Context and Completion.
  virtual std::shared_ptr<Attempt> attempt() = 0;
  /// The handler takes a Completion: from now on the attempt waits for it, and `frame` is kept until then.
  virtual void defer(std::shared_ptr<void> frame) = 0;

 protected:
  explicit Delivery(const Message& of) noexcept : message{of} {}
};

/// How a handler of batches wants them.
struct Gathering {
  std::uint32_t max = 0;
  std::chrono::milliseconds wait{};
};

/// A handler with its types erased: a MessageHandler or, where it gathers, a BatchHandler. Immutable once its group is included.
class Handler {
 public:
  virtual ~Handler() = default;

  const EventType* event = nullptr;  // null: takes every message of the topic, undecoded
  std::string topic = {};            // after handler, group and event were asked
  std::string name = {};
  std::vector<Parameter> parameters = {};
  HandlingPolicy policy = {};               // of the handler, then of its group
  std::vector<Middleware> middleware = {};  // the first is the outermost
  bool finishes_later = false;              // takes a Completion
  bool says_outcomes = false;               // may say dead_letter(), for all that is known of it
  std::optional<Gathering> gathers = {};    // set: it is a BatchHandler
};

class MessageHandler : public Handler {
 public:
  /// Decodes what the parameters ask for and calls the user's function. nullopt: undecodable. Throws what the user's function throws.
  /// Several threads at a time.
  virtual std::optional<Outcome> invoke(Delivery& delivery) const = 0;
};

class BatchHandler : public Handler {
 public:
  /// The same for all messages of the batch that can be decoded. nullopt: none can. The outcome is that of the messages of which the
  /// user's function said nothing.
  virtual std::optional<Outcome> invoke(BatchDelivery& delivery) const = 0;
};

/// Thrown by the end of a middleware chain where the bytes are no such event; no std::exception, so that no middleware takes it for one.
struct Undecodable {};

template <class>
inline constexpr bool is_event = false;
template <class T>
inline constexpr bool is_event<Event<T>> = true;

template <class Body, class Arg>
Parameter describe_parameter() {
  using Plain = std::remove_cvref_t<Arg>;
  if constexpr (is_event<Plain>) {
    static_assert(std::is_same_v<Plain, Event<Body>>,
                  "dispytch: this handler asks for an Event of another type than it was registered for");
    static_assert(!std::is_lvalue_reference_v<Arg> || std::is_const_v<std::remove_reference_t<Arg>>,
                  "dispytch: take the event by const reference or by value");
    return {ParameterKind::event, typeid(Plain)};
  } else if constexpr (std::is_same_v<Plain, Body>) {
    static_assert(!std::is_lvalue_reference_v<Arg> || std::is_const_v<std::remove_reference_t<Arg>>,
                  "dispytch: take the body by const reference or by value");
    return {ParameterKind::body, typeid(Plain)};
  } else if constexpr (std::is_same_v<Plain, Message>) {
    static_assert(!std::is_lvalue_reference_v<Arg> || std::is_const_v<std::remove_reference_t<Arg>>,
                  "dispytch: take the Message by const reference");
    return {ParameterKind::message, typeid(Plain)};
  } else if constexpr (std::is_same_v<Plain, Context>) {
    static_assert(!std::is_lvalue_reference_v<Arg>, "dispytch: take the Context by value");
    return {ParameterKind::context, typeid(Plain)};
  } else if constexpr (std::is_same_v<Plain, Completion>) {
    static_assert(!std::is_lvalue_reference_v<Arg>, "dispytch: take the Completion by value; it is moved from thread to thread");
    return {ParameterKind::completion, typeid(Plain)};
  } else if constexpr (is_topic_segment<Plain>) {
    return {ParameterKind::segment, typeid(typename Plain::value_type), Plain::name};
  } else if constexpr (is_named<Plain>) {
    return describe_provided_parameter<Arg>();
  } else {
    static_assert(!DescribedEvent<Plain>, "dispytch: this handler takes the body of another event than it was registered for");
    static_assert(std::is_lvalue_reference_v<Arg>, "dispytch: take a provided object by reference");
    return describe_provided_parameter<Arg>();
  }
}

/// Stands for the body where a handler takes messages of any type.
struct NoBody {};

template <class Body, class F, class... Args>
class TypedHandler final : public MessageHandler {
 public:
  static_assert(
      std::is_invocable_v<const F&, Args...>,
      "dispytch: a handler is called as const, perhaps by several threads; keep its state in a provided object, not in a mutable lambda");

  explicit TypedHandler(F function) : function_{std::move(function)} {
    if constexpr (!std::is_same_v<Body, NoBody>) event = &event_type<Body>();
    parameters = {describe_parameter<Body, Args>()...};
    finishes_later = kFinishesLater;
    says_outcomes = kFinishesLater || !std::is_void_v<std::invoke_result_t<const F&, Args...>>;
  }

  std::optional<Outcome> invoke(Delivery& delivery) const override {
    if constexpr (kFinishesLater) {
      const auto frame = std::make_shared<Frame>(delivery.message);  // lives until the Completion is called
      delivery.defer(frame);
      return run(delivery, *frame);
    } else {
      Frame frame{delivery.message};
      return run(delivery, frame);
    }
  }

 private:
  static constexpr bool kTakesEvent = (is_event<std::remove_cvref_t<Args>> || ...);
  static constexpr bool kTakesBody = (std::is_same_v<std::remove_cvref_t<Args>, Body> || ...);
  static constexpr bool kFinishesLater = (std::is_same_v<std::remove_cvref_t<Args>, Completion> || ...);

  // What the parameters refer to.
  struct Nothing {};
  struct Frame {
    explicit Frame(const Message& of) noexcept : message{of} {}
    Message message;
    [[no_unique_address]] std::conditional_t<kTakesEvent, Event<Body>, Nothing> whole{};
    [[no_unique_address]] std::conditional_t<!kTakesEvent && kTakesBody, Body, NoBody> bare{};
  };

  std::optional<Outcome> run(Delivery& delivery, Frame& frame) const {
    if constexpr (kTakesEvent) {
      const EventEnvelope envelope = envelope_of(frame.whole);
      if (!delivery.decode(*event, &frame.whole.body, &envelope)) return std::nullopt;
    } else if constexpr (kTakesBody) {
      if (!delivery.decode(*event, &frame.bare, nullptr)) return std::nullopt;
    }
    return call(delivery, frame, std::index_sequence_for<Args...>{});
  }

  template <std::size_t... I>
  std::optional<Outcome> call(Delivery& delivery, Frame& frame, std::index_sequence<I...>) const {
    bool segments_fit = true;
    ((segments_fit = segments_fit && check_segment<Args>(delivery, I)), ...);
    if (!segments_fit) return std::nullopt;
    if constexpr (std::is_void_v<std::invoke_result_t<const F&, Args...>>) {
      std::invoke(function_, argument<Args>(delivery, I, frame)...);
      return done();
    } else {
      static_assert(std::is_same_v<std::invoke_result_t<const F&, Args...>, Outcome>,
                    "dispytch: a handler returns nothing or dispytch::Outcome");
      static_assert(!kFinishesLater, "dispytch: a handler that takes a Completion returns nothing; the Completion says the outcome");
      return std::invoke(function_, argument<Args>(delivery, I, frame)...);
    }
  }

  template <class Arg>
  static bool check_segment(Delivery& delivery, std::size_t index) {
    if constexpr (is_topic_segment<std::remove_cvref_t<Arg>>) {
      using Value = typename std::remove_cvref_t<Arg>::value_type;
      if (!parse_segment<Value>(delivery.segments[index])) {
        delivery.reject_segment(std::remove_cvref_t<Arg>::name, delivery.segments[index], typeid(Value));
        return false;
      }
    }
    return true;
  }

  template <class Arg>
  static decltype(auto) argument(Delivery& delivery, std::size_t index, Frame& frame) {
    using Plain = std::remove_cvref_t<Arg>;
    if constexpr (is_event<Plain>) {
      return pass<Arg>(frame.whole);
    } else if constexpr (std::is_same_v<Plain, Body>) {
      if constexpr (kTakesEvent) {
        return pass<Arg>(frame.whole.body);
      } else {
        return pass<Arg>(frame.bare);
      }
    } else if constexpr (std::is_same_v<Plain, Message>) {
      return static_cast<const Message&>(frame.message);
    } else if constexpr (std::is_same_v<Plain, Context>) {
      return Context{delivery.attempt()};
    } else if constexpr (std::is_same_v<Plain, Completion>) {
      return Completion{delivery.attempt()};
    } else if constexpr (is_topic_segment<Plain>) {
      return Plain{*parse_segment<typename Plain::value_type>(delivery.segments[index])};
    } else {
      return provided_argument<Arg>(delivery.provided[index]);
    }
  }

  // What is taken by value or by && is moved: nobody else looks at it. Two parameters for one body would see it moved, so const& stays a
  // reference.
  template <class Arg, class Held>
  static decltype(auto) pass(Held& held) {
    if constexpr (std::is_lvalue_reference_v<Arg>) {
      return static_cast<const Held&>(held);
    } else {
      return std::move(held);
    }
  }

  F function_;
};

template <class>
inline constexpr bool is_batch = false;
template <class T>
inline constexpr bool is_batch<Batch<T>> = true;

template <class Body, class Arg>
Parameter describe_batch_parameter() {
  using Plain = std::remove_cvref_t<Arg>;
  if constexpr (is_batch<Plain>) {
    static_assert(std::is_same_v<Plain, Batch<Body>>, "dispytch: this handler asks for a Batch of another type than it was registered for");
    return {ParameterKind::batch, typeid(Plain)};
  } else {
    static_assert(!std::is_same_v<Plain, Body> && !is_event<Plain> && !std::is_same_v<Plain, Message> && !is_topic_segment<Plain>,
                  "dispytch: a handler of batches takes its events by Batch<T>&, whose items have body, key, headers and topic; use on<T> "
                  "to take them one by one");
    static_assert(!std::is_same_v<Plain, Completion>,
                  "dispytch: a handler of batches can't finish later; use on<T> to take a Completion for each message");
    return describe_parameter<Body, Arg>();
  }
}

template <class Body, class F, class... Args>
class TypedBatchHandler final : public BatchHandler {
 public:
  static_assert((0 + ... + (std::is_lvalue_reference_v<Args> && is_batch<std::remove_cvref_t<Args>>)) == 1,
                "dispytch: a handler of batches takes one Batch<T>&, by reference");
  static_assert(
      std::is_invocable_v<const F&, Args...>,
      "dispytch: a handler is called as const, perhaps by several threads; keep its state in a provided object, not in a mutable lambda");

  TypedBatchHandler(F function, Gathering how) : function_{std::move(function)} {
    event = &event_type<Body>();
    parameters = {describe_batch_parameter<Body, Args>()...};
    gathers = how;
    says_outcomes = true;  // of an item
  }

  std::optional<Outcome> invoke(BatchDelivery& delivery) const override {
    std::vector<BatchItem<Body>> items;
    items.reserve(delivery.messages.size());
    for (std::size_t i = 0; i < delivery.messages.size(); ++i) {
      BatchItem<Body>& item = items.emplace_back(delivery, i);
      if (!delivery.decode(i, *event, &item.body, envelope_of<Body>(item))) items.pop_back();
    }
    if (items.empty()) return std::nullopt;
    Batch<Body> batch{std::move(items)};
    return call(delivery, batch, std::index_sequence_for<Args...>{});
  }

 private:
  using Result = std::invoke_result_t<const F&, Args...>;
  static_assert(std::is_void_v<Result> || std::is_same_v<Result, Outcome>,
                "dispytch: a handler of batches returns nothing or dispytch::Outcome");

  template <std::size_t... I>
  Outcome call(BatchDelivery& delivery, Batch<Body>& batch, std::index_sequence<I...>) const {
    if constexpr (std::is_void_v<Result>) {
      std::invoke(function_, argument<Args>(delivery, batch, I)...);
      return done();
    } else {
      return std::invoke(function_, argument<Args>(delivery, batch, I)...);
    }
  }

  template <class Arg>
  static decltype(auto) argument(BatchDelivery& delivery, Batch<Body>& batch, std::size_t index) {
    if constexpr (is_batch<std::remove_cvref_t<Arg>>) {
      return static_cast<Arg>(batch);
    } else if constexpr (std::is_same_v<std::remove_cvref_t<Arg>, Context>) {
      return Context{delivery.attempt()};
    } else {
      return provided_argument<Arg>(delivery.provided[index]);
    }
  }

  F function_;
};

template <class Body, class F>
struct MakeHandler {
  template <class... Args>
  using OfBatches = TypedBatchHandler<Body, F, Args...>;
  template <class... Args>
  using Of = TypedHandler<Body, F, Args...>;
  using type = typename Signature<F>::template parameters<Of>;
  using batches = typename Signature<F>::template parameters<OfBatches>;
};

}  // namespace detail

/// A set of handlers with shared defaults. Built at start by one thread, then included in a listener.
class HandlerGroup {
 public:
  explicit HandlerGroup(GroupOptions options = {}) : options_{std::move(options)} {}

  /// Handles events of type T (DISPYTCH_EVENT). The function's parameters say what it needs: the body `const T&`, `const Event<T>&`,
  /// `const Message&`, TopicSegment, Named, or a reference to anything the application provides. It returns nothing or an Outcome; an
  /// exception is a failure. It must be callable as const: state belongs into provided objects.
  /// What nothing provides is an error when the application starts.
  template <class T, class F>
  HandlerGroup& on(F function, HandlerOptions options = {}) {
    static_assert(DescribedEvent<T>, "dispytch: on<T> needs an event described by DISPYTCH_EVENT");
    static_assert(detail::PlainCallable<F>,
                  "dispytch: a handler is a function or a lambda with named parameter types; `auto` parameters can't be injected");
    add(new typename detail::MakeHandler<T, F>::type{std::move(function)}, std::move(options));
    return *this;
  }

  /// Handles events of type T several at a time: up to `max`, of which the first has waited for the others no longer than `wait`. The
  /// function takes a `Batch<T>&`, a Context, and anything that the application provides. What it says of one item is that item's outcome
  /// alone; what it returns or throws is that of all the others. One that failed is tried again by itself, in a batch of one, and its
  /// neighbours are not. Such a handler is the only one of its topic and type: the start refuses another.
  template <class T, class F>
  HandlerGroup& on_batch(F function, BatchOptions options = {}) {
    static_assert(DescribedEvent<T>, "dispytch: on_batch<T> needs an event described by DISPYTCH_EVENT");
    static_assert(detail::PlainCallable<F>,
                  "dispytch: a handler is a function or a lambda with named parameter types; `auto` parameters can't be injected");
    add(new typename detail::MakeHandler<T, F>::batches{std::move(function), detail::Gathering{options.max, options.wait}},
        {.topic = std::move(options.topic), .name = std::move(options.name), .policy = options.policy});
    return *this;
  }

  /// Handles every message of a topic, whatever its type, undecoded. The topic is the options' or the group's.
  template <class F>
  HandlerGroup& on_message(F function, HandlerOptions options = {}) {
    static_assert(detail::PlainCallable<F>,
                  "dispytch: a handler is a function or a lambda with named parameter types; `auto` parameters can't be injected");
    add(new typename detail::MakeHandler<detail::NoBody, F>::type{std::move(function)}, std::move(options));
    return *this;
  }

  /// Puts a middleware around every handler of the group, also those that were added before. The first is the outermost.
  HandlerGroup& use(Middleware middleware);

  const std::vector<std::shared_ptr<const detail::Handler>>& handlers() const noexcept { return handlers_; }

 private:
  // Takes the handler over. A bare pointer, because a unique_ptr of each handler's own class takes an application long to compile.
  void add(detail::Handler* handler, HandlerOptions options);

  GroupOptions options_;
  std::vector<std::shared_ptr<const detail::Handler>> handlers_;
  std::vector<std::shared_ptr<detail::Handler>> changeable_;  // the same
  std::vector<Middleware> middleware_;
};

}  // namespace dispytch
