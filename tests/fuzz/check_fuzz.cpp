// Any text: semantic analysis ends, never crashes, and fails exactly when it has reported an error.
// A line `// --- name.csl` in the input starts another file, so that behavior tests are good seeds.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/base/check.h"
#include "frontend/diag/diag.h"
#include "frontend/session/session.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

/// Puts the input's files into the session's buffers; gives the first one's name.
std::string addFiles(weft::session::Session& session, std::string_view text) {
  constexpr std::string_view kMark = "// --- ";
  const std::string main_name = "fuzz_main.csl";
  std::string name = main_name;
  std::string body;
  while (true) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (line.starts_with(kMark)) {
      session.setBuffer(name, std::move(body));
      body.clear();
      name = line.substr(kMark.size());
    } else {
      body.append(line);
      body += '\n';
    }
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  session.setBuffer(name, std::move(body));
  return main_name;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weft;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const target::Arch arch : {target::Arch::Wse2, target::Arch::Wse3}) {
    session::Session session;
    session::CompileOptions options;
    options.arch = arch;
    options.source = addFiles(session, text);
    const bool has_layout = text.find("layout") != std::string_view::npos;
    const auto plan = has_layout ? session.compile(options)
                                 : session.compileTiles(options, {1, 1}, {{{{0, 0}}, options.source, {}, {}}});
    WEFT_CHECK(static_cast<bool>(plan) != session.sink().hasErrors(), "compile: result and diagnostics disagree");
    for (const auto& diagnostic : session.sink().all())
      WEFT_CHECK(!diag::renderText(diagnostic, session.sources()).empty(), "renderText: nothing");
  }
  return 0;
}
