// What one entry of the prompt is, by its tokens alone: command, declarations, statement or expression.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/target/coord.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::repl {

enum class EntryKind : uint8_t { Empty, Command, Use, Declarations, Statement, Expression };

struct Entry {
  EntryKind kind = EntryKind::Empty;
  /// `@(x,y) ...`: only this PE runs it.
  std::optional<PeCoord> at;
  /// Without the `@(x,y)`, the `use`, and the `:`.
  std::string text;
};

Entry classify(std::string_view text);

/// An open bracket, or an operator at the end: more lines belong to it.
bool isIncomplete(std::string_view text);

/// The text's words between spaces.
std::vector<std::string> splitWords(std::string_view text);
std::string_view trim(std::string_view text);
/// A decimal or 0x number that is the whole word.
std::optional<int64_t> wholeNumber(std::string_view word);

}  // namespace weft::repl
