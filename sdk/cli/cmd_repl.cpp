// weft repl: options of the prompt; the rest is sdk/repl.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/cli/command.h"
#include "sdk/cli/words.h"
#include "sdk/repl/entry.h"
#include "sdk/repl/prompt.h"

#include <fmt/format.h>

#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace weft::cli {

namespace {

constexpr uint64_t kMostPes = 65536;

void printHelp() {
  fmt::print(
      "usage: weft repl [options] [FILE]\n\n"
      "Declarations, statements and expressions on a live mesh; `:help` at the prompt lists the commands. Reads a "
      "script\n"
      "from a pipe without prompts; the exit status is then 1 when an entry failed.\n\n"
      "  --size=WxH                       PEs of the mesh (default 1x1)\n"
      "  --arch=wse2|wse3                 architecture (default wse2)\n"
      "  --engine=jit|interp              which engine runs the code (default interp, which starts at once)\n"
      "  --threads=N                      force this many workers\n"
      "  --max-cycles=N                   no entry runs beyond this cycle\n"
      "  --import-path=DIR                also search DIR for <...> names; repeatable\n"
      "  FILE                             load its declarations first\n");
}

/// "4x2".
std::optional<Extent2> sizeOf(const std::string& text) {
  const size_t cross = text.find('x');
  if (cross == std::string::npos) return std::nullopt;
  const auto width = repl::wholeNumber(std::string_view(text).substr(0, cross));
  const auto height = repl::wholeNumber(std::string_view(text).substr(cross + 1));
  if (!width || !height || *width < 1 || *height < 1) return std::nullopt;
  const Extent2 size{static_cast<uint32_t>(*width), static_cast<uint32_t>(*height)};
  return size.area() <= kMostPes ? std::optional(size) : std::nullopt;
}

}  // namespace

int cmdRepl(const Args& args) {
  Args rest = args;
  if (takeFlag(rest, "--help") || takeFlag(rest, "-h")) {
    printHelp();
    return kClean;
  }
  const auto size = takeValue(rest, "--size");
  const auto arch = takeValue(rest, "--arch");
  const auto engine = takeValue(rest, "--engine");
  const auto threads = takeValue(rest, "--threads");
  const auto max_cycles = takeValue(rest, "--max-cycles");
  repl::ReplOptions options;
  options.import_paths = takeValues(rest, "--import-path");
  if (size) {
    const auto extent = sizeOf(*size);
    if (!extent)
      return wrongUsage("weft repl", fmt::format("`--size={}` is not WxH with at most {} PEs", *size, kMostPes));
    options.size = *extent;
  }
  if (arch && *arch != "wse2" && *arch != "wse3")
    return wrongUsage("weft repl", fmt::format("`--arch={}` names no architecture", *arch));
  if (arch && *arch == "wse3") options.arch = target::Arch::Wse3;
  if (engine && *engine != "jit" && *engine != "interp")
    return wrongUsage("weft repl", fmt::format("`--engine={}` names no engine", *engine));
  if (rest.size() > 1 || (rest.size() == 1 && rest[0].starts_with('-')))
    return wrongUsage("weft repl", fmt::format("`{}` is not understood", rest.back()));
  if (threads) setenv("WEFT_THREADS", threads->c_str(), 1);
  if (max_cycles) setenv("WEFT_MAX_CYCLES", max_cycles->c_str(), 1);

  diag::Sink early;
  auto settings = host::SimulationOptions::fromEnvironment(early);
  if (!settings) {
    DiagnosticPrinter().print(early.drain(), source::SourceManager());
    return kUsage;
  }
  options.simulation = *settings;
  if (engine)
    options.simulation.engine = *engine;
  else if (options.simulation.engine.empty())
    options.simulation.engine = "interp";
  options.color = isatty(STDERR_FILENO) == 1;
  // Ctrl-C is blocked and looked for: PEs then stop at a defined point with their state kept.
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  options.poll = [set] {
    const timespec now{0, 0};
    return sigtimedwait(&set, nullptr, &now) == SIGINT;
  };

  repl::ReplSession session(std::move(options));
  if (!rest.empty()) {
    const repl::Answer loaded = session.enter(":load " + rest[0]);
    fmt::print(stderr, "{}", loaded.errors);
    if (!loaded.good) return kDiagnostics;
  }
  return repl::runPrompt(session) ? kClean : kDiagnostics;
}

}  // namespace weft::cli
