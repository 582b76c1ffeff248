// The interpreter on small programs: results, memory, cycles, calls, suspension.
// SPDX-License-Identifier: Apache-2.0
#include "jit/engine.h"
#include "tests/support/fake_device.h"

#include <catch2/catch_test_macros.hpp>

using namespace weft;
using weft::testing::Blocking;
using weft::testing::FakeDevice;
using weft::testing::programFromTir;

namespace {

struct Run {
  int32_t status;
  uint64_t result;
  uint64_t now;
  uint64_t suspensions;
  std::vector<uint8_t> memory;
  std::vector<std::string> log;
};

Run run(const tir::Program& p, uint32_t fn, std::vector<uint64_t> args, Blocking blocking = Blocking::Never) {
  auto engine = jit::makeInterpreter();
  auto image = weft::testing::compileOne(*engine, p);
  FakeDevice device(p, engine->kernels(p.fp16));
  device.blocking = blocking;
  const int32_t status = device.run(*image, tir::FunctionId(fn), args);
  CHECK(device.live_frames == 0);
  return {status, device.result, device.now, device.suspensions, device.memory, device.log};
}

// However often it blocks, nothing else changes.
Run runEveryWay(const tir::Program& p, uint32_t fn, const std::vector<uint64_t>& args) {
  const Run never = run(p, fn, args);
  for (Blocking blocking : {Blocking::Sometimes, Blocking::Always}) {
    const Run other = run(p, fn, args, blocking);
    CHECK(other.suspensions > 0);
    CHECK(other.status == never.status);
    CHECK(other.result == never.result);
    CHECK(other.now == never.now);
    CHECK(other.memory == never.memory);
    CHECK(other.log == never.log);
  }
  return never;
}

tir::Program recursiveSum() {
  tir::Program p;
  tir::Builder b(p);
  using tir::Op;
  using tir::Operand;
  using tir::Type;
  const tir::FunctionId sum = b.declare("sum", tir::FunctionKind::Function, Type::I16, tir::SiteId());
  b.open(sum);
  const Operand n = Operand::local(b.addParam(Type::I16, "n"));
  const uint32_t slot = b.addFrame(4, 2);
  const uint32_t zero = b.newBlock(), more = b.newBlock();
  b.branch(b.emit(Op::Eq, Type::I16, n, b.constant(0)), zero, more);
  b.setBlock(zero);
  b.ret(b.constant(0));
  b.setBlock(more);
  // The argument waits in the frame, where every activation must have its own.
  b.store(Type::I16, b.emit(Op::FrameAddr, Type::I16, {}, {}, {}, slot), n);
  const Operand rest = b.call(sum, {b.emit(Op::Sub, Type::I16, n, b.constant(1))});
  b.device(tir::DeviceCall::Activate, {rest});
  const Operand saved = b.load(Type::I16, b.emit(Op::FrameAddr, Type::I16, {}, {}, {}, slot));
  b.ret(b.emit(Op::Add, Type::I16, rest, saved));
  b.close();
  tir::assignFrames(p, 32);
  tir::finalize(p);
  REQUIRE(tir::verify(p).empty());
  return p;
}

}  // namespace

TEST_CASE("a loop computes, charges its segments and survives blocking at each back edge") {
  const tir::Program p = programFromTir(R"(program "p" wse3 f16
memory 64
fn 0 "sum" function (%0: i16 "n") i32 {
  local %1: i32 "total"
  local %2: i16 "i"
  local %3: bool
  local %4: i32
b0:
  %total.1 = copy.i32 0
  %i.2 = copy.i16 0
  jump b1
b1:
  %3 = ult.i16 %i.2, %n.0
  branch %3, b2, b3
b2:
  %4 = zext.i32.i16 %i.2
  %total.1 = add.i32 %total.1, %4
  store.i32 [8], %total.1
  %i.2 = add.i16 %i.2, 1
  jump b1
b3:
  ret %total.1
}
)");
  const Run r = runEveryWay(p, 0, {1000});
  CHECK(r.status == WEFT_DONE);
  CHECK(r.result == 499500);
  const auto costs = weft::testing::sampleCosts(p).segment;
  REQUIRE(costs.size() == 4);
  CHECK(r.now == costs[0] + 1001 * costs[1] + 1000 * costs[2] + costs[3]);
}

