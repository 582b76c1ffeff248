// Our wording for syntax errors, and the strategy that collects one error per declaration.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/parse/lex.h"

#include <optional>

namespace weft::parse {

/// What the parser found wrong first, before it is worded.
struct SyntaxError {
  antlr4::Token* found = nullptr;
  /// Token types that would have been right; empty when unknown.
  std::vector<size_t> expected;
  /// The grammar rule that was being read.
  size_t rule = 0;
};

/// Recovers as ANTLR does by default but never invents or drops single tokens silently, and keeps only the first
/// error: what follows in the same declaration is usually its echo.
class CollectingStrategy final : public antlr4::DefaultErrorStrategy {
 public:
  void reportError(antlr4::Parser* parser, const antlr4::RecognitionException& e) override;
  void reportUnwantedToken(antlr4::Parser* parser) override;
  antlr4::Token* singleTokenDeletion(antlr4::Parser*) override { return nullptr; }
  bool singleTokenInsertion(antlr4::Parser*) override { return false; }

  std::optional<SyntaxError> first;

 private:
  void keep(antlr4::Parser* parser, antlr4::Token* found, bool has_expected);
};

/// Emits E0103 or, when a bracket of [begin, end) is the real culprit, E0107.
void reportSyntaxError(const Tokens& tokens, size_t begin, size_t end, const SyntaxError& error, diag::Sink& sink);

}  // namespace weft::parse
