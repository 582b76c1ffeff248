// Turns the parser's expected-token sets into short messages.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/parse/syntax_error.h"

#include "CslLexer.h"
#include "CslParser.h"

#include <algorithm>

namespace weft::parse {
namespace {

using csl::CslLexer;
using csl::CslParser;
using diag::Code;
using source::Span;

std::string spell(size_t type) {
  switch (type) {
    case CslLexer::IF_SHORT: return "`if`";
    case CslLexer::LABEL: return "a label";
    case CslLexer::COMPTIME_STMT: return "`comptime`";
    case CslLexer::TRAILING_COMMA: return "`,`";
    case CslLexer::IDENT: return "a name";
    case antlr4::Token::EOF: return "end of file";
    default: break;
  }
  static const antlr4::dfa::Vocabulary& vocabulary = CslLexer(nullptr).getVocabulary();
  std::string literal = vocabulary.getLiteralName(type);
  if (literal.size() < 2) return "a literal";
  return "`" + literal.substr(1, literal.size() - 2) + "`";
}

class Expected {
 public:
  explicit Expected(const std::vector<size_t>& types) : types_(types) {}
  [[nodiscard]] bool has(size_t type) const { return std::find(types_.begin(), types_.end(), type) != types_.end(); }
  [[nodiscard]] bool only(size_t type) const { return types_.size() == 1 && types_[0] == type; }

  /// "an expression or `)`": the construct that may start here, then closers; all in all at most three items.
  [[nodiscard]] std::string text() const {
    std::vector<std::string> items;
    const bool operand = has(CslLexer::INT) && has(CslLexer::BUILTIN);
    const bool statement = has(CslLexer::RETURN) && has(CslLexer::WHILE) && has(CslLexer::INT);
    const bool type = !has(CslLexer::INT) && has(CslLexer::STAR) && has(CslLexer::ENUM);
    const bool declaration =
        has(CslLexer::PARAM) && has(CslLexer::TASK) && has(CslLexer::LAYOUT) && !operand && !has(CslLexer::ELSE);
    const bool field =
        has(CslLexer::IDENT) && has(CslLexer::LINKNAME) && has(CslLexer::PARAM) && !operand && !declaration;
    if (statement) {
      items.emplace_back("a statement");
    } else if (operand) {
      items.emplace_back("an expression");
    } else if (type) {
      items.emplace_back("a type");
    } else if (declaration) {
      items.emplace_back("a declaration");
    } else if (field) {
      items.emplace_back("a field name");
    } else if (has(CslLexer::IDENT)) {
      items.emplace_back("a name");
    }
    const bool starts = operand || statement || type || declaration || field;
    for (size_t t : types_) {
      const bool closer = t == CslLexer::RPAREN || t == CslLexer::RBRACE || t == CslLexer::RBRACKET ||
                          (t == CslLexer::SEMI && !statement && !declaration);
      if (closer || (!starts && t != CslLexer::IDENT && t != CslLexer::COLOR && t != CslLexer::TRAILING_COMMA)) {
        std::string item = spell(t);
        if (std::find(items.begin(), items.end(), item) == items.end()) items.push_back(std::move(item));
      }
    }
    std::stable_sort(items.begin(), items.end(),
                     [](const std::string& a, const std::string& b) { return (a == "`,`") > (b == "`,`"); });
    if (items.empty() || items.size() > 5) return {};
    std::string out = items[0];
    for (size_t i = 1; i < items.size(); ++i) out += (i + 1 == items.size() ? " or " : ", ") + items[i];
    return out;
  }

