// Unit tests of frontend/diag: the sink, the text and the JSON form of a diagnostic, the catalog.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/diag/diag.h"

#include <catch2/catch_test_macros.hpp>

#include <set>
#include <string>

using namespace weft;

namespace {

/// One text, and a sink to report about it.
struct Fixture {
  source::SourceManager sources;
  source::SourceId file;
  diag::Sink sink;

  explicit Fixture(std::string text) : file(sources.add("pe.csl", std::move(text))) {}

  [[nodiscard]] source::Span spanOf(std::string_view word) const {
    const auto at = static_cast<uint32_t>(sources.text(file).find(word));
    return {file, at, at + static_cast<uint32_t>(word.size())};
  }
  std::string text() { return diag::renderText(sink.all().at(0), sources); }
  std::string json() { return diag::renderJson(sink.all().at(0), sources); }
};

}  // namespace

TEST_CASE("a diagnostic shows its line with a caret under each byte of the span") {
  Fixture f("const a = 1;\nvar b = missing + 1;\n");
  f.sink.error(diag::Code::E0201, f.spanOf("missing"), "use of undeclared identifier `{}`", "missing").emit();
  CHECK(f.text() ==
        "pe.csl:2:9: error[E0201]: use of undeclared identifier `missing`\n"
        "  |\n"
        "2 | var b = missing + 1;\n"
        "  |         ^^^^^^^\n");
}

TEST_CASE("labels, notes, the trace and help follow in that order") {
  Fixture f("const red = 1;\nconst red = 2;\n");
  const source::Span first{f.file, 6, 9};
  const source::Span second{f.file, 21, 24};
  f.sink.error(diag::Code::E0201, second, "`red` is declared twice")
      .help("rename one of them")
      .label(first, "first declared here")
      .note("names are looked up in the whole file")
      .trace(diag::TraceFrame{"import of `pe.csl`", {}})
      .emit();
  CHECK(f.text() ==
        "pe.csl:2:7: error[E0201]: `red` is declared twice\n"
        "  |\n"
        "1 | const red = 1;\n"
        "  |       --- first declared here\n"
        "2 | const red = 2;\n"
        "  |       ^^^\n"
        "  = note: names are looked up in the whole file\n"
        "  = in: import of `pe.csl`\n"
        "  = help: rename one of them\n");
}

TEST_CASE("a diagnostic without a place is one line") {
  Fixture f("");
  f.sink.error(diag::Code::E0801, {}, "`x.csl` cannot be opened").emit();
  CHECK(f.text() == "error[E0801]: `x.csl` cannot be opened\n");
}

TEST_CASE("control bytes and bad UTF-8 never reach the terminal") {
  Fixture f(std::string("a\x1b[31m\xff\x80 b\0c", 12));
  f.sink.error(diag::Code::E0101, {f.file, 0, 1}, "odd bytes").emit();
  const std::string text = f.text();
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find('\xff') == std::string::npos);
  CHECK(text.find('\0') == std::string::npos);
}

TEST_CASE("a caret after tabs and wide text stands under its word") {
  Fixture f("\t\"\xc3\xa4\" bad");
  f.sink.error(diag::Code::E0103, f.spanOf("bad"), "unexpected").emit();
  CHECK(f.text() ==
        "pe.csl:1:7: error[E0103]: unexpected\n"
        "  |\n"
        "1 |     \"\xc3\xa4\" bad\n"
        "  |         ^^^\n");
}

TEST_CASE("a very long line is cut to a window around the mark") {
  Fixture f(std::string(5000, 'x') + "BAD" + std::string(5000, 'y'));
  f.sink.error(diag::Code::E0103, f.spanOf("BAD"), "unexpected").emit();
  const std::string text = f.text();
  CHECK(text.size() < 700);
  CHECK(text.find("BAD") != std::string::npos);
}

TEST_CASE("JSON is one line, escapes what it must and keeps byte offsets") {
  Fixture f("a \"b\"\n");
  f.sink.warning(diag::Code::E0103, {f.file, 2, 5}, "found `{}`", "\"b\"\n").emit();
  const std::string json = f.json();
  CHECK(json.find('\n') == std::string::npos);
  CHECK(json.find(R"("message":"found `\"b\"\n`")") != std::string::npos);
  CHECK(json.find(R"("severity":"warning")") != std::string::npos);
  CHECK(json.find(R"("line":1,"column":3)") != std::string::npos);
  CHECK(json.find(R"("begin":2,"end":5)") != std::string::npos);
}

TEST_CASE("JSON of a diagnostic whose text is not UTF-8 is still valid UTF-8") {
  Fixture f("x");
  f.sink.error(diag::Code::E0101, {f.file, 0, 1}, "byte \xff").emit();
  CHECK(f.json().find('\xff') == std::string::npos);
}

TEST_CASE("the sink counts by severity and starts again after draining") {
  Fixture f("x");
  size_t seen = 0;
  f.sink.on_add = [&](const diag::Diagnostic&) { ++seen; };
  f.sink.error(diag::Code::E0201, {}, "one").emit();
  f.sink.warning(diag::Code::E0201, {}, "two").emit();
  CHECK(f.sink.errorCount() == 1);
  CHECK(f.sink.warningCount() == 1);
  CHECK(seen == 2);
  CHECK(f.sink.drain().size() == 2);
  CHECK_FALSE(f.sink.hasErrors());
  CHECK(f.sink.all().empty());
}

TEST_CASE("every code of the catalog has its own name and a title in lower case without a full stop") {
  std::set<std::string> names;
  for (const diag::Code code : diag::allCodes()) {
    const std::string name = diag::codeName(code);
    const std::string title = diag::codeTitle(code);
    CHECK(names.insert(name).second);
    CHECK(name.size() == 5);
    REQUIRE_FALSE(title.empty());
    CHECK(title.back() != '.');
    CHECK((name[0] == 'W') == (diag::codeSeverity(code) == diag::Severity::Warning));
  }
}