TEST_CASE("nested calls suspend and go on with their locals") {
  const tir::Program p = programFromTir(R"(program "p" wse3 f16
memory 64
slot i16
fn 0 "top" task (%0: i16 "x") void {
  local %1: i16 "a"
  local %2: i32 "b"
  local %3: f32 "f"
  local %4: bool "c"
  local %5: i64 "t"
b0:
  %a.1 = add.i16 %x.0, $0
  %f.3 = copy.f32 1.5
  %c.4 = slt.i16 %a.1, 0
  %b.2 = call.i32 @middle.1(%a.1, %f.3)
  %t.5 = device.tsc_read()
  store.i16 [0], %a.1
  store.i32 [4], %b.2
  store.f32 [8], %f.3
  store.bool [12], %c.4
  store.i64 [16], %t.5
  ret
}
fn 1 "middle" function (%0: i16 "p", %1: f32 "q") i32 {
  local %2: i32 "r"
  local %3: i16
  local %4: i32
b0:
  device.activate(%p.0)
  %r.2 = fptosi.i32.f32 %q.1
  %3 = callind.i16 2(%p.0)
  %4 = zext.i32.i16 %3
  %r.2 = add.i32 %r.2, %4
  ret %r.2
}
fn 2 "leaf" function (%0: i16 "v") i16 {
  local %1: i64
  local %2: i16
b0:
  %1 = device.get_dsr(3)
  %2 = trunc.i16.i64 %1
  %2 = xor.i16 %2, %v.0
  ret %2
}
)");
  const Run r = runEveryWay(p, 0, {77});
  CHECK(r.status == WEFT_DONE);
  REQUIRE(r.log.size() == 3);
  CHECK(r.log[0].find("activate") != std::string::npos);
  CHECK(run(p, 0, {77}, Blocking::Always).suspensions == 3);
}

TEST_CASE("recursion keeps its frames on the bounded stack") {
  const tir::Program p = recursiveSum();
  const Run r = runEveryWay(p, 0, {20});
  CHECK(r.status == WEFT_DONE);
  CHECK(r.result == 210);
}

TEST_CASE("endless recursion is a fault, not a crash") {
  const tir::Program p = recursiveSum();
  const Run r = run(p, 0, {60000});
  CHECK(r.status == WEFT_TRAP);
  REQUIRE_FALSE(r.log.empty());
  CHECK(r.log.back().find("fault 2") != std::string::npos);
}

TEST_CASE("an unknown function index and unreachable code are faults") {
  const tir::Program p = programFromTir(R"(program "p" wse3 f16
memory 64
fn 0 "f" function (%0: i16 "k") void {
b0:
  callind.void %k.0()
  ret
}
fn 1 "g" function () void {
b0:
  unreachable
}
)");
  CHECK(run(p, 0, {9}).log.back().find("fault 1") != std::string::npos);
  // Right index, wrong number of parameters.
  CHECK(run(p, 0, {0}).log.back().find("fault 1") != std::string::npos);
  CHECK(run(p, 0, {1}).log.back().find("fault 0") != std::string::npos);
}

TEST_CASE("memory outside the private part goes through the device") {
  const tir::Program p = programFromTir(R"(program "p" wse3 f16
memory 32
shared_bytes 4
shared 0 01020304
fn 0 "f" function () i32 {
  local %0: i32
  local %1: i16
b0:
  %0 = load.i32 [32]
  store.i32 [0], %0
  %1 = copy.i16 65534
  store.i32 [%1], %0
  memcopy 30, %1, 4
  memcopy 4, 1, 8
  memzero 5, 2
  %0 = load.i32 [30]
  ret %0
}
)");
  const Run r = run(p, 0, {});
  CHECK(r.result == 0x04030201);
  CHECK(std::vector<uint8_t>(r.memory.begin(), r.memory.begin() + 8) == std::vector<uint8_t>{3, 4, 3, 4, 4, 0, 0, 0});
  CHECK(r.memory[30] == 1);
}

TEST_CASE("a trap in a callee unwinds without frames") {
  const tir::Program p = programFromTir(R"(program "p" wse3 f16
memory 32
fn 0 "f" task () void {
b0:
  device.activate(1)
  call.void @g.1()
  store.i16 [0], 1
  ret
}
fn 1 "g" function () void {
b0:
  device.activate(2)
  device.assert_failed()
  ret
}
)");
  const Run r = runEveryWay(p, 0, {});
  CHECK(r.status == WEFT_TRAP);
  CHECK(r.memory[0] == 0);
}

TEST_CASE("discarding a suspended task gives its frames back") {
  const tir::Program p = recursiveSum();
  auto engine = jit::makeInterpreter();
  auto image = weft::testing::compileOne(*engine, p);
  FakeDevice device(p, engine->kernels(p.fp16));
  device.blocking = Blocking::Always;
  WeftPe pe{};
  const uint64_t args[] = {3};
  device.begin(pe);
  REQUIRE(image->start(pe, tir::FunctionId(0), args) == WEFT_BLOCKED);
  // Frames from the leaf that waits to the root.
  size_t frames = 0;
  for (const WeftFrame* f = pe.frames; f != nullptr; f = f->next) ++frames;
  CHECK(frames == device.live_frames);
  CHECK(frames == 3);
  image->discard(pe);
  CHECK(device.live_frames == 0);
  CHECK(pe.frames == nullptr);
}
