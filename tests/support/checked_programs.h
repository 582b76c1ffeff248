// Writes programs that check themselves: what is computed at compile time must be what is computed at run time. Equal
// bytes, equal program. Used by tests/fuzz/language_fuzz.cpp.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace weft::testing {

struct CheckedProgram {
  std::string layout;
  /// `pe.csl`; its one task asserts.
  std::string pe;
  /// Several PEs with different params: with one program each they must do the same.
  bool shares = false;
};

/// Expressions of every integer width, bool, f16 and f32, once of constants and once of variables, against values that
/// the generator computes itself.
CheckedProgram checkedExpressions(const uint8_t* data, size_t size);
/// Functions with structs, arrays, tuples, enums, unions, loops, switches, labels and generics: a call with known
/// arguments, evaluated by the compiler, against the same call at run time.
CheckedProgram checkedFunctions(const uint8_t* data, size_t size);
/// A program that asks its params in types, branches, tables and calls, for three PEs with different ones.
CheckedProgram checkedParams(const uint8_t* data, size_t size);

}  // namespace weft::testing
