// The verifier names the first broken rule.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/tir/tir.h"

#include <catch2/catch_test_macros.hpp>

using namespace weft;
using namespace weft::tir;

namespace {

struct Fixture {
  Program p;
  Builder b{p};
  FunctionId fn = b.declare("f", FunctionKind::Function, Type::I16, SiteId());
  Operand x;
  Fixture() {
    b.open(fn);
    x = Operand::local(b.addParam(Type::I16, "x"));
  }
  std::string finish(Operand result) {
    b.ret(result);
    b.close();
    return verify(p);
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a built function is accepted") {
  const Operand y = b.emit(Op::Add, Type::I16, x, b.constant(5));
  CHECK(finish(y).empty());
}

TEST_CASE_METHOD(Fixture, "operands must have the instruction's type") {
  const Operand y = b.emit(Op::Add, Type::I32, x, x);
  CHECK(y.kind() == Operand::Kind::Local);
  CHECK(finish(x) == "fn `f`, block 0, instruction 0 (add): operand a has type i16, not i32");
}

TEST_CASE_METHOD(Fixture, "a constant must fit its type") {
  b.emit(Op::Add, Type::I16, x, b.constant(0x12345));
  CHECK(finish(x).find("constant 0x12345 does not fit i16") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "an operation takes only its types") {
  b.emit(Op::FAdd, Type::I16, x, x);
  CHECK(finish(x).find("type i16 is not allowed") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "the returned type is the function's") {
  const Operand wide = b.emit(Op::ZExt, Type::I32, x, {}, {}, 0, Type::I16);
  CHECK(finish(wide).find("operand a has type i32, not i16") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "calls take the callee's parameters") {
  const FunctionId other = b.declare("g", FunctionKind::Function, Type::Void, SiteId());
  b.call(other, {x});
  CHECK(finish(x).find("1 arguments, not 0") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "a declared function needs a body") {
  b.declare("g", FunctionKind::Function, Type::Void, SiteId());
  CHECK(finish(x) == "fn `g`: has no body");
}

TEST_CASE_METHOD(Fixture, "device calls take the arguments of their table row") {
  b.device(DeviceCall::Activate, {b.constant(1), b.constant(2)});
  CHECK(finish(x).find("2 arguments, not 1") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "a vector operation takes what its operands say") {
  DsdOp op;
  op.op = DsdOpcode::FAddS;
  op.dest.kind = op.src1.kind = DsdOperand::Kind::Dsd;
  b.dsdOp(op, {b.constant(1), b.constant(2)});
  CHECK(finish(x).find("first source of fadds") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "jumps stay inside the function") {
  b.jump(7);
  p.insts.clear();
  p.functions[0].blocks = {{0, 1}};
  Inst jump;
  jump.op = Op::Jump;
  jump.target[0] = 7;
  p.insts.push_back(jump);
  CHECK(verify(p).find("target block 7 of 1") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "final programs have segment markers") {
  CHECK(finish(x).empty());
  finalize(p);
  REQUIRE(verify(p).empty());
  p.insts.erase(p.insts.begin());
  p.functions[0].blocks[0].end -= 1;
  CHECK(verify(p).find("a segment marker is missing") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "the image lies inside private memory") {
  p.image.assign(10, 0);
  p.private_bytes = 8;
  CHECK(finish(x) == "image of 10 bytes, private memory of 8");
}

TEST_CASE("widths of device calls and vector operations come from the tables") {
  CHECK(deviceArgs(DeviceCall::FabricWrite) == std::vector{Type::I64, Type::I16, Type::I32});
  CHECK(deviceResult(DeviceCall::TscRead) == Type::I64);
  CHECK_FALSE(deviceSyncs(DeviceCall::Random16));
  CHECK(dsdScalarType(DsdOpcode::FMacHS, 0) == Type::F32);
  CHECK(dsdScalarType(DsdOpcode::FMacHS, 2) == Type::F16);
  CHECK(dsdScalarType(DsdOpcode::FScaleS, 2) == Type::I16);
  CHECK(dsdDestType(DsdOpcode::FH2XP16) == Type::I16);
  CHECK(dsdDestType(DsdOpcode::XP162FS) == Type::F32);
}
