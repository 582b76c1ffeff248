// Bytes to tokens, with every guard that must hold before the parser may see them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/diag/diag.h"
#include "frontend/parse/streams.h"

namespace weft::parse {

/// The tokens of one source text without comments and without the end-of-file token. Types are already retagged.
struct Tokens {
  std::string_view text;
  source::SourceId source;
  std::unique_ptr<ByteStream> stream;
  std::unique_ptr<antlr4::Lexer> lexer;
  TokenList list;
  std::unique_ptr<antlr4::Token> eof;
  std::vector<source::Span> comments;
  /// A guard refused the text: it was reported and the parser must not run.
  bool refused = false;
  /// Some tokens are wrong (reported) but the parser may run; it must not report these tokens again.
  bool has_bad_tokens = false;

  [[nodiscard]] source::Span spanOf(const antlr4::Token& token) const;
  [[nodiscard]] std::string_view textOf(const antlr4::Token& token) const;
};

/// Lexes and checks: UTF-8 (E0101), NUL and unknown characters (E0102), token and file size (E0105),
/// literals (E0106), nesting (E0104).
Tokens lex(std::string_view text, source::SourceId id, diag::Sink& sink);

/// Retags `if`, labels, `comptime` and trailing commas by their neighbours; see `tokens` in CslLexer.g4.
void retag(TokenList& tokens);

/// Limits on nesting keep every later recursion (parser, analysis, tools) within its stack.
constexpr int kMaxBracketDepth = 256;
constexpr int kMaxChain = 3000;

/// Reports E0104 and returns false when brackets or operator chains nest too deeply.
bool checkNesting(const Tokens& tokens, diag::Sink& sink);

}  // namespace weft::parse
