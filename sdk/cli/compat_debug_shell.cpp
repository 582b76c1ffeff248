// sdk_debug_shell: `compile` is cslc, `smoke` runs the examples of folders, `wavelet-trace` prints a trace, `visualize`
// serves a page about a program and what its run has left.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/cli/command.h"
#include "sdk/cli/fabric_view.h"
#include "sdk/cli/words.h"
#include "sdk/host/artifact.h"
#include "sdk/host/trace_file.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdio>

namespace weft::cli {

namespace {

int smoke(const Args& args) {
  const Args folders = args.size() > 1 ? Args(args.begin() + 1, args.end()) : Args{"."};
  bool good = true;
  for (const std::string& folder : folders) good = cmdSuite({folder}) == kClean && good;
  if (!good) return kDiagnostics;
  fmt::print("SUCCESS!\nPASSED\nSMOKE CHECK COMPLETED SUCCESSFULLY\n");
  return kClean;
}

/// Words may stand in any order: `--artifact_dir . --x 4 --y 1 trace`.
int waveletTrace(Args words) {
  const std::string folder = takeValue(words, "--artifact_dir").value_or(".");
  const std::string x = takeValue(words, "--x").value_or(""), y = takeValue(words, "--y").value_or("");
  if (x.empty() || y.empty() || x.find_first_not_of("0123456789") != std::string::npos ||
      y.find_first_not_of("0123456789") != std::string::npos) {
    return wrongUsage("sdk_debug_shell wavelet-trace", "--x and --y name a PE of the fabric");
  }
  const source::SourceManager sources;
  diag::Sink sink;
  const auto trace = host::readTrace(folder, sink);
  if (trace) {
    const uint64_t tile = std::stoull(y) * trace->fabric_width + std::stoull(x);
    for (const host::TraceEntry& e : trace->entries)
      if (e.tile == tile)
        fmt::print("@{} P{}.{} landing C{} from link {}, ctrl={}, idx={:04X}, data={:04X}\n", e.cycle, x, y, e.color,
                   host::portLetter(e.port), e.control ? 1 : 0, e.payload >> 16, e.payload & 0xffff);
    if (trace->truncated) fmt::print(stderr, "the trace ends before the run did (WEFT_TRACE_EVENTS keeps more)\n");
  }
  DiagnosticPrinter().print(sink.drain(), sources);
  return trace ? kClean : kDiagnostics;
}

int visualize(Args words) {
  const std::string folder = takeValue(words, "--artifact_dir").value_or(".");
  const std::string host = takeValue(words, "--host").value_or("localhost");
  const std::string port_text = takeValue(words, "--port").value_or("8000");
  const auto output = takeValue(words, "--output");
  const bool only_this_port = takeFlag(words, "--noretry");
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (error != std::errc() || end != port_text.data() + port_text.size())
    return wrongUsage("sdk_debug_shell visualize", fmt::format("`{}` is no port", port_text));
  if (!words.empty()) return wrongUsage("sdk_debug_shell visualize", fmt::format("`{}` is not understood", words[0]));
  const source::SourceManager sources;
  diag::Sink sink;
  const auto page = fabricPage(folder, sink);
  if (page && output && host::writeWholeFile(*output, *page, sink)) fmt::print("{}\n", *output);
  const bool failed = sink.hasErrors();
  DiagnosticPrinter().print(sink.drain(), sources);
  if (failed || output) return failed ? kDiagnostics : kClean;
  const bool served = servePage(*page, host, port, only_this_port, [&](uint16_t own) {
    fmt::print("Click this link to open URL: http://{}:{}/sdk-gui\nPress Ctrl-C to exit\n", host, own);
    std::fflush(stdout);
  });
  if (served) return kClean;
  fmt::print(stderr, "sdk_debug_shell visualize: {}:{} cannot be had; --port names another\n", host, port);
  return kDiagnostics;
}

}  // namespace

int debugShellMain(const Args& args) {
  if (args.empty() || args[0] == "--help" || args[0] == "-h") {
    fmt::print(
        "usage: sdk_debug_shell COMMAND [options]\n\n"
        "  compile ARGS    the same as cslc ARGS\n"
        "  smoke [DIR..]   run every commands_*.sh below the folders\n"
        "  wavelet-trace --artifact_dir DIR --x X --y Y trace\n"
        "                  arrivals of wavelets at one PE of the fabric, from DIR/simfab_traces\n"
        "  visualize [--artifact_dir DIR] [--host HOST] [--port N] [--noretry] [--output FILE]\n"
        "                  a page with the program's PEs, routes and symbols, and with the core and the trace in DIR;\n"
        "                  served at HOST:N (localhost:8000), or written to FILE\n");
    return kClean;
  }
  if (args[0] == "compile") return cslcMain(Args(args.begin() + 1, args.end()));
  if (args[0] == "wavelet-trace") return waveletTrace(Args(args.begin() + 1, args.end()));
  if (args[0] == "smoke") return smoke(args);
  if (args[0] == "visualize") return visualize(Args(args.begin() + 1, args.end()));
  return wrongUsage("sdk_debug_shell", fmt::format("there is no command `{}`", args[0]));
}

}  // namespace weft::cli
