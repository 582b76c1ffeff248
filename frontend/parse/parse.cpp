// The parser driver: one quick pass that stops at the first error; if there was one, declaration by declaration
// again for the messages and a partial tree.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/parse/parse.h"

#include "frontend/parse/ast_builder.h"
#include "frontend/parse/lex.h"
#include "frontend/parse/syntax_error.h"

#include "CslLexer.h"
#include "CslParser.h"

#include <algorithm>

namespace weft::parse {
namespace {

using csl::CslLexer;
using csl::CslParser;

/// A parser over a window of tokens, set up for our own error handling.
struct Run {
  Run(const Tokens& tokens, size_t begin, size_t end, antlr4::atn::PredictionMode mode,
      const std::shared_ptr<antlr4::ANTLRErrorStrategy>& strategy)
      : window(tokens.list, begin, end, tokens.eof.get(), tokens.lexer.get()), parser(&window) {
    parser.removeErrorListeners();
    // The AST builder reads rule labels only; nodes for every token would double the cost.
    parser.setBuildParseTree(false);
    parser.getInterpreter<antlr4::atn::ParserATNSimulator>()->setPredictionMode(mode);
    parser.setErrorHandler(strategy);
  }
  TokenWindow window;
  CslParser parser;
};

bool startsDeclaration(const TokenList& tokens, size_t i) {
  const size_t next = i + 1 < tokens.size() ? tokens[i + 1]->getType() : antlr4::Token::EOF;
  switch (tokens[i]->getType()) {
    case CslLexer::PARAM:
    case CslLexer::LAYOUT:
    case CslLexer::EXPORT:
    case CslLexer::EXTERN: return true;
    case CslLexer::FN:
    case CslLexer::TASK: return next != CslLexer::LPAREN;
    default: return false;
  }
}

bool startsPlainDeclaration(size_t type) {
  return type == CslLexer::CONST || type == CslLexer::VAR || type == CslLexer::COMPTIME_STMT ||
         type == CslLexer::INLINE || type == CslLexer::NOINLINE || type == CslLexer::COLOR;
}

bool atLineStart(const Tokens& tokens, size_t i) {
  const size_t at = tokens.list[i]->getStartIndex();
  return at == 0 || tokens.text[at - 1] == '\n';
}

bool bracketsMatch(const TokenList& tokens) {
  int depth = 0;
  for (const auto& token : tokens) {
    const size_t type = token->getType();
    if (type == CslLexer::LPAREN || type == CslLexer::LBRACE || type == CslLexer::LBRACKET) ++depth;
    if (type == CslLexer::RPAREN || type == CslLexer::RBRACE || type == CslLexer::RBRACKET) --depth;
    if (depth < 0) return false;
  }
  return depth == 0;
}

/// Token indexes where declarations begin. Brackets decide; where they do not match, a declaration keyword at the
/// start of a line does.
std::vector<size_t> splitDeclarations(const Tokens& tokens) {
  std::vector<size_t> starts{0};
  const bool match = bracketsMatch(tokens.list);
  int depth = 0;
  for (size_t i = 0; i < tokens.list.size(); ++i) {
    const size_t type = tokens.list[i]->getType();
    if (i > 0) {
      const size_t previous = tokens.list[i - 1]->getType();
      const bool modified = previous == CslLexer::EXPORT || previous == CslLexer::EXTERN ||
                            previous == CslLexer::INLINE || previous == CslLexer::NOINLINE;
      const bool keyword = startsDeclaration(tokens.list, i) || startsPlainDeclaration(type);
      const bool boundary = previous == CslLexer::SEMI || previous == CslLexer::RBRACE || atLineStart(tokens, i);
      const bool lost = depth > 0 && atLineStart(tokens, i) && (match ? startsDeclaration(tokens.list, i) : keyword);
      if (!modified && ((depth <= 0 && keyword && boundary) || lost)) {
        starts.push_back(i);
        depth = 0;
      }
    }
    if (type == CslLexer::LPAREN || type == CslLexer::LBRACE || type == CslLexer::LBRACKET) ++depth;
    if (type == CslLexer::RPAREN || type == CslLexer::RBRACE || type == CslLexer::RBRACKET)
      depth = std::max(0, depth - 1);
  }
  return starts;
}

std::unique_ptr<ast::File> newFile(source::SourceId id, const Tokens& tokens) {
  auto file = std::make_unique<ast::File>();
  file->source = id;
  std::vector<ast::Comment> comments;
  comments.reserve(tokens.comments.size());
  for (const source::Span& span : tokens.comments) comments.push_back({span});
  file->comments = file->arena.copy(comments);
  return file;
}

/// The quick pass. False when the text has a syntax error (not reported yet).
bool parseQuickly(const Tokens& tokens, AstBuilder& builder) {
  Run run(tokens, 0, tokens.list.size(), antlr4::atn::PredictionMode::SLL,
          std::make_shared<antlr4::BailErrorStrategy>());
  try {
    builder.addDecls(run.parser.file());
    return true;
  } catch (const antlr4::ParseCancellationException&) {
    return false;
  }
}

void parseWithErrors(const Tokens& tokens, AstBuilder& builder, diag::Sink& sink) {
  const std::vector<size_t> starts = splitDeclarations(tokens);
  for (size_t k = 0; k < starts.size(); ++k) {
    const size_t begin = starts[k];
    const size_t end = k + 1 < starts.size() ? starts[k + 1] : tokens.list.size();
    auto strategy = std::make_shared<CollectingStrategy>();
    Run run(tokens, begin, end, antlr4::atn::PredictionMode::LL, strategy);
    csl::CslParser::FileContext* tree = run.parser.file();
    if (strategy->first) {
      builder.markPartial();
      const size_t type = strategy->first->found->getType();
      const bool known = type == CslLexer::UNKNOWN || type == CslLexer::BAD_NUMBER ||
                         type == CslLexer::UNTERMINATED_CHAR || type == CslLexer::UNTERMINATED_STRING;
      if (!known) reportSyntaxError(tokens, begin, end, *strategy->first, sink);
    }
    builder.addDecls(tree);
  }
}

std::unique_ptr<ast::File> parseUnsorted(std::string_view text, source::SourceId id, base::Interner& interner,
                                         diag::Sink& sink, bool want_partial) {
  const Tokens tokens = lex(text, id, sink);
  std::unique_ptr<ast::File> file = newFile(id, tokens);
  if (tokens.refused) {
    file->has_errors = true;
    return file;
  }
  if (!tokens.has_bad_tokens) {
    AstBuilder builder(*file, tokens, interner, sink);
    if (parseQuickly(tokens, builder)) {
      builder.finish();
      return file;
    }
  }
  if (want_partial) file = newFile(id, tokens);
  AstBuilder builder(*file, tokens, interner, sink);
  builder.markPartial();
  parseWithErrors(tokens, builder, sink);
  builder.finish();
  return file;
}

/// Lexer, parser and builder report in turn; readers want the order of the text.
std::unique_ptr<ast::File> parseSorted(std::string_view text, source::SourceId id, base::Interner& interner,
                                       diag::Sink& sink, bool want_partial) {
  diag::Sink local;
  std::unique_ptr<ast::File> file = parseUnsorted(text, id, interner, local, want_partial);
  std::vector<diag::Diagnostic> found = local.drain();
  std::stable_sort(found.begin(), found.end(),
                   [](const diag::Diagnostic& a, const diag::Diagnostic& b) { return a.span.begin < b.span.begin; });
  for (diag::Diagnostic& d : found) sink.add(std::move(d));
  return file;
}

}  // namespace

Result<std::unique_ptr<ast::File>> parseText(std::string_view text, source::SourceId id, base::Interner& interner,
                                             diag::Sink& sink) {
  std::unique_ptr<ast::File> file = parseSorted(text, id, interner, sink, false);
  if (file->has_errors) return Reported{};
  return file;
}

Result<std::unique_ptr<ast::File>> parseFile(const source::SourceManager& sources, source::SourceId id,
                                             base::Interner& interner, diag::Sink& sink) {
  return parseText(sources.text(id), id, interner, sink);
}

std::unique_ptr<ast::File> parsePartial(const source::SourceManager& sources, source::SourceId id,
                                        base::Interner& interner, diag::Sink& sink) {
  return parseSorted(sources.text(id), id, interner, sink, true);
}

}  // namespace weft::parse
