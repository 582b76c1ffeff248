// Typed comptime arithmetic: overflow, rounding, conversions.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/comptime/arith.h"

#include <catch2/catch_test_macros.hpp>

using namespace weft;
using namespace weft::comptime;
using ast::BinaryOp;
using namespace weft::types;

namespace {

struct Fixture {
  base::Interner names;
  Pool pool{names};
  Arith arith{pool, nullptr};
  Value i(TypeId t, Int128 v) { return Value::integer(t, v); }
  Value f(TypeId t, double v) { return Value::floating(t, v); }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "fixed-width overflow is an error, comptime_int has room") {
  CHECK(arith.binary(BinaryOp::Mul, i(kI16, 32), i(kI16, 1536)).error == ArithError::Overflow);
  CHECK(arith.binary(BinaryOp::Sub, i(kU16, 0), i(kU16, 1)).error == ArithError::Overflow);
  const Outcome big = arith.binary(BinaryOp::Mul, i(kComptimeInt, Int128{1} << 70), i(kComptimeInt, 3));
  REQUIRE(big.ok());
  CHECK(big.value.asInt() == (Int128{3} << 70));
}

TEST_CASE_METHOD(Fixture, "division truncates and refuses zero") {
  CHECK(arith.binary(BinaryOp::Div, i(kI16, -7), i(kI16, 2)).value.asInt() == -3);
  CHECK(arith.binary(BinaryOp::Mod, i(kI16, -7), i(kI16, 2)).value.asInt() == -1);
  CHECK(arith.binary(BinaryOp::Div, i(kI16, 1), i(kI16, 0)).error == ArithError::DivisionByZero);
  CHECK(arith.binary(BinaryOp::Div, i(kI16, -32768), i(kI16, -1)).error == ArithError::Overflow);
}

TEST_CASE_METHOD(Fixture, "shifts keep the left type and drop bits at the top") {
  CHECK(arith.binary(BinaryOp::ShiftLeft, i(kU8, 0xff), i(kU32, 4)).value.asInt() == 0xf0);
  CHECK(arith.binary(BinaryOp::ShiftLeft, i(kU32, 1), i(kComptimeInt, 32)).value.asInt() == 0);
  CHECK(arith.binary(BinaryOp::ShiftRight, i(kI16, -8), i(kComptimeInt, 40)).value.asInt() == -1);
  CHECK(arith.binary(BinaryOp::ShiftLeft, i(kU32, 1), i(kComptimeInt, -1)).error == ArithError::NegativeShift);
}

TEST_CASE_METHOD(Fixture, "floats round like at run time") {
  const Value a = f(kF16, 2048);
  CHECK(arith.binary(BinaryOp::Add, a, f(kF16, 1)).value.asFloat() == 2048);
  CHECK(arith.coerce(kF16, f(kComptimeFloat, 1e6)).error == ArithError::FloatOverflow);
  CHECK(arith.coerce(kF32, f(kComptimeFloat, 0.1)).value.asFloat() == static_cast<double>(0.1f));
  CHECK(arith.binary(BinaryOp::Div, f(kComptimeFloat, 0), f(kComptimeFloat, 0)).error == ArithError::DivisionByZero);
  CHECK(arith.rawBits(f(kF16, 1.0)) == 0x3c00);
  CHECK(arith.fromBits(kF32, 0x40490fdb).asFloat() > 3.14);
  CHECK(arith.floor(f(kF16, 2.5)).value.asFloat() == 2);
}

TEST_CASE_METHOD(Fixture, "implicit conversions only where the value fits") {
  CHECK(arith.coerce(kU16, i(kComptimeInt, 65536)).error == ArithError::Overflow);
  CHECK(arith.coerce(kI16, i(kU16, 100)).value.asInt() == 100);
  CHECK(arith.coerce(kI16, i(kU16, 40000)).error == ArithError::Overflow);
  CHECK(arith.coerce(kF32, i(kComptimeInt, 1)).error == ArithError::BadConversion);
  CHECK(arith.coerce(kU16, f(kComptimeFloat, 1)).error == ArithError::BadConversion);
}

TEST_CASE_METHOD(Fixture, "@as truncates typed integers and rounds floats to zero") {
  CHECK(arith.convert(kU16, i(kU32, 0x12345)).value.asInt() == 0x2345);
  CHECK(arith.convert(kI8, i(kU16, 0xff)).value.asInt() == -1);
  CHECK(arith.convert(kI16, f(kComptimeFloat, -7.9)).value.asInt() == -7);
  CHECK(arith.convert(kI16, f(kF32, 1e9)).value.asInt() == 32767);
  CHECK(arith.convert(kBool, f(kF32, -0.0)).value.asBool() == false);
  CHECK(arith.convert(kF32, Value::boolean(true)).value.asFloat() == 1);
  CHECK(arith.convert(kU16, i(kComptimeInt, -1)).error == ArithError::Overflow);
}

TEST_CASE_METHOD(Fixture, "bitcast wants equal widths") {
  CHECK(arith.bitcast(kU16, f(kF16, 1.0)).value.asInt() == 0x3c00);
  CHECK(arith.bitcast(kU16, f(kF32, 1.0)).error == ArithError::WidthMismatch);
  CHECK(arith.bitcast(kI16, i(kU16, 0xffff)).value.asInt() == -1);
}

TEST_CASE_METHOD(Fixture, "aggregates are copied on write") {
  const TypeId t = pool.array(kU16, 1000);
  Value a = Value::splat(t, 1000, i(kU16, 7));
  Value b = a;
  b.mutableElement(3) = i(kU16, 9);
  CHECK(a.element(3).asInt() == 7);
  CHECK(b.element(3).asInt() == 9);
  CHECK(b.element(999).asInt() == 7);
  CHECK_FALSE(a.identical(b));
  b.mutableElement(3) = i(kU16, 7);
  CHECK(a.identical(b));
  CHECK(a.hash() == b.hash());
}

TEST_CASE_METHOD(Fixture, "text of values") {
  const Symbol n[] = {names.intern("x"), names.intern("y")};
  const TypeId k[] = {kU16, kI16};
  const Value s = Value::aggregate(pool.anonStruct(n, k), {i(kU16, 0), i(kI16, -4)});
  CHECK(toText(s, pool) == "{x = 0, y = -4}");
  CHECK(toText(Value::direction(target::Port::Ramp), pool) == "RAMP");
}
