// Damages one source file of a program and compiles the program each time: every prefix of the file, or the file
// without each of its tokens. Always diagnostics or a program, never a crash or a hang.
// Usage, in a scratch copy of the program's folder: weft_damage --prefixes|--deletions FILE [compile options]
// SPDX-License-Identifier: Apache-2.0
#include "frontend/base/check.h"
#include "frontend/base/interner.h"
#include "frontend/diag/diag.h"
#include "frontend/parse/parse.h"
#include "frontend/source/source.h"
#include "sdk/driver/build.h"

#include <fmt/format.h>

#include <unistd.h>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace weft;

/// A hang is a compilation that takes longer than this.
constexpr unsigned kSecondsPerCompilation = 60;

// What the signal handler prints: where the damage was.
char where[512];

void report(int signal_number) {
  constexpr std::string_view text = "damage: crash or hang at ";
  [[maybe_unused]] auto a = write(STDERR_FILENO, text.data(), text.size());
  [[maybe_unused]] auto b = write(STDERR_FILENO, where, std::strlen(where));
  std::signal(signal_number, SIG_DFL);
  std::raise(signal_number == SIGALRM ? SIGABRT : signal_number);
}

std::string readFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void writeFile(const std::string& path, std::string_view text) { std::ofstream(path, std::ios::binary) << text; }

void name(const std::string& path, const char* what, size_t offset) {
  fmt::format_to_n(where, sizeof where - 1, "{}: {} at byte {}\n{}", path, what, offset, '\0');
}

void renderAll(const diag::Sink& sink, const source::SourceManager& sources) {
  for (const auto& diagnostic : sink.all())
    WEFT_CHECK(!diag::renderText(diagnostic, sources).empty(), "renderText: nothing");
}

/// True when `text` parses; checks that result and diagnostics agree.
bool parses(const std::string& path, const std::string& text) {
  source::SourceManager sources;
  base::Interner interner;
  diag::Sink sink;
  const auto id = sources.add(path, text);
  const auto tree = parse::parseFile(sources, id, interner, sink);
  WEFT_CHECK(static_cast<bool>(tree) != sink.hasErrors(), "parseFile: result and diagnostics disagree");
  renderAll(sink, sources);
  return static_cast<bool>(tree);
}

/// True when the program compiles.
bool compiles(const driver::CompileOptions& options) {
  alarm(kSecondsPerCompilation);
  driver::Build build(options);
  const auto plan = build.compileAny();
  WEFT_CHECK(static_cast<bool>(plan) != build.sink().hasErrors(), "compile: result and diagnostics disagree");
  renderAll(build.sink(), build.sources());
  alarm(0);
  return static_cast<bool>(plan);
}

std::vector<parse::ScannedToken> tokensOf(const std::string& path, const std::string& text) {
  source::SourceManager sources;
  diag::Sink sink;
  return parse::scan(text, sources.add(path, text), sink);
}

struct Counts {
  size_t parsed = 0;
  size_t compiled = 0;
  size_t accepted = 0;
};

/// Begin of every top-level declaration of a text that parses; else only 0.
std::vector<size_t> declarationsOf(const std::string& path, const std::string& text) {
  source::SourceManager sources;
  base::Interner interner;
  diag::Sink sink;
  const auto tree = parse::parseFile(sources, sources.add(path, text), interner, sink);
  std::vector<size_t> begins{0};
  if (tree)
    for (const ast::Decl* decl : (*tree)->decls) begins.push_back(decl->span.begin);
  return begins;
}

/// Declarations are parsed one by one, so a cut file is represented by the end of it: the declaration that is cut and
/// this many complete ones before it.
constexpr size_t kDeclarationsBefore = 2;

/// Every prefix is parsed (see above); one that parses and has more tokens than the last such one is compiled, whole.
Counts cutEverywhere(const std::string& path, const std::string& text, const driver::CompileOptions& options) {
  Counts counts;
  const auto tokens = tokensOf(path, text);
  const auto declarations = declarationsOf(path, text);
  size_t whole = 0;
  size_t next = 0;
  size_t last = SIZE_MAX;
  for (size_t n = 0; n <= text.size(); ++n) {
    name(path, "prefix", n);
    while (whole < tokens.size() && tokens[whole].span.end <= n) ++whole;
    while (next < declarations.size() && declarations[next] <= n) ++next;
    const size_t from = next > kDeclarationsBefore ? declarations[next - 1 - kDeclarationsBefore] : 0;
    ++counts.parsed;
    if (!parses(path, text.substr(from, n - from)) || whole == last) continue;
    last = whole;
    writeFile(path, text.substr(0, n));
    ++counts.compiled;
    if (compiles(options)) ++counts.accepted;
  }
  return counts;
}

Counts deleteEachToken(const std::string& path, const std::string& text, const driver::CompileOptions& options) {
  Counts counts;
  for (const auto& token : tokensOf(path, text)) {
    name(path, "token", token.span.begin);
    writeFile(path, text.substr(0, token.span.begin) + text.substr(token.span.end));
    ++counts.compiled;
    if (compiles(options)) ++counts.accepted;
  }
  return counts;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 2 ? argv[1] : "";
  if (mode != "--prefixes" && mode != "--deletions") {
    fmt::print(stderr, "usage: weft_damage --prefixes|--deletions FILE [compile options]\n");
    return 2;
  }
  const std::string path = argv[2];
  std::vector<std::string> words(argv + 3, argv + argc);
  driver::ParsedOptions parsed = driver::parseCompileOptions(words);
  for (const std::string& error : parsed.errors) fmt::print(stderr, "{}\n", error);
  if (!parsed.errors.empty()) return 2;
  if (parsed.options.source.empty()) parsed.options.source = path;
  for (const int s : {SIGSEGV, SIGABRT, SIGFPE, SIGILL, SIGBUS, SIGALRM}) std::signal(s, report);

  const std::string text = readFile(path);
  const Counts counts =
      mode == "--prefixes" ? cutEverywhere(path, text, parsed.options) : deleteEachToken(path, text, parsed.options);
  writeFile(path, text);
  fmt::print("{}: {} bytes, {} parsed, {} compiled, {} of them without errors\n", path, text.size(), counts.parsed,
             counts.compiled, counts.accepted);
  return 0;
}
