// What the compiler computes is what the program computes, in the interpreter and the JIT at both levels; programs that
// share their code between PEs do what programs of their own do.
// SPDX-License-Identifier: Apache-2.0
#include "tests/support/checked_programs.h"
#include "tests/support/run_program.h"

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

using namespace weft;
using testing::Figures;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Small inputs decide how a long program starts; the rest of its decisions they only seed.
  std::string bytes(reinterpret_cast<const char*>(data), size);
  std::seed_seq seed(bytes.begin(), bytes.end());
  std::mt19937 random(seed);
  while (bytes.size() < 4096) bytes += static_cast<char>(random() & 0xff);
  const auto* choices = reinterpret_cast<const uint8_t*>(bytes.data());
  testing::CheckedProgram (*const generators[])(const uint8_t*, size_t) = {
      testing::checkedExpressions, testing::checkedFunctions, testing::checkedParams};
  const testing::CheckedProgram program = generators[choices[0] % 3](choices + 2, bytes.size() - 2);

  session::CompileOptions options;
  options.arch = choices[1] % 2 == 0 ? target::Arch::Wse2 : target::Arch::Wse3;
  auto plan = testing::compileGenerated(program.layout, program.pe, options);
  const Figures oracle = testing::runUnder(plan, "interp", 0);
  auto compare = [&](std::string_view how, const Figures& found) {
    WEFT_CHECK(found == oracle, "{}: cycles {} and {}, memory {:x} and {:x}, {}\n{}\n{}", how, oracle.cycles,
               found.cycles, oracle.memory, found.memory, found.traps.empty() ? "no trap" : found.traps.front(),
               program.layout, program.pe);
  };
  WEFT_CHECK(oracle.good, "{}\n{}\n{}", oracle.traps.empty() ? "it does not end" : oracle.traps.front(), program.layout,
             program.pe);
  compare("-O0", testing::runUnder(plan, "jit", 0));
  compare("-O2", testing::runUnder(plan, "jit", 2));
  if (program.shares) {
    options.sharing = false;
    plan = testing::compileGenerated(program.layout, program.pe, options);
    compare("one program for each PE", testing::runUnder(plan, "interp", 0));
  }
  return 0;
}
