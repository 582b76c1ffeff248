// Programs are shared by answers, not by values.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/comptime/arith.h"
#include "frontend/comptime/symbolic.h"

#include <catch2/catch_test_macros.hpp>

using namespace weft;
using namespace weft::comptime;
using namespace weft::types;
using ast::BinaryOp;

namespace {

struct Fixture {
  base::Interner names;
  Pool pool{names};
  uint32_t runs = 0;

  Value params(int64_t px, int64_t py) {
    const Symbol n[] = {names.intern("px"), names.intern("py")};
    const TypeId k[] = {kU16, kU16};
    return Value::aggregate(pool.anonStruct(n, k), {Value::integer(kU16, px), Value::integer(kU16, py)});
  }
  // A stand-in for an analysis: is the PE in the first column, is it in the first row.
  uint32_t program(Sharing& sharing, int64_t px, int64_t py, std::vector<SymId>* slots = nullptr) {
    std::vector<Int128> leaves;
    Group& g = sharing.groupOf(1, params(px, py), pool, leaves);
    if (const uint32_t leaf = g.find(leaves); leaf != Group::kNoLeaf) return leaf;
    Recorder recorder(g, leaves);
    Arith arith(pool, &recorder);
    const Value p = Sharing::symbolicParams(pool, g, leaves);
    const Value zero = Value::integer(kU16, 0);
    if (!arith.decideBool(arith.binary(BinaryOp::Equal, p.element(0), zero).value)) {
      const Value left = arith.binary(BinaryOp::Sub, p.element(0), Value::integer(kU16, 1)).value;
      if (slots != nullptr) slots->push_back(left.sym());
    }
    (void)arith.decideBool(arith.binary(BinaryOp::Equal, p.element(1), zero).value);
    recorder.finish(runs);
    return runs++;
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "896,112 PEs come to four programs") {
  Sharing sharing;
  for (int64_t y = 0; y < 996; ++y) {
    for (int64_t x = 0; x < 900; ++x) (void)program(sharing, x, y);
  }
  CHECK(runs == 4);
  CHECK(program(sharing, 5, 5) == program(sharing, 700, 800));
  CHECK(program(sharing, 0, 5) != program(sharing, 1, 5));
}

TEST_CASE_METHOD(Fixture, "slots are evaluated per PE") {
  Sharing sharing;
  std::vector<SymId> slots;
  (void)program(sharing, 3, 3, &slots);
  REQUIRE(slots.size() == 1);
  std::vector<Int128> leaves;
  Group& g = sharing.groupOf(1, params(41, 9), pool, leaves);
  uint64_t out = 0;
  g.evaluate(leaves, slots, &out);
  CHECK(out == 40);
  CHECK(g.pool().toString(slots[0]) == "(p0 - 1)");
}

TEST_CASE_METHOD(Fixture, "without sharing each params value has its own program") {
  Sharing sharing(false);
  CHECK(program(sharing, 1, 1) != program(sharing, 2, 1));
  CHECK(program(sharing, 1, 1) == program(sharing, 1, 1));
}

TEST_CASE_METHOD(Fixture, "values that are no integers keep groups apart") {
  Sharing sharing;
  const Symbol n[] = {names.intern("flag"), names.intern("px")};
  const TypeId k[] = {kBool, kU16};
  const TypeId t = pool.anonStruct(n, k);
  std::vector<Int128> leaves;
  Group& a = sharing.groupOf(1, Value::aggregate(t, {Value::boolean(true), Value::integer(kU16, 1)}), pool, leaves);
  Group& b = sharing.groupOf(1, Value::aggregate(t, {Value::boolean(true), Value::integer(kU16, 2)}), pool, leaves);
  Group& c = sharing.groupOf(1, Value::aggregate(t, {Value::boolean(false), Value::integer(kU16, 1)}), pool, leaves);
  CHECK(&a == &b);
  CHECK(&a != &c);
}

TEST_CASE("bounds make questions unnecessary") {
  SymPool s;
  const SymId p = s.param(0, 0, 65535);
  const SymId rem = s.make(SymOp::Rem, p, s.constant(8));
  CHECK(s.within(rem, 0, 7));
  CHECK_FALSE(s.within(s.make(SymOp::Add, p, s.constant(1)), 0, 65535));
  CHECK(s.isConstant(s.make(SymOp::Lt, rem, s.constant(8))));
  const Int128 leaf[] = {21};
  s.bind(leaf);
  CHECK(s.evaluate(s.make(SymOp::Wrap, s.make(SymOp::Mul, p, s.constant(100)), kNoSym, kNoSym, 8 * 2)) == (2100 & 255));
}

TEST_CASE("chains of any length are evaluated") {
  SymPool s;
  SymId n = s.param(0, 0, 65535);
  const SymId step = s.constant(3);
  const SymId seven = s.constant(7);
  for (int i = 0; i < 200'000; ++i)
    n = s.make(SymOp::Rem, s.make(SymOp::Add, n, i % 2 == 0 ? step : seven), s.constant(1000 + i));
  const Int128 leaf[] = {5};
  s.bind(leaf);
  Int128 expected = 5;
  for (int i = 0; i < 200'000; ++i) expected = (expected + (i % 2 == 0 ? 3 : 7)) % (1000 + i);
  CHECK(s.evaluate(n) == expected);
}
