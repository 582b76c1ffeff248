// The C++ names of the host interface: layout of what hosts pass by value, helpers, failures as exceptions. Whole runs
// are in tests/support/install_test.py.
// SPDX-License-Identifier: Apache-2.0
#include "cerebras/sdk_runtime.h"

#include <catch2/catch_test_macros.hpp>

#include <cstddef>
#include <fstream>
#include <stdexcept>

namespace cerebras {
namespace {

static_assert(sizeof(MemcpyOptions) == 16 && offsetof(MemcpyOptions, data_type) == 4 &&
              offsetof(MemcpyOptions, order) == 8 && offsetof(MemcpyOptions, nonblock) == 12);

template <class Call>
std::string messageOf(Call call) {
  try {
    call();
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return "no exception";
}

TEST_CASE("numbers become words of 16 bits, low half first") {
  CHECK(to_words(std::vector<uint32_t>{0x12345678u, 1}) == std::vector<uint16_t>{0x5678, 0x1234, 1, 0});
  CHECK(to_words(std::vector<float>{1.0f}) == std::vector<uint16_t>{0, 0x3f80});
  CHECK(to_words(std::vector<int16_t>{-1, 2}) == std::vector<uint16_t>{0xffff, 2});
  CHECK(to_words(std::vector<int>{}).empty());
}

TEST_CASE("rectangles end before their corner") {
  const IntRectangle r{{1, 2}, {4, 3}};
  CHECK((r.width() == 3 && r.height() == 1));
  CHECK(r == IntRectangle{IntVector{1, 2}, IntVector{4, 3}});
}

TEST_CASE("platforms know what they are") {
  CHECK(SdkExecutionPlatform().is_simulation());
  CHECK(SdkExecutionPlatform(std::string("1.2.3.4:9000")).is_system());
  CHECK(SdkExecutionPlatform(SimfabConfig(), SdkTarget::WSE2).target() == SdkTarget::WSE2);
}

TEST_CASE("failures are exceptions with the diagnostic's text") {
  CHECK(messageOf([] { SdkRuntime(SdkCompileArtifacts("nowhere")); }).find("error[E0601]") == 0);
  CHECK(messageOf([] {
          SdkRuntime(SdkCompileArtifacts("nowhere"), SdkExecutionPlatform(), "WARNING", true, true, true);
        }).find("mutual exclusive") != std::string::npos);
  CHECK(messageOf([] { SdkCompileArtifacts("x").add_port_mapping("nowhere.json"); }).find("error[E0617]") == 0);
}

TEST_CASE("a port mapping gives streams further names") {
  const std::string file = "cerebras_runtime_test_ports.json";
  std::ofstream(file) << R"({"x_in": "region_x"})";
  SdkCompileArtifacts artifacts("out");
  artifacts.add_port_mapping(file);
  CHECK(artifacts.ports().at("x_in") == "region_x");
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace cerebras
