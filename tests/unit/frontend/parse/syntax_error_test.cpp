// Wording and place of syntax errors; recovery.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/frontend/parse/parsing.h"

#include <catch2/catch_test_macros.hpp>

namespace weft::parse {
namespace {
std::string errors(std::string_view text) { return Parsed(text).messages(); }
}  // namespace

TEST_CASE("a missing semicolon is marked right after the statement") {
  CHECK(errors("fn f() void {\n  x = 1\n  y = 2;\n}") == "2:8 E0103 expected `;`, found `y`");
  CHECK(errors("const a = 1") == "1:12 E0103 expected `;`, found end of file");
}

TEST_CASE("what was found and what was expected is said in few words") {
  CHECK(errors("const = 1;") == "1:7 E0103 expected a name, found `=`");
  CHECK(errors("const x = ;") == "1:11 E0103 expected an expression, found `;`");
  CHECK(errors("foo();") == "1:1 E0103 expected a declaration, found `foo`");
  CHECK(errors("const x: = 1;") == "1:10 E0103 expected a type, found `=`");
  CHECK(errors("const x = f(1 2);") == "1:15 E0103 expected `,` or `)`, found `2`");
  CHECK(errors("const x = s.1;") == "1:13 E0103 expected a field name, found `1`");
  CHECK(errors("fn f() void { ) }") == "1:15 E0107 `)` does not close `{`");
  CHECK(errors("const s = struct { x u16 };") == "1:22 E0103 expected `:`, found `u16`");
}

TEST_CASE("help guesses at common slips") {
  auto help = [](std::string_view text) {
    Parsed p(text);
    return p.sink.all().empty() || p.sink.all()[0].helps.empty() ? "" : p.sink.all()[0].helps[0].text;
  };
  CHECK(help("fn f() void { if (a) x = 1; else x = 2; }") == "no `;` stands before `else`");
  CHECK(help("fn f() void { if (a = b) {} }") == "an assignment is not an expression; `==` compares");
  CHECK(help("fn f() void { x++; }") == "there is no `++`; write `+= 1`");
  CHECK(help("fn f() void { param x: u16; }") == "`param` may only stand at the top level of a file");
  CHECK(help("const if = 1;") == "`if` is a keyword and cannot be a name");
}

TEST_CASE("brackets that do not match are named") {
  CHECK(errors("fn f() void { f(1; }") == "1:18 E0103 expected `,` or `)`, found `;`");
  CHECK(errors("fn f() void { f(1]; }") == "1:18 E0107 `]` does not close `(`");
  CHECK(errors("fn f() void {") == "1:13 E0107 `{` is never closed");
  CHECK(errors("fn f() void {} }") == "1:16 E0107 `}` closes nothing");
}

TEST_CASE("parsing resumes at the next declaration") {
  Parsed p("const a = ;\nfn f() void {\n  x = = 1;\n  y = (2;\n}\nvar ok: u16;\nfn g( {}\nconst fine = 1;");
  CHECK(p.messages() ==
        "1:11 E0103 expected an expression, found `;` | 3:7 E0103 expected an expression, found `=` | "
        "7:7 E0103 expected a type or `)`, found `{`");
  std::string names;
  for (const ast::Decl* d : p.file->decls) {
    if (const auto* v = ast::dynAs<ast::VarDecl>(d)) names += std::string(p.interner.text(v->name.symbol)) + " ";
  }
  CHECK(names == "a ok fine ");
}

TEST_CASE("a function that is never closed does not swallow the next one") {
  CHECK(errors("fn f() void {\n  if (a) {\n}\n\nfn g() void {}\nfn h() void { x = ; }\n") ==
        "1:13 E0107 `{` is never closed | 6:19 E0103 expected an expression, found `;`");
}

TEST_CASE("wrong characters are reported once each and without echoes") {
  CHECK(errors("const a = 1 $ 2;") == "1:13 E0102 unexpected character `$`");
  CHECK(errors("const \xc3\xa9 = 1;") == "1:7 E0102 unexpected character `\xc3\xa9`");
  CHECK(errors("const a = @ f();") == "1:11 E0102 unexpected character `@`");
}

TEST_CASE("parseFile gives no tree when there was an error") {
  source::SourceManager sources;
  base::Interner interner;
  diag::Sink sink;
  CHECK_FALSE(parseFile(sources, sources.add("a.csl", "const x = ;"), interner, sink));
  CHECK(sink.errorCount() == 1);
  CHECK(parseFile(sources, sources.add("b.csl", "const x = 1;"), interner, sink));
  CHECK(parseFile(sources, sources.add("empty.csl", ""), interner, sink));
  CHECK(sink.errorCount() == 1);
}

}  // namespace weft::parse
