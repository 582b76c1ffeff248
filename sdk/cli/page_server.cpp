// One page over HTTP, one connection after the other: enough for a browser on this machine.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/cli/fabric_view.h"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string_view>

namespace weft::cli {

namespace {

constexpr int kMostTries = 20;
constexpr int kPatienceMilliseconds = 2000;

/// A listening socket, or -1.
int listenAt(const std::string& host, uint16_t port) {
  addrinfo wanted{};
  wanted.ai_family = AF_INET;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), fmt::format("{}", port).c_str(), &wanted, &found) != 0) return -1;
  const int fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, 0);
  const int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const bool good = fd >= 0 && bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, 8) == 0;
  freeaddrinfo(found);
  if (good) return fd;
  if (fd >= 0) close(fd);
  return -1;
}

uint16_t portOf(int fd) {
  sockaddr_in own{};
  socklen_t size = sizeof own;
  getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size);
  return ntohs(own.sin_port);
}

void sendAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    text.remove_prefix(static_cast<size_t>(sent));
  }
}

void answer(int fd, const std::string& page) {
  std::string request;
  char buffer[2048];
  while (request.find("\r\n\r\n") == std::string::npos && request.size() < 65536) {
    pollfd waiting{fd, POLLIN, 0};
    if (poll(&waiting, 1, kPatienceMilliseconds) <= 0) return;
    const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
    if (got <= 0) return;
    request.append(buffer, static_cast<size_t>(got));
  }
  const bool known =
      request.starts_with("GET /sdk-gui") || request.starts_with("GET / ") || request.starts_with("GET /?");
  sendAll(fd, fmt::format("HTTP/1.1 {}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n"
                          "Cache-Control: no-store\r\nConnection: close\r\n\r\n",
                          known ? "200 OK" : "404 Not Found", known ? page.size() : 0));
  if (known) sendAll(fd, page);
}

}  // namespace

bool servePage(const std::string& page, const std::string& host, uint16_t port, bool only_this_port,
               const std::function<void(uint16_t)>& ready) {
  int listener = -1;
  for (int i = 0; listener < 0 && i < (only_this_port || port == 0 ? 1 : kMostTries); ++i)
    listener = listenAt(host, static_cast<uint16_t>(port + i));
  if (listener < 0) return false;
  ready(portOf(listener));
  for (;;) {
    const int client = accept(listener, nullptr, nullptr);
    if (client < 0) break;
    answer(client, page);
    close(client);
  }
  close(listener);
  return true;
}

}  // namespace weft::cli
