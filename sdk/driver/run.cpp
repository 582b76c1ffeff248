// A small host program: launch, wait, print.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/driver/run.h"

#include "frontend/numeric/f16.h"
#include "sdk/host/runtime_impl.h"

#include <bit>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>

namespace weft::driver {

namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// One argument as the parameter's type reads it.
Result<uint32_t> argumentWord(const std::string& function, const plan::Param& param, const std::string& text,
                              diag::Sink& sink) {
  const char* begin = text.data();
  const char* end = begin + text.size();
  if (param.type == "f32" || param.type == "f16") {
    double value = 0;
    const auto [stop, error] = std::from_chars(begin, end, value);
    if (error == std::errc() && stop == end) {
      if (param.type == "f32") return std::bit_cast<uint32_t>(static_cast<float>(value));
      return static_cast<uint32_t>(numeric::f16FromDouble(target::Fp16Format::F16, value));
    }
  } else {
    int64_t value = 0;
    const auto [stop, error] = std::from_chars(begin, end, value);
    const bool narrow = param.type == "i16" || param.type == "u16";
    const int bits = narrow ? 16 : 32;
    const bool is_signed = param.type.starts_with('i');
    const int64_t low = is_signed ? -(int64_t{1} << (bits - 1)) : 0;
    const int64_t high = is_signed ? (int64_t{1} << (bits - 1)) - 1 : (int64_t{1} << bits) - 1;
    if (error == std::errc() && stop == end && value >= low && value <= high)
      return static_cast<uint32_t>(value) & (narrow ? 0xffffu : 0xffffffffu);
  }
  sink.error(diag::Code::E0606, {}, "`{}` is no value for parameter `{}: {}` of `{}`", text, param.name, param.type,
             function)
      .emit();
  return Reported{};
}

Result<mesh::CommandId> submit(mesh::Mesh& mesh, const Launch& launch, diag::Sink& sink) {
  for (const plan::Export& e : mesh.plan().exports) {
    if (e.name != launch.function || !e.is_function) continue;
    if (e.inputs.size() != launch.arguments.size()) {
      sink.error(diag::Code::E0606, {}, "`{}` takes {} arguments, --launch gives {}", e.name, e.inputs.size(),
                 launch.arguments.size())
          .emit();
      return Reported{};
    }
    std::vector<uint32_t> words;
    for (size_t i = 0; i < e.inputs.size(); ++i) {
      WEFT_TRY(const uint32_t word, argumentWord(e.name, e.inputs[i], launch.arguments[i], sink));
      words.push_back(word);
    }
    return mesh.launch(e.name, std::move(words));
  }
  sink.error(diag::Code::E0603, {}, "Cannot find exported function with name {}", launch.function).emit();
  return Reported{};
}

bool anyPeWaits(const mesh::Mesh& mesh) {
  const plan::FabricPlan& plan = mesh.plan();
  constexpr uint64_t kLook = 65536;
  for (uint64_t i = 0; i < std::min(plan.extent.area(), kLook); ++i) {
    const PeCoord at{static_cast<uint32_t>(i % plan.extent.width), static_cast<uint32_t>(i / plan.extent.width)};
    if (plan.programAt(at) && mesh.snapshot(at).main_thread.starts_with("waiting")) return true;
  }
  return false;
}

/// Runs to the end of `until` (none: until nothing moves); reports why it did not get there.
bool drive(mesh::Mesh& mesh, const RunOptions& options, std::optional<mesh::CommandId> until, diag::Sink& sink,
           bool& interrupted) {
  mesh::Mesh::RunRequest request;
  request.until = until;
  request.poll = options.poll;
  if (options.simulation.max_cycles) request.cycle_limit = *options.simulation.max_cycles;
  switch (mesh.run(request)) {
    case mesh::RunEnd::Trap: return false;
    case mesh::RunEnd::Complete:
    case mesh::RunEnd::Quiescent:
      if (until && mesh.isComplete(*until)) return true;
      // Without a host to wait for, a PE stuck inside an operation is the sign of a hang.
      if (!until && !anyPeWaits(mesh)) return true;
      mesh.reportHang(until);
      return false;
    case mesh::RunEnd::CycleLimit: {
      auto error = sink.error(diag::Code::E0609, {}, "the run reached its limit of {} cycles", request.cycle_limit);
      for (std::string& text : host::describeActivity(mesh)) error.note(std::move(text));
      error.emit();
      return false;
    }
    case mesh::RunEnd::Interrupted: {
      interrupted = true;
      auto error = sink.error(diag::Code::E0608, {}, "the run was interrupted at cycle {}", mesh.cycle());
      for (std::string& text : host::describeActivity(mesh)) error.note(std::move(text));
      error.emit();
      return false;
    }
  }
  return false;
}

std::string elementText(const std::string& type, const uint8_t* bytes) {
  uint32_t word = 0;
  const bool narrow = type.ends_with("16");
  std::memcpy(&word, bytes, narrow ? 2 : 4);
  if (type == "f32") return fmt::format("{}", std::bit_cast<float>(word));
  if (type == "f16")
    return fmt::format("{}", numeric::f16ToDouble(target::Fp16Format::F16, static_cast<uint16_t>(word)));
  if (type == "i16") return fmt::format("{}", static_cast<int16_t>(word));
  if (type == "i32") return fmt::format("{}", static_cast<int32_t>(word));
  return fmt::format("{}", word);
}

std::string arrayText(const mesh::Mesh& mesh, PeCoord at, const tir::Program& program, const plan::Export& e,
                      uint32_t most) {
  for (const tir::HostSymbol& host : program.host_symbols) {
    if (host.name != e.name || host.is_function) continue;
    uint32_t address = host.address;
    if (host.is_pointer) {
      const auto pointer = mesh.readMemory(at, host.address, 2);
      address = static_cast<uint32_t>(pointer[0]) | static_cast<uint32_t>(pointer[1]) << 8;
    }
    uint32_t bytes = host.is_pointer ? 0 : host.bytes;
    for (const tir::Symbol& s : program.symbols)
      if (s.address <= address && address < s.address + s.bytes) bytes = s.address + s.bytes - address;
    std::string type = e.type;
    if (const size_t bracket = type.rfind(']'); bracket != std::string::npos) type = type.substr(bracket + 1);
    if (type.starts_with('*')) type.erase(0, 1);
    const uint32_t size = type.ends_with("16") ? 2 : 4;
    const uint32_t count = bytes / size;
    const auto data = mesh.readMemory(at, address, std::min(count, most) * size);
    std::string text = "[";
    for (uint32_t i = 0; i < std::min(count, most); ++i)
      text += fmt::format("{}{}", i == 0 ? "" : ", ", elementText(type, data.data() + static_cast<size_t>(i) * size));
    if (count > most) text += fmt::format(", ... {} more", count - most);
    return text + "]";
  }
  return {};
}

}  // namespace

