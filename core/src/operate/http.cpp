#include "operate/http.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <Poco/Exception.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/ThreadPool.h>

#include <dispytch/result.hpp>

#include "operate/watch.hpp"

namespace dispytch::operate {
namespace {

using Poco::Net::HTTPResponse;

constexpr int kMostThreads = 2;  // a probe and a scrape; others wait in the queue
constexpr int kMostQueued = 16;

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

class Handler final : public Poco::Net::HTTPRequestHandler {
 public:
  explicit Handler(const Watch& watch) : watch_{watch} {}
  void handleRequest(Poco::Net::HTTPServerRequest& request, Poco::Net::HTTPServerResponse& response) override {
    const Page page = page_of(request.getMethod(), request.getURI(), watch_);
    response.setStatusAndReason(page.status);
    if (page.status == HTTPResponse::HTTP_METHOD_NOT_ALLOWED) response.set("Allow", "GET, HEAD");
    response.setContentType(page.type);
    response.sendBuffer(page.text.data(), page.text.size());
  }

 private:
  const Watch& watch_;
};

class Factory final : public Poco::Net::HTTPRequestHandlerFactory {
 public:
  explicit Factory(const Watch& watch) : watch_{watch} {}
  Poco::Net::HTTPRequestHandler* createRequestHandler(const Poco::Net::HTTPServerRequest&) override { return new Handler{watch_}; }

 private:
  const Watch& watch_;
};

Poco::Net::ServerSocket bind(const std::string& address) {
  try {
    constexpr bool kReuseAddress = true;  // of a process that has just ended
    constexpr bool kShareThePort = false;
    Poco::Net::ServerSocket socket;
    socket.bind(Poco::Net::SocketAddress{address}, kReuseAddress, kShareThePort);
    socket.listen();
    return socket;
  } catch (const Poco::Exception& exception) {
    throw Exception{ErrorCode::config, "`http.address`: nobody can listen at " + address + ": " + exception.displayText() +
                                           "; another program may use the port: choose another, or leave `http` out"};
  }
}

Poco::Net::HTTPServerParams::Ptr parameters() {
  Poco::Net::HTTPServerParams::Ptr made{new Poco::Net::HTTPServerParams};
  made->setMaxThreads(kMostThreads);
  made->setMaxQueued(kMostQueued);
  made->setKeepAlive(false);
  return made;
}

}  // namespace

struct HttpServer::Server {
  Server(const std::string& address, const Watch& watch)
      : socket{bind(address)}, server{new Factory{watch}, threads, socket, parameters()} {}
  Poco::ThreadPool threads{1, kMostThreads};
  Poco::Net::ServerSocket socket;
  Poco::Net::HTTPServer server;
};

HttpServer::HttpServer(const std::string& address, Watch& watch) : server_{std::make_unique<Server>(address, watch)} {
  server_->server.start();
}

HttpServer::~HttpServer() {
  server_->server.stopAll(true);
  server_->threads.joinAll();
}

std::uint16_t HttpServer::port() const noexcept { return server_->socket.address().port(); }

}  // namespace dispytch::operate
