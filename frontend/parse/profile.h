// How hard the grammar makes the parser think about a text. For tests: a healthy grammar has no ambiguity.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace weft::parse {

struct GrammarProfile {
  bool has_errors = false;
  /// Decisions where two alternatives matched the same text.
  size_t ambiguities = 0;
  /// Decisions that needed the full context (SLL was not enough).
  size_t full_context = 0;
  /// The longest lookahead of any decision, in tokens; 1 when every decision was made by its next token.
  size_t max_lookahead = 1;
  /// The rules with ambiguities or full-context decisions, for messages.
  std::string offenders;
};

GrammarProfile profileGrammar(std::string_view text);

}  // namespace weft::parse
