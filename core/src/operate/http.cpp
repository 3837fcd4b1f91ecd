#include "operate/http.hpp"

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include <Poco/Exception.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Timestamp.h>

#include <dispytch/result.hpp>

#include "operate/watch.hpp"

namespace dispytch::operate {
namespace {

using Poco::Net::HTTPRequest;
using Poco::Net::HTTPResponse;

constexpr std::size_t kLongestHead = 8 * 1024;
constexpr int kMostWaiting = 128;

struct Page {
  HTTPResponse::HTTPStatus status = HTTPResponse::HTTP_OK;
  std::string type = "text/plain; charset=utf-8";
  std::string text = {};
};

Page verdict(const std::vector<std::string>& reasons, const char* good) {
  if (reasons.empty()) return {.text = std::string{good} + "\n"};
  Page page{.status = HTTPResponse::HTTP_SERVICE_UNAVAILABLE};
  for (const std::string& reason : reasons) page.text += reason + "\n";
  return page;
}

Page page_of(const std::string& method, const std::string& uri, const Watch& watch) {
  const std::string path = uri.substr(0, uri.find('?'));
  if (path != "/live" && path != "/ready" && path != "/metrics") {
    return {.status = HTTPResponse::HTTP_NOT_FOUND, .text = "there is nothing at " + path + "; there are: /live, /ready, /metrics\n"};
  }
  if (method != "GET" && method != "HEAD") {
    return {.status = HTTPResponse::HTTP_METHOD_NOT_ALLOWED, .text = path + " is read with GET\n"};
  }
  if (path == "/live") return verdict(watch.dead(), "live");
  if (path == "/ready") return verdict(watch.unready(), "ready");
  return {.type = "text/plain; version=0.0.4; charset=utf-8", .text = to_prometheus(watch.figures(), watch.backends())};
}

// Where the head of a request ends, the empty line included; npos: not yet.
std::size_t head_size(std::string_view received) {
  const std::size_t crlf = received.find("\r\n\r\n");
  const std::size_t lf = received.find("\n\n");
  return std::min(crlf == std::string_view::npos ? crlf : crlf + 4, lf == std::string_view::npos ? lf : lf + 2);
}

// Every connection ends after one answer: what may follow of a request, such as a body, is nobody's.
Reply reply(const Page& page, const std::string& method) {
  HTTPResponse response{HTTPRequest::HTTP_1_1, page.status};
  response.setDate(Poco::Timestamp{});
  response.setContentType(page.type);
  response.setContentLength64(static_cast<Poco::Int64>(page.text.size()));
  response.setKeepAlive(false);
  if (page.status == HTTPResponse::HTTP_METHOD_NOT_ALLOWED) response.set("Allow", "GET, HEAD");
  std::ostringstream head;
  response.write(head);
  return {.bytes = method == HTTPRequest::HTTP_HEAD ? head.str() : head.str() + page.text, .last = true};
}

std::optional<Reply> serve(std::string& received, const Watch& watch) {
  const std::size_t size = head_size(received);
  if (size == std::string::npos && received.size() <= kLongestHead) return std::nullopt;
  if (size > kLongestHead) {
    return reply({.status = HTTPResponse::HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE,
                  .text = "a request has at most " + std::to_string(kLongestHead) + " bytes before its empty line\n"},
                 {});
  }
  HTTPRequest request;
  std::istringstream head{received.substr(0, size)};
  try {
    request.read(head);
  } catch (const Poco::Exception&) {
    return reply({.status = HTTPResponse::HTTP_BAD_REQUEST, .text = "this is no HTTP request; expected one such as GET /live HTTP/1.1\n"},
                 {});
  }
  return reply(page_of(request.getMethod(), request.getURI(), watch), request.getMethod());
}

Poco::Net::ServerSocket bind(const std::string& address) {
  try {
    constexpr bool kReuseAddress = true;  // of a process that has just ended
    constexpr bool kShareThePort = false;
    Poco::Net::ServerSocket socket;
    socket.bind(Poco::Net::SocketAddress{address}, kReuseAddress, kShareThePort);
    socket.listen(kMostWaiting);
    return socket;
  } catch (const Poco::Exception& exception) {
    throw Exception{ErrorCode::config, "`http.address`: nobody can listen at " + address + ": " + exception.displayText() +
                                           "; another program may use the port: choose another, or leave `http` out"};
  }
}

}  // namespace

HttpServer::HttpServer(const std::string& address, const Watch& watch, ConnectionLimits limits)
    : HttpServer{bind(address), watch, limits} {}

HttpServer::HttpServer(const Poco::Net::ServerSocket& socket, const Watch& watch, ConnectionLimits limits)
    : port_{socket.address().port()},
      server_{socket, [&watch](std::string& received, const Poco::Net::StreamSocket&) { return serve(received, watch); }, limits} {}

}  // namespace dispytch::operate
