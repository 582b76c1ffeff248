// The code formatter. Used by `weft fmt`, the language server and the REPL.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/base/result.h"
#include "frontend/diag/diag.h"

#include <string>
#include <string_view>

namespace weft::format {

/// Columns a line should not pass, and spaces per level of nesting.
constexpr size_t kWidth = 100;
constexpr size_t kIndent = 2;

/// The text in canonical layout: same program, same comments. Formatting again changes nothing. A text with syntax
/// errors gives Reported, with the diagnostics in `sink`; their spans refer to `id`.
Result<std::string> formatSource(std::string_view text, source::SourceId id, diag::Sink& sink);

/// For callers that only want to know whether it worked.
Result<std::string> formatSource(std::string_view text);

}  // namespace weft::format
