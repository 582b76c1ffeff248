// Tokens for tools, without ANTLR's types.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/parse/lex.h"
#include "frontend/parse/parse.h"

#include "CslLexer.h"

namespace weft::parse {
namespace {

using csl::CslLexer;

TokenKind kindOf(size_t type) {
  switch (type) {
    case CslLexer::IDENT:
    case CslLexer::LABEL:
    case CslLexer::COLOR: return TokenKind::Name;
    case CslLexer::BUILTIN: return TokenKind::Builtin;
    case CslLexer::INT:
    case CslLexer::FLOAT: return TokenKind::Number;
    case CslLexer::CHAR: return TokenKind::Char;
    case CslLexer::STRING: return TokenKind::String;
    case CslLexer::IF_SHORT:
    case CslLexer::COMPTIME_STMT: return TokenKind::Keyword;
    default: break;
  }
  return type >= CslLexer::CONST && type <= CslLexer::VOLATILE ? TokenKind::Keyword : TokenKind::Punctuation;
}

}  // namespace

std::vector<ScannedToken> scan(std::string_view text, source::SourceId id, diag::Sink& sink) {
  const Tokens tokens = lex(text, id, sink);
  std::vector<ScannedToken> out;
  if (tokens.refused || tokens.has_bad_tokens) return out;
  out.reserve(tokens.list.size());
  for (const auto& token : tokens.list) out.push_back({tokens.spanOf(*token), kindOf(token->getType())});
  return out;
}

std::vector<std::string> keywords() {
  std::vector<std::string> out;
  const antlr4::dfa::Vocabulary& vocabulary = CslLexer(nullptr).getVocabulary();
  for (size_t type = CslLexer::CONST; type <= CslLexer::VOLATILE; ++type) {
    const std::string literal = vocabulary.getLiteralName(type);
    if (literal.size() > 2) out.push_back(literal.substr(1, literal.size() - 2));
  }
  return out;
}

}  // namespace weft::parse
