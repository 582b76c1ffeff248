// Lookups over catalog.def and the embedded explain pages.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/diag/diag.h"

namespace weft::diag {
namespace {

struct Entry {
  const char* name;
  Severity severity;
  const char* title;
};
constexpr Entry kEntries[] = {
#define WEFT_DIAG(code, severity, title) {#code, Severity::severity, title},
#include "frontend/diag/catalog.def"
#undef WEFT_DIAG
};

struct Page {
  std::string_view code;
  std::string_view text;
};
// The empty last entry keeps the table valid when there are no pages.
constexpr Page kPages[] = {
#include "frontend/diag/explain_pages.inc"
    {"", ""},
};

const Entry& entry(Code code) { return kEntries[static_cast<size_t>(code)]; }

}  // namespace

const char* codeName(Code code) { return entry(code).name; }
Severity codeSeverity(Code code) { return entry(code).severity; }
const char* codeTitle(Code code) { return entry(code).title; }

const std::vector<Code>& allCodes() {
  static const std::vector<Code> codes = {
#define WEFT_DIAG(code, severity, title) Code::code,
#include "frontend/diag/catalog.def"
#undef WEFT_DIAG
  };
  return codes;
}

std::string_view explainPage(Code code) {
  for (const Page& page : kPages) {
    if (page.code == codeName(code)) return page.text;
  }
  return {};
}

}  // namespace weft::diag
