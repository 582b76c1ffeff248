// Files cut short, and files with a token missing, in the middle of a program: always diagnostics, never worse.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/session/session.h"
#include "frontend/session/stdlib.h"

#include <catch2/catch_test_macros.hpp>

#include <cctype>
#include <string>
#include <string_view>

using namespace weft;
using session::Session;

namespace {

std::string library(std::string_view path) {
  const auto text = session::embeddedModule(path);
  REQUIRE(text);
  return std::string(*text);
}

constexpr const char* kMain = R"(
const memcpy = @import_module("<memcpy/get_params>", .{ .width = 3, .height = 2 });
const kernel = @import_module("kernel.csl", .{
  .width = 3, .height = 2, .rows = 4, .cols = 4, .memcpy = memcpy,
  .colors = [3]color{ @get_color(1), @get_color(2), @get_color(3) } });
layout {
  @set_rectangle(3, 2);
  kernel.place();
}
)";

/// Compiles `main`, with the kernel's two files under names of their own; nothing but agreement is asked.
void compile(const char* main, const std::string& kernel, const std::string& pe) {
  Session s;
  s.setBuffer("layout.csl", main);
  s.setBuffer("kernel.csl", kernel);
  s.setBuffer("pe.csl", pe);
  session::CompileOptions o;
  o.source = "layout.csl";
  const auto plan = s.compile(o);
  if (static_cast<bool>(plan) == s.sink().hasErrors()) FAIL("a result with errors, or none without");
  for (const auto& d : s.sink().all())
    if (diag::renderText(d, s.sources()).empty()) FAIL("a diagnostic without a text");
}

std::string ownPe(std::string kernel, const std::string& name) {
  const std::string from = "<kernels/" + name + "/pe>";
  for (size_t at = kernel.find(from); at != std::string::npos; at = kernel.find(from))
    kernel.replace(at, from.size(), "pe.csl");
  return kernel;
}

}  // namespace

TEST_CASE("a kernel cut at every byte ends in diagnostics") {
  const std::string kernel = ownPe(library("kernels/gemv/layout.csl"), "gemv");
  const std::string pe = library("kernels/gemv/pe.csl");
  // The whole program compiles; so the cuts are what is tested.
  Session s;
  s.setBuffer("layout.csl", kMain);
  s.setBuffer("kernel.csl", kernel);
  s.setBuffer("pe.csl", pe);
  session::CompileOptions o;
  o.source = "layout.csl";
  CHECK(s.compile(o));
  for (size_t n = 0; n < kernel.size(); ++n) compile(kMain, kernel.substr(0, n), pe);
  for (size_t n = 0; n < pe.size(); ++n) compile(kMain, kernel, pe.substr(0, n));
}

TEST_CASE("other libraries cut at every byte end in diagnostics") {
  for (const char* name : {"kernels/attention/layout.csl", "kernels/tally/layout.csl"}) {
    const std::string text = library(name);
    for (size_t n = 0; n < text.size(); ++n) compile(text.substr(0, n).c_str(), "", "");
  }
}

TEST_CASE("a program without one of its words ends in diagnostics") {
  const std::string kernel = ownPe(library("kernels/gemv/layout.csl"), "gemv");
  const std::string pe = library("kernels/gemv/pe.csl");
  const auto without = [](const std::string& text, size_t* at) {
    while (*at < text.size() && std::isspace(static_cast<unsigned char>(text[*at])) != 0) ++*at;
    size_t end = *at;
    const auto word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '@'; };
    if (end < text.size() && word(text[end]))
      while (end < text.size() && word(text[end])) ++end;
    else
      ++end;
    std::string out = text.substr(0, *at) + (end < text.size() ? text.substr(end) : "");
    *at = end;
    return out;
  };
  for (size_t at = 0; at < kernel.size();) compile(kMain, without(kernel, &at), pe);
  for (size_t at = 0; at < pe.size();) compile(kMain, kernel, without(pe, &at));
}
