// Interning, layout and spelling of types.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/types/pool.h"

#include <catch2/catch_test_macros.hpp>

using namespace weft;
using namespace weft::types;

TEST_CASE("equal types get equal ids") {
  base::Interner names;
  Pool pool(names);
  const TypeId p = pool.pointer(kF32, false, true);
  CHECK(p == pool.pointer(kF32, false, true));
  CHECK(p != pool.pointer(kF32, true, true));
  const uint32_t dims[] = {4, 8};
  CHECK(pool.array(kF16, dims) == pool.array(kF16, dims));
  CHECK(pool.arrayInfo(pool.array(kF16, dims)).count == 32);
  const Symbol ab[] = {names.intern("a"), names.intern("b")};
  const Symbol ba[] = {names.intern("b"), names.intern("a")};
  const TypeId fields[] = {kU16, kF32};
  CHECK(pool.anonStruct(ab, fields) == pool.anonStruct(ab, fields));
  CHECK(pool.anonStruct(ab, fields) != pool.anonStruct(ba, fields));
  CHECK(pool.anonStruct({}, {}) == kEmptyTuple);
}

TEST_CASE("types are spelled as in source") {
  base::Interner names;
  Pool pool(names);
  const uint32_t dims[] = {2, 3};
  CHECK(pool.toString(pool.pointer(pool.array(kF32, dims), true, false)) == "*const [2, 3]f32");
  CHECK(pool.toString(pool.pointer(kU16, false, true)) == "[*]u16");
  const TypeId params[] = {kI16, kF32};
  CHECK(pool.toString(pool.fn(params, kVoid)) == "fn(i16, f32) void");
  CHECK(pool.toString(pool.integer(false, 5)) == "u5");
  const Symbol a[] = {names.intern("a")};
  const TypeId u[] = {kU16};
  CHECK(pool.toString(pool.anonStruct(a, u)) == ".{ .a: u16 }");
}

TEST_CASE("structs are laid out naturally, packed ones by bits") {
  base::Interner names;
  Pool pool(names);
  const Symbol n[] = {names.intern("a"), names.intern("b"), names.intern("c")};
  const TypeId f[] = {kU8, kF32, kU16};
  const source::Span place{source::SourceId{0}, 10, 20};
  const TypeId s = pool.namedStruct(place, "S", false, ast::Layout::Extern, n, f);
  CHECK(pool.structInfo(s).fields[1].offset == 4);
  CHECK(pool.structInfo(s).fields[2].offset == 8);
  CHECK(pool.size(s) == 12);
  const TypeId g[] = {kBool, pool.integer(false, 5), kU16};
  const TypeId p = pool.namedStruct(place, "P", false, ast::Layout::Packed, n, g);
  CHECK(pool.structInfo(p).bits == 22);
  CHECK(pool.structInfo(p).fields[2].offset == 6);
  CHECK(pool.size(p) == 4);
  CHECK(pool.fieldIndex(p, names.intern("c")) == 2);
  CHECK(pool.fieldIndex(p, names.intern("d")) == -1);
}

TEST_CASE("only the selected 16-bit float exists at run time") {
  base::Interner names;
  Pool pool(names, target::Fp16Format::BF16);
  CHECK(pool.isRuntime(kBF16));
  CHECK_FALSE(pool.isRuntime(kF16));
  CHECK(pool.fp16() == kBF16);
  CHECK_FALSE(pool.isRuntime(kComptimeInt));
  CHECK_FALSE(pool.isRuntime(pool.array(kType, 2)));
  CHECK(pool.isRuntime(pool.pointer(pool.fn({}, kVoid), true, false)));
}

TEST_CASE("builtin names") {
  base::Interner names;
  Pool pool(names);
  CHECK(pool.builtinType(names.intern("mem1d_dsd")) == kMem1dDsd);
  CHECK(pool.builtinType(names.intern("u16")) == kU16);
  CHECK(pool.builtinType(names.intern("i7")) == pool.integer(true, 7));
  CHECK_FALSE(pool.builtinType(names.intern("item")).has_value());
  CHECK(pool.builtinDirection(names.intern("RAMP")) == target::Port::Ramp);
  CHECK(pool.maxOf(kI16) == 32767);
  CHECK(pool.minOf(kI8) == -128);
  CHECK_FALSE(pool.fits(256, kU8));
}
