// Any bytes: the parser never crashes, and says "stop" exactly when it has reported an error.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/base/check.h"
#include "frontend/base/interner.h"
#include "frontend/diag/diag.h"
#include "frontend/parse/parse.h"
#include "frontend/source/source.h"

#include <cstddef>
#include <cstdint>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weft;
  source::SourceManager sources;
  base::Interner interner;
  const auto id = sources.add("fuzz.csl", std::string(reinterpret_cast<const char*>(data), size));

  diag::Sink sink;
  const auto file = parse::parseFile(sources, id, interner, sink);
  WEFT_CHECK(static_cast<bool>(file) != sink.hasErrors(), "parseFile: result and diagnostics disagree");
  for (const auto& diagnostic : sink.all()) {
    // Both renderers must cope with any text.
    WEFT_CHECK(!diag::renderText(diagnostic, sources).empty(), "renderText: nothing");
    WEFT_CHECK(!diag::renderJson(diagnostic, sources).empty(), "renderJson: nothing");
  }

  diag::Sink partial_sink;
  const auto partial = parse::parsePartial(sources, id, interner, partial_sink);
  WEFT_CHECK(partial != nullptr, "parsePartial: no tree");
  WEFT_CHECK(partial_sink.hasErrors() == sink.hasErrors(), "parsePartial and parseFile disagree");
  return 0;
}
