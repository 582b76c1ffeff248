// The compile line: what `cslc`, `weft compile`, `weft check` and `weft run FILE` understand, with argparse's
// spellings.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/target/coord.h"
#include "frontend/target/target.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weft::driver {

struct CompileOptions {
  /// The top-level file.
  std::string source;
  std::string output = "out";
  target::Arch arch = target::Arch::Wse2;
  target::Fp16Format fp16 = target::Fp16Format::F16;
  /// Not given: the smallest box that fits.
  std::optional<Extent2> fabric;
  std::optional<FabricCoord> offset;
  /// In order of the command line; a later duplicate wins.
  std::vector<std::pair<std::string, std::string>> params;
  std::vector<std::pair<std::string, std::string>> colors;
  bool memcpy = false;
  int channels = 0;
  std::vector<std::string> import_paths;
  uint32_t west_buffer = 0;
  uint32_t east_buffer = 0;
  std::optional<uint32_t> max_inlined_iterations;
  std::optional<uint32_t> comptime_depth;
  int parallelism = 0;
  bool warnings_as_errors = false;
  bool out_routes = false;
  bool verbose = false;
  /// Where to write the resolved params as well; empty = only out.json.
  std::string output_json;
  /// `--dump=llvm` shows the optimised code.
  bool optimise_dump = false;
  /// Replaces the built-in standard library.
  std::string stdlib;
};

struct ParsedOptions {
  CompileOptions options;
  bool help = false;
  /// Wrong usage, one line each; then nothing else is to be trusted.
  std::vector<std::string> errors;
  /// Accepted without effect.
  std::vector<std::string> warnings;
};

/// `--opt=value`, `--opt value`, one leading dash, unambiguous prefixes, `-o out`, `-o=out`, `-oout`; the file
/// anywhere.
ParsedOptions parseCompileOptions(const std::vector<std::string>& args);

/// The table of options, for `cslc --help`.
std::string compileOptionsHelp();

}  // namespace weft::driver
