// Any text that parses: formatting keeps the tree and the comments, and formatting again changes nothing.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/base/check.h"
#include "frontend/format/format.h"
#include "frontend/parse/parse.h"

#include <cstddef>
#include <cstdint>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weft;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  base::Interner interner;
  diag::Sink sink;
  const source::SourceId id(0);
  const auto before = parse::parseText(text, id, interner, sink);
  const auto once = format::formatSource(text, id, sink);
  WEFT_CHECK(static_cast<bool>(before) == static_cast<bool>(once), "parser and formatter disagree");
  if (!before) return 0;
  const auto after = parse::parseText(*once, id, interner, sink);
  WEFT_CHECK(static_cast<bool>(after), "the formatted text does not parse");
  WEFT_CHECK(ast::dump(**before, interner) == ast::dump(**after, interner), "formatting changed the tree");
  WEFT_CHECK((*before)->comments.size() == (*after)->comments.size(), "formatting lost or made a comment");
  const auto twice = format::formatSource(*once, id, sink);
  WEFT_CHECK(static_cast<bool>(twice) && *twice == *once, "formatting again changed the text");
  return 0;
}
