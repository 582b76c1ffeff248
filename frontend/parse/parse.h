// Text to ast::File. Reports syntax errors to the sink; no ANTLR name appears here.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/ast/nodes.h"
#include "frontend/base/result.h"
#include "frontend/diag/diag.h"

#include <memory>

namespace weft::parse {

/// Parses one source text. Any syntax error gives Reported, with at least one diagnostic in `sink`.
Result<std::unique_ptr<ast::File>> parseFile(const source::SourceManager& sources, source::SourceId id,
                                             base::Interner& interner, diag::Sink& sink);

/// For tools: always returns a tree. With syntax errors it has the declarations and statements that were
/// understood, ErrorExpr elsewhere, and `has_errors` set.
std::unique_ptr<ast::File> parsePartial(const source::SourceManager& sources, source::SourceId id,
                                        base::Interner& interner, diag::Sink& sink);

}  // namespace weft::parse