std::string printExports(const mesh::Mesh& mesh, uint32_t most_pes, uint32_t most_elements) {
  const plan::FabricPlan& plan = mesh.plan();
  std::string text;
  for (const plan::Export& e : plan.exports) {
    if (e.is_function) continue;
    uint32_t shown = 0;
    uint64_t hidden = 0;
    for (uint64_t i = 0; i < plan.extent.area(); ++i) {
      const PeCoord at{static_cast<uint32_t>(i % plan.extent.width), static_cast<uint32_t>(i / plan.extent.width)};
      const auto program = plan.programAt(at);
      if (!program) continue;
      if (shown == most_pes) {
        ++hidden;
        continue;
      }
      const std::string value = arrayText(mesh, at, *plan.programs[*program], e, most_elements);
      if (value.empty()) continue;
      text += fmt::format("{} ({}, {}) = {}\n", e.name, at.x, at.y, value);
      ++shown;
    }
    if (hidden > 0) text += fmt::format("{} on {} more PEs\n", e.name, hidden);
  }
  return text;
}

RunOutcome runProgram(std::shared_ptr<const plan::FabricPlan> plan, const RunOptions& options, diag::Sink& sink) {
  RunOutcome outcome;
  auto start = Clock::now();
  auto simulation = host::Simulation::create(std::move(plan), options.simulation, sink);
  outcome.report.load_seconds = since(start);
  outcome.report.threads = options.simulation.mesh.threads;
  if (!simulation) return outcome;
  mesh::Mesh& mesh = (*simulation)->mesh();
  mesh.setLogListener(
      [](mesh::Cycles cycle, PeCoord, const std::string& line) { fmt::print(stderr, "@{} {}\n", cycle, line); });
  start = Clock::now();
  bool good = true;
  for (const Launch& launch : options.launches) {
    const auto id = submit(mesh, launch, sink);
    good = id && drive(mesh, options, *id, sink, outcome.interrupted);
    if (!good) break;
  }
  if (good) good = drive(mesh, options, std::nullopt, sink, outcome.interrupted);
  outcome.good = good && !sink.hasErrors();
  outcome.report.run_seconds = since(start);
  outcome.report.engine = (*simulation)->engineName();
  outcome.report.takeFrom(mesh);
  for (const diag::Diagnostic& d : sink.all())
    if (std::string_view(diag::codeName(d.code)).starts_with("E07"))
      outcome.report.traps.emplace_back(diag::codeName(d.code));
  if (outcome.good) outcome.exports = printExports(mesh, options.most_pes, options.most_elements);
  return outcome;
}

}  // namespace weft::driver
