// Places of local arrays: overlaid along the call graph, on a stack for recursive functions.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/tir/tir.h"
#include "tests/support/fake_device.h"

#include <catch2/catch_test_macros.hpp>

using namespace weft;
using namespace weft::tir;

namespace {

// `calls[k]` are the callees of function k, each of which has a frame of `bytes[k]`.
Program chain(const std::vector<std::vector<uint32_t>>& calls, const std::vector<uint32_t>& bytes) {
  Program p;
  Builder b(p);
  for (size_t k = 0; k < calls.size(); ++k)
    b.declare("f" + std::to_string(k), FunctionKind::Function, Type::I16, SiteId());
  for (uint32_t k = 0; k < calls.size(); ++k) {
    b.open(FunctionId(k));
    const uint32_t offset = b.addFrame(bytes[k], 4);
    const Operand address = b.emit(Op::FrameAddr, Type::I16, {}, {}, {}, offset);
    for (uint32_t callee : calls[k]) b.call(FunctionId(callee), {});
    b.ret(address);
    b.close();
  }
  return p;
}

uint64_t addressOf(const Program& p, uint32_t fn) {
  const Inst& i = p.insts[p.functions[fn].blocks[0].begin];
  return i.op == Op::Copy ? p.constants[i.a.index()] : ~0ull;
}

}  // namespace

TEST_CASE("frames of callers and callees are apart, of strangers shared") {
  // 0 calls 1 and 2; 2 calls 1.
  Program p = chain({{1, 2}, {}, {1}, {}}, {10, 6, 20, 100});
  assignFrames(p, 50);
  CHECK(addressOf(p, 0) == 52);
  CHECK(addressOf(p, 2) == 52 + 12);
  CHECK(addressOf(p, 1) == 52 + 12 + 20);
  // Nobody calls 3 and it calls nobody.
  CHECK(addressOf(p, 3) == 52);
  CHECK(p.private_bytes == 152);
  CHECK(p.stack_bytes == 0);
  CHECK(verify(p).empty());
}

TEST_CASE("functions on a cycle use the bounded stack behind everything") {
  Program p = chain({{1}, {2}, {1}}, {8, 16, 6});
  assignFrames(p, 0);
  CHECK_FALSE(p.functions[0].recursive);
  CHECK(p.functions[1].recursive);
  CHECK(p.functions[2].recursive);
  CHECK(addressOf(p, 0) == 0);
  CHECK(addressOf(p, 1) == ~0ull);
  CHECK(p.functions[2].frame_bytes == 8);
  CHECK(p.stack_base == 8);
  CHECK(p.stack_bytes >= 1024);
  CHECK(p.private_bytes == p.stack_base + p.stack_bytes);
}

TEST_CASE("a program without local arrays takes no memory") {
  Program p = chain({{1}, {}}, {0, 0});
  assignFrames(p, 6);
  CHECK(p.private_bytes == 8);
}

TEST_CASE("a function that calls itself indirectly is recursive") {
  Program p;
  Builder b(p);
  const FunctionId f = b.declare("f", FunctionKind::Function, Type::I16, SiteId());
  b.open(f);
  b.ret(b.callIndirect(b.constant(0), Type::I16, {}));
  b.close();
  assignFrames(p, 0);
  CHECK(p.functions[0].recursive);
}
