// Looks at neighbouring tokens once, so that the grammar needs one token of lookahead: pairs `if` with `else`,
// marks labels, `comptime` statements and trailing commas; and measures nesting before anything recurses.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/parse/lex.h"

#include "CslLexer.h"

namespace weft::parse {
namespace {

using csl::CslLexer;

bool isOpen(size_t type) { return type == CslLexer::LPAREN || type == CslLexer::LBRACE || type == CslLexer::LBRACKET; }
bool isClose(size_t type) { return type == CslLexer::RPAREN || type == CslLexer::RBRACE || type == CslLexer::RBRACKET; }

size_t typeAt(const TokenList& tokens, size_t i) {
  return i < tokens.size() ? tokens[i]->getType() : antlr4::Token::EOF;
}

void setType(TokenList& tokens, size_t i, size_t type) {
  static_cast<antlr4::WritableToken&>(*tokens[i]).setType(type);
}

/// Every `if` of one bracket level that still waits for an `else`, innermost last.
struct Level {
  std::vector<size_t> open_ifs;
};

/// True where a token after `}` begins something new rather than continuing the expression that `}` closed.
bool startsAfterBrace(size_t type) {
  switch (type) {
    case CslLexer::IDENT:
    case CslLexer::LABEL:
    case CslLexer::BUILTIN:
    case CslLexer::CONST:
    case CslLexer::VAR:
    case CslLexer::PARAM:
    case CslLexer::FN:
    case CslLexer::TASK:
    case CslLexer::COMPTIME:
    case CslLexer::COMPTIME_STMT:
    case CslLexer::LAYOUT:
    case CslLexer::EXTERN:
    case CslLexer::EXPORT:
    case CslLexer::INLINE:
    case CslLexer::NOINLINE:
    case CslLexer::IF:
    case CslLexer::IF_SHORT:
    case CslLexer::FOR:
    case CslLexer::WHILE:
    case CslLexer::SWITCH:
    case CslLexer::BREAK:
    case CslLexer::CONTINUE:
    case CslLexer::RETURN:
    case CslLexer::COLOR: return true;
    default: return false;
  }
}

/// What one token adds to the depth of the tree at worst, in halves of a level.
int weight(size_t type) {
  switch (type) {
    case CslLexer::MINUS:
    case CslLexer::BANG:
    case CslLexer::TILDE:
    case CslLexer::AMP:
    case CslLexer::STAR:
    case CslLexer::COMPTIME:
    case CslLexer::DOT_STAR:
    case CslLexer::ELSE: return 2;
    default: return isOpen(type) ? 2 : 1;
  }
}

}  // namespace

void retag(TokenList& tokens) {
  std::vector<Level> levels(1);
  for (size_t i = 0; i < tokens.size(); ++i) {
    const size_t type = tokens[i]->getType();
    const size_t next = typeAt(tokens, i + 1);
    const bool is_field = i > 0 && tokens[i - 1]->getType() == CslLexer::DOT;
    if (isOpen(type)) {
      levels.emplace_back();
    } else if (isClose(type)) {
      for (size_t open : levels.back().open_ifs) setType(tokens, open, CslLexer::IF_SHORT);
      if (levels.size() > 1) {
        levels.pop_back();
      } else {
        levels.back().open_ifs.clear();
      }
    } else if (type == CslLexer::COMMA || type == CslLexer::SEMI) {
      for (size_t open : levels.back().open_ifs) setType(tokens, open, CslLexer::IF_SHORT);
      levels.back().open_ifs.clear();
      if (type == CslLexer::COMMA && isClose(next)) setType(tokens, i, CslLexer::TRAILING_COMMA);
    } else if (type == CslLexer::IF && !is_field && next == CslLexer::LPAREN) {
      levels.back().open_ifs.push_back(i);
    } else if (type == CslLexer::ELSE && !is_field && !levels.back().open_ifs.empty()) {
      levels.back().open_ifs.pop_back();
    } else if (type == CslLexer::IDENT && next == CslLexer::COLON) {
      const size_t after = typeAt(tokens, i + 2);
      if (after == CslLexer::LBRACE || after == CslLexer::FOR || after == CslLexer::WHILE ||
          after == CslLexer::INLINE) {
        setType(tokens, i, CslLexer::LABEL);
      }
    } else if (type == CslLexer::COMPTIME && !is_field &&
               (next == CslLexer::LBRACE || next == CslLexer::CONST || next == CslLexer::VAR)) {
      setType(tokens, i, CslLexer::COMPTIME_STMT);
    }
  }
  for (const Level& level : levels) {
    for (size_t open : level.open_ifs) setType(tokens, open, CslLexer::IF_SHORT);
  }
}

bool checkNesting(const Tokens& tokens, diag::Sink& sink) {
  // One running length per open bracket; `total` is their sum, which bounds the depth of any recursion.
  std::vector<int> lengths(1, 0);
  int total = 0;
  for (size_t i = 0; i < tokens.list.size(); ++i) {
    const size_t type = tokens.list[i]->getType();
    auto reset = [&] {
      total -= lengths.back();
      lengths.back() = 0;
    };
    if (isClose(type)) {
      if (lengths.size() > 1) {
        reset();
        lengths.pop_back();
      }
      if (type == CslLexer::RBRACE && startsAfterBrace(typeAt(tokens.list, i + 1))) reset();
      continue;
    }
    if (type == CslLexer::COMMA || type == CslLexer::TRAILING_COMMA || type == CslLexer::SEMI) {
      reset();
      continue;
    }
    const int w = weight(type);
    lengths.back() += w;
    total += w;
    if (isOpen(type)) lengths.push_back(0);
    if (static_cast<int>(lengths.size()) - 1 > kMaxBracketDepth) {
      sink.error(diag::Code::E0104, tokens.spanOf(*tokens.list[i]), "brackets are nested more than {} deep",
                 kMaxBracketDepth)
          .emit();
      return false;
    }
    if (total > kMaxChain) {
      sink.error(diag::Code::E0104, tokens.spanOf(*tokens.list[i]), "expression or statement is too long")
          .help("split it with named intermediate values")
          .emit();
      return false;
    }
  }
  return true;
}

}  // namespace weft::parse