 private:
  const std::vector<size_t>& types_;
};

std::string describeFound(const Tokens& tokens, const antlr4::Token& token) {
  if (token.getType() == antlr4::Token::EOF) return "end of file";
  const std::string_view text = tokens.textOf(token);
  if (text.size() > 30) return fmt::format("`{}...`", text.substr(0, 27));
  return fmt::format("`{}`", text);
}

bool isKeyword(size_t type) { return type >= CslLexer::CONST && type <= CslLexer::COLOR; }

/// The token `n` places before `token`; null when there is none.
const antlr4::Token* tokenBefore(const Tokens& tokens, const antlr4::Token* token, size_t n) {
  const auto at = std::find_if(tokens.list.begin(), tokens.list.end(), [&](const auto& t) { return t.get() == token; });
  if (at == tokens.list.end() || static_cast<size_t>(at - tokens.list.begin()) < n) return nullptr;
  return (at - static_cast<ptrdiff_t>(n))->get();
}

std::string_view textFrom(const Tokens& tokens, const antlr4::Token& token) {
  return tokens.text.substr(tokens.spanOf(token).begin);
}

/// Guesses at intent, only ever as help.
void addHelp(diag::Builder& builder, const Tokens& tokens, const SyntaxError& error, const antlr4::Token* previous) {
  const std::string_view found = tokens.textOf(*error.found);
  const size_t type = error.found->getType();
  const Expected expected(error.expected);
  if (type == CslLexer::ELSE && previous != nullptr && previous->getType() == CslLexer::SEMI) {
    builder.help("no `;` stands before `else`", {{tokens.spanOf(*previous), ""}});
  } else if (type == CslLexer::ASSIGN && expected.has(CslLexer::RPAREN)) {
    builder.help("an assignment is not an expression; `==` compares");
  } else if ((type == CslLexer::PLUS || type == CslLexer::MINUS) && previous != nullptr &&
             previous->getType() == type) {
    const antlr4::Token* operand = tokenBefore(tokens, previous, 1);
    builder.help(operand != nullptr && operand->getType() == CslLexer::STRING
                     ? "strings are joined with `@strcat`"
                     : fmt::format("there is no `{0}{0}`; write `{0}= 1`", found));
  } else if (type == CslLexer::AMP && previous != nullptr && previous->getType() == type) {
    builder.help("logical and is written `and`");
  } else if (previous != nullptr && previous->getType() == CslLexer::PIPE && type == CslLexer::PIPE) {
    builder.help("logical or is written `or`");
  } else if (const antlr4::Token* pipe = tokenBefore(tokens, previous, 2);
             pipe != nullptr && textFrom(tokens, *pipe).starts_with("||")) {
    // `a || b` began a tensor access after the first bar.
    builder.help("logical or is written `or`");
  } else if (type == CslLexer::SLASH && textFrom(tokens, *error.found).starts_with("/*")) {
    builder.help("comments begin with `//` and end with the line");
  } else if (type == CslLexer::DOT && previous != nullptr && previous->getType() == CslLexer::DOT) {
    builder.help(
        "there are no slices or `a..b` ranges; `@range(T, a, b, 1)` counts, a pointer and a length name a part");
  } else if (previous != nullptr && previous->getType() == CslLexer::DOT && expected.only(CslLexer::LBRACE)) {
    builder.help(
        "the items of an initializer are all named or all plain; a member of an enum is written with its type: `E.a`");
  } else if (isKeyword(type) && expected.has(CslLexer::IDENT) && !expected.has(CslLexer::INT)) {
    builder.help(fmt::format("`{}` is a keyword and cannot be a name", found));
  } else if ((type == CslLexer::EXPORT || type == CslLexer::EXTERN || type == CslLexer::PARAM || type == CslLexer::FN ||
              type == CslLexer::TASK || type == CslLexer::LAYOUT) &&
             expected.has(CslLexer::RETURN)) {
    builder.help(fmt::format("`{}` may only stand at the top level of a file", found));
  } else if ((type == CslLexer::EQUAL || type == CslLexer::NOT_EQUAL || type == CslLexer::LESS ||
              type == CslLexer::GREATER)) {
    builder.help("comparisons are joined with `and` or `or`");
  }
}

size_t closerOf(size_t type) {
  if (type == CslLexer::LPAREN) return CslLexer::RPAREN;
  if (type == CslLexer::LBRACE) return CslLexer::RBRACE;
  return CslLexer::RBRACKET;
}

/// True where an argument, index or parameter list has just been read.
bool inArguments(antlr4::ParserRuleContext* context) {
  if (context == nullptr) return false;
  switch (context->getRuleIndex()) {
    case CslParser::RuleSuffix: {
      const auto* c = static_cast<CslParser::SuffixContext*>(context);
      return c->args != nullptr || c->indices != nullptr;
    }
    case CslParser::RuleTypeSuffix: {
      const auto* c = static_cast<CslParser::TypeSuffixContext*>(context);
      return c->args != nullptr || c->indices != nullptr;
    }
    case CslParser::RuleAtom: return static_cast<CslParser::AtomContext*>(context)->args != nullptr;
    case CslParser::RuleTypeAtom: return static_cast<CslParser::TypeAtomContext*>(context)->args != nullptr;
    case CslParser::RuleFnDecl: return static_cast<CslParser::FnDeclContext*>(context)->params != nullptr;
    case CslParser::RuleTaskDecl: return static_cast<CslParser::TaskDeclContext*>(context)->params != nullptr;
    default: return false;
  }
}

/// The first bracket that does not match: token indexes of the unclosed opener and of the wrong closer.
struct BracketFault {
  std::optional<size_t> opener;
  std::optional<size_t> closer;
};

}  // namespace

void CollectingStrategy::keep(antlr4::Parser* parser, antlr4::Token* found, bool has_expected) {
  if (first) return;
  SyntaxError error;
  error.found = found;
  error.rule = parser->getContext() != nullptr ? parser->getContext()->getRuleIndex() : 0;
  if (has_expected) {
    for (ssize_t type : parser->getExpectedTokens().toList()) {
      if (type != static_cast<ssize_t>(antlr4::Token::EPSILON)) error.expected.push_back(static_cast<size_t>(type));
    }
  }
  // The comma was possible too, but in a rule that is over by now.
  const bool closes_list = error.expected.size() == 1 && error.expected[0] != CslLexer::SEMI;
  if (closes_list && inArguments(parser->getContext())) error.expected.push_back(CslLexer::COMMA);
  first = std::move(error);
}

void CollectingStrategy::reportError(antlr4::Parser* parser, const antlr4::RecognitionException& e) {
  if (inErrorRecoveryMode(parser)) return;
  beginErrorCondition(parser);
  // After a longer lookahead the offending token is not where the parser stands, and its expectations say nothing.
  keep(parser, e.getOffendingToken(), e.getOffendingToken() == parser->getCurrentToken());
}

void CollectingStrategy::reportUnwantedToken(antlr4::Parser* parser) {
  if (inErrorRecoveryMode(parser)) return;
  beginErrorCondition(parser);
  keep(parser, parser->getCurrentToken(), true);
}

namespace {

BracketFault findBracketFault(const Tokens& tokens, size_t begin, size_t end) {
  std::vector<size_t> open;
  for (size_t i = begin; i < end; ++i) {
    const size_t type = tokens.list[i]->getType();
    if (type == CslLexer::LPAREN || type == CslLexer::LBRACE || type == CslLexer::LBRACKET) {
      open.push_back(i);
    } else if (type == CslLexer::RPAREN || type == CslLexer::RBRACE || type == CslLexer::RBRACKET) {
      if (open.empty()) return {std::nullopt, i};
      if (closerOf(tokens.list[open.back()]->getType()) != type) return {open.back(), i};
      open.pop_back();
    }
  }
  if (open.empty()) return {};
  return {open.back(), std::nullopt};
}

/// Emits E0107 when a bracket explains the error at token `index` better than the parser's expectation does.
bool reportBrackets(const Tokens& tokens, size_t index, const BracketFault& fault, diag::Sink& sink) {
  if (!fault.opener && !fault.closer) return false;
  if (!fault.opener) {
    if (*fault.closer > index) return false;
    const antlr4::Token& closer = *tokens.list[*fault.closer];
    sink.error(Code::E0107, tokens.spanOf(closer), "`{}` closes nothing", tokens.textOf(closer)).emit();
    return true;
  }
  if (*fault.opener > index) return false;
  const antlr4::Token& opener = *tokens.list[*fault.opener];
  if (fault.closer && *fault.closer <= index) {
    const antlr4::Token& closer = *tokens.list[*fault.closer];
    sink.error(Code::E0107, tokens.spanOf(closer), "`{}` does not close `{}`", tokens.textOf(closer),
               tokens.textOf(opener))
        .label(tokens.spanOf(opener), "opened here")
        .emit();
    return true;
  }
  sink.error(Code::E0107, tokens.spanOf(opener), "`{}` is never closed", tokens.textOf(opener)).emit();
  return true;
}

}  // namespace

void reportSyntaxError(const Tokens& tokens, size_t begin, size_t end, const SyntaxError& error, diag::Sink& sink) {
  const bool at_end = error.found->getType() == antlr4::Token::EOF || error.found->getTokenIndex() >= end;
  const size_t index = at_end ? end : error.found->getTokenIndex();
  const antlr4::Token* previous = index > begin ? tokens.list[index - 1].get() : nullptr;
  const Expected expected(error.expected);

  const BracketFault fault = findBracketFault(tokens, begin, end);
  const antlr4::Token* opener = fault.opener ? tokens.list[*fault.opener].get() : nullptr;
  // Where the missing bracket was due, the expectation names it; the opening one is then only a label.
  const bool due_here = opener != nullptr && !at_end && !(fault.closer && *fault.closer <= index) &&
                        *fault.opener < index && expected.has(closerOf(opener->getType())) &&
                        !expected.has(CslLexer::INT);
  if (!due_here) {
    if (reportBrackets(tokens, index, fault, sink)) return;
    opener = nullptr;
  }

  const std::string found =
      at_end && end < tokens.list.size() ? "the next declaration" : describeFound(tokens, *error.found);
  Span span = tokens.spanOf(*error.found);
  const bool missing_semi = expected.only(CslLexer::SEMI);
  if ((at_end || missing_semi) && previous != nullptr) {
    const uint32_t after = tokens.spanOf(*previous).end;
    span = {tokens.source, after, after};
  }
  const std::string wanted = expected.text();
  auto builder = wanted.empty() ? sink.error(Code::E0103, span, "unexpected {}", found)
                                : sink.error(Code::E0103, span, "expected {}, found {}", wanted, found);
  if (opener != nullptr) builder.label(tokens.spanOf(*opener), "opened here");
  addHelp(builder, tokens, error, previous);
  builder.emit();
}

}  // namespace weft::parse
