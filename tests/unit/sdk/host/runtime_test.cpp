// The runtime's state machine, checks and argument passing over a fake mesh.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/host/runtime_impl.h"
#include "tests/unit/sdk/host/fake_mesh.h"

#include <catch2/catch_test_macros.hpp>

#include <bit>

namespace weft::host {
namespace {

std::shared_ptr<const plan::FabricPlan> smallPlan() {
  auto plan = std::make_shared<plan::FabricPlan>();
  plan->extent = {3, 2};
  plan->fabric = {10, 4};
  plan->offset = {4, 1};
  plan->host.memcpy = true;
  plan->host.h2d[0] = 5;
  auto program = std::make_shared<tir::Program>();
  tir::HostSymbol symbol;
  symbol.name = "A";
  program->host_symbols.push_back(symbol);
  plan->programs.push_back(program);
  plan->program_of.assign(6, 0);
  plan->exports.push_back({"A", false, true, "[*]f32", {}});
  plan->exports.push_back({"go", true, false, "void", {{"n", "i16"}, {"x", "f32"}}});
  return plan;
}

struct Fixture {
  testing::FakeMesh* mesh = nullptr;
  std::unique_ptr<Runtime> runtime;
  Task task = 0;

  explicit Fixture(bool start = true) {
    RuntimeOptions options;
    options.write_logs = false;
    runtime = makeRuntime(
        smallPlan(), "", options,
        [this](std::shared_ptr<const plan::FabricPlan> plan, diag::Sink& sink) -> Result<std::unique_ptr<Simulation>> {
          auto made = std::make_unique<testing::FakeMesh>(std::move(plan), sink);
          mesh = made.get();
          return Simulation::over(std::move(made), SimulationOptions());
        });
    if (start) {
      REQUIRE(runtime->load().ok());
      REQUIRE(runtime->run().ok());
    }
  }
  static Transfer copy(int64_t elements = 2) {
    Transfer t;
    t.target = 1;
    t.width = 3;
    t.height = 2;
    t.elements_per_pe = elements;
    return t;
  }
};

std::string firstCode(const Status& status) { return status.problems().empty() ? "" : status.problems()[0].code; }

TEST_CASE("commands before run() and calls in the wrong order are refused") {
  Fixture f(false);
  CHECK(firstCode(f.runtime->run()) == "E0602");
  CHECK(f.runtime->run().text().find("Cannot call run() multiple times") != std::string::npos);
  CHECK(firstCode(f.runtime->launch("go", {}, false, f.task)) == "E0602");
  REQUIRE(f.runtime->load().ok());
  CHECK(firstCode(f.runtime->load()) == "E0602");
  CHECK(firstCode(f.runtime->stop()) == "E0602");
}

TEST_CASE("a copy in arrives in the order asked for") {
  Fixture f;
  Transfer t = Fixture::copy();
  t.order = Order::ColMajor;
  std::vector<uint32_t> host{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  REQUIRE(f.runtime->copyIn(t, host.data(), host.size(), f.task).ok());
  CHECK(f.mesh->words("A", 1, 0) == std::vector<uint32_t>{2, 8});
  CHECK(f.mesh->words("A", 2, 1) == std::vector<uint32_t>{5, 11});
}

TEST_CASE("16-bit copies ignore the high half of each word") {
  Fixture f;
  Transfer t = Fixture::copy(1);
  t.data_type = DataType::Bits16;
  std::vector<uint32_t> host{0x10001, 0x20002, 0x30003, 0x40004, 0x50005, 0x60006};
  REQUIRE(f.runtime->copyIn(t, host.data(), host.size(), f.task).ok());
  CHECK(f.mesh->words("A", 2, 1) == std::vector<uint32_t>{6});
}

TEST_CASE("a nonblocking copy out fills the array when a later call drives the run") {
  Fixture f;
  for (uint32_t y = 0; y < 2; ++y)
    for (uint32_t x = 0; x < 3; ++x) f.mesh->words("A", x, y) = {10 * y + x, 100};
  Transfer t = Fixture::copy();
  t.nonblock = true;
  t.order = Order::ColMajor;
  std::vector<uint32_t> host(12, 7);
  bool done = false;
  REQUIRE(f.runtime->copyOut(t, host.data(), host.size(), [&] { done = true; }, f.task).ok());
  CHECK_FALSE(done);
  CHECK(host[0] == 7);
  REQUIRE(f.runtime->stop().ok());
  CHECK(done);
  CHECK(host == std::vector<uint32_t>{0, 10, 1, 11, 2, 12, 100, 100, 100, 100, 100, 100});
}

TEST_CASE("regions, arrays, targets and colors are checked") {
  Fixture f;
  std::vector<uint32_t> host(12);
  Transfer outside = Fixture::copy();
  outside.x = 1;
  CHECK(f.runtime->copyIn(outside, host.data(), 12, f.task)
            .text()
            .find("h2d subrectangle must be inside the core rectangle") != std::string::npos);
  CHECK(firstCode(f.runtime->copyIn(Fixture::copy(), host.data(), 11, f.task)) == "E0611");
  Transfer function = Fixture::copy();
  function.target = 2;
  CHECK(firstCode(f.runtime->copyIn(function, host.data(), 12, f.task)) == "E0603");
  Transfer color = Fixture::copy();
  color.streaming = true;
  color.target = 6;
  CHECK(firstCode(f.runtime->copyIn(color, host.data(), 12, f.task)) == "E0607");
  color.target = 5;
  CHECK(f.runtime->copyIn(color, host.data(), 12, f.task).ok());
  Transfer empty = Fixture::copy(0);
  CHECK(firstCode(f.runtime->copyIn(empty, host.data(), 0, f.task)) == "E0605");
}

TEST_CASE("launch checks names, number and types of arguments and passes their bits") {
  Fixture f;
  const LaunchArgument n{"i16", 0xfffeu, 0, 0};
  const LaunchArgument x{"float", 0, 0, 1.5};
  REQUIRE(f.runtime->launch("go", {n, x}, false, f.task).ok());
  CHECK(f.mesh->launches[0].second == std::vector<uint32_t>{0xfffe, std::bit_cast<uint32_t>(1.5f)});
  const LaunchArgument minus{"int", 0, -2, 0};
  REQUIRE(f.runtime->launch("go", {minus, x}, false, f.task).ok());
  CHECK(f.mesh->launches[1].second[0] == 0xfffe);
  const LaunchArgument large{"int", 0, 40000, 0};
  CHECK(f.runtime->launch("go", {large, x}, false, f.task)
            .text()
            .find("functional protype does not match what is defined in the kernel") != std::string::npos);
  CHECK(firstCode(f.runtime->launch("go", {n}, false, f.task)) == "E0606");
  CHECK(f.runtime->launch("gone", {}, false, f.task).text().find("Cannot find exported function with name gone") !=
        std::string::npos);
}

TEST_CASE("a run that cannot go on reports the hang once and takes no more commands") {
  Fixture f;
  f.mesh->stuck_from = 0;
  std::vector<uint32_t> host(12);
  CHECK_FALSE(f.runtime->copyIn(Fixture::copy(), host.data(), 12, f.task).ok());
  CHECK(f.mesh->hangs_reported == 1);
  CHECK(firstCode(f.runtime->copyIn(Fixture::copy(), host.data(), 12, f.task)) == "E0602");
  CHECK(f.runtime->stop().ok());
  CHECK(f.mesh->hangs_reported == 1);
}

TEST_CASE("polling a task moves time on") {
  Fixture f;
  std::vector<uint32_t> host(12);
  Transfer t = Fixture::copy();
  t.nonblock = true;
  REQUIRE(f.runtime->copyIn(t, host.data(), 12, f.task).ok());
  bool done = false;
  REQUIRE(f.runtime->isDone(f.task, done).ok());
  CHECK(done);
}

TEST_CASE("symbols are read by fabric coordinate, also after stop()") {
  Fixture f;
  f.mesh->words("buffer", 1, 1) = {0x01020304};
  REQUIRE(f.runtime->stop().ok());
  std::vector<uint8_t> bytes;
  REQUIRE(f.runtime->readSymbol(5, 2, "buffer", bytes).ok());
  CHECK(bytes == std::vector<uint8_t>{4, 3, 2, 1});
  CHECK(firstCode(f.runtime->readSymbol(0, 0, "buffer", bytes)) == "E0603");
}

}  // namespace
}  // namespace weft::host
