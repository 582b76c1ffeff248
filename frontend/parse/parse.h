// Text to ast::File. Reports syntax errors to the sink; no ANTLR name appears here.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/ast/nodes.h"
#include "frontend/base/result.h"
#include "frontend/diag/diag.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weft::parse {

/// Parses one source text. Any syntax error gives Reported, with at least one diagnostic in `sink`.
Result<std::unique_ptr<ast::File>> parseFile(const source::SourceManager& sources, source::SourceId id,
                                             base::Interner& interner, diag::Sink& sink);

/// The same for a text that is in no SourceManager; spans refer to `id`.
Result<std::unique_ptr<ast::File>> parseText(std::string_view text, source::SourceId id, base::Interner& interner,
                                             diag::Sink& sink);

/// For tools: always returns a tree. With syntax errors it has the declarations and statements that were
/// understood, ErrorExpr elsewhere, and `has_errors` set.
std::unique_ptr<ast::File> parsePartial(const source::SourceManager& sources, source::SourceId id,
                                        base::Interner& interner, diag::Sink& sink);

enum class TokenKind : uint8_t { Name, Keyword, Builtin, Number, Char, String, Punctuation };

struct ScannedToken {
  source::Span span;
  TokenKind kind{};
};

/// The tokens of a text without comments, for formatter and editors. Empty, with diagnostics, when the text has
/// characters or literals that are no tokens.
std::vector<ScannedToken> scan(std::string_view text, source::SourceId id, diag::Sink& sink);

/// Every reserved word, in the order of the lexer; for word lists of editors.
std::vector<std::string> keywords();

}  // namespace weft::parse
