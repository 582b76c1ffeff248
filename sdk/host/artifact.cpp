// Writes and reads the compiled directory. plan.weft: one line of text, one line of JSON naming the program files with
// their checksums, then the plan's own binary form.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/host/artifact.h"

#include "frontend/plan/plan.h"
#include "frontend/tir/tir.h"

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace weft::host {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

constexpr std::string_view kMagic = "weft-plan 1\n";

std::string checksum(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325ull;
  for (const char c : bytes) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ull;
  return fmt::format("{:016x}-{}", hash, bytes.size());
}

/// Name of the symbol or function in the PE program that stands behind an exported name.
std::string symbolBehind(const plan::FabricPlan& plan, const std::string& name) {
  for (const auto& program : plan.programs) {
    for (const tir::HostSymbol& host : program->host_symbols) {
      if (host.name != name) continue;
      if (host.is_function) return program->function(host.function).name;
      for (const tir::Symbol& symbol : program->symbols)
        if (symbol.address == host.address) return symbol.name;
    }
  }
  return name;
}

Reported broken(diag::Sink& sink, const std::string& directory, std::string_view why) {
  sink.error(diag::Code::E0601, {}, "`{}` cannot be opened as a compiled program: {}", directory, why)
      .help("compile it with `cslc ... -o DIR` first")
      .emit();
  return {};
}

}  // namespace

std::string programFile(size_t k) { return fmt::format("out_{}_0.elf", k); }

Result<std::string> readWholeFile(const std::string& path, diag::Sink& sink) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    sink.error(diag::Code::E0601, {}, "`{}` cannot be read: {}", path, std::strerror(errno)).emit();
    return Reported{};
  }
  return std::string(std::istreambuf_iterator<char>(in), {});
}

Result<void> writeWholeFile(const std::string& path, const std::string& bytes, diag::Sink& sink) {
  // Several compilers may write into one folder at once.
  const std::string temporary = fmt::format("{}.{}.tmp", path, getpid());
  std::error_code error;
  {
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.flush();
    if (!out) {
      sink.error(diag::Code::E0820, {}, "`{}` cannot be written: {}", path, std::strerror(errno)).emit();
      fs::remove(temporary, error);
      return Reported{};
    }
  }
  fs::rename(temporary, path, error);
  if (error) {
    sink.error(diag::Code::E0820, {}, "`{}` cannot be written: {}", path, error.message()).emit();
    fs::remove(temporary, error);
    return Reported{};
  }
  return {};
}

std::string paramsJson(const plan::FabricPlan& plan) {
  Json params = Json::object();
  Json colors = Json::object();
  for (const auto& [name, value] : plan.params) params[name] = value;
  for (const auto& [name, value] : plan.colors) colors[name] = value;
  return Json{{"params", params}, {"colors", colors}}.dump();
}

std::string exportsJson(const plan::FabricPlan& plan) {
  Json symbols = Json::array();
  for (size_t i = 0; i < plan.exports.size(); ++i) {
    const plan::Export& e = plan.exports[i];
    Json entry;
    entry["id"] = i + 1;
    if (!e.is_function) entry["immutable"] = e.is_mutable ? 0 : 1;
    if (e.is_function && !e.inputs.empty()) {
      Json inputs = Json::array();
      for (const plan::Param& p : e.inputs) inputs.push_back({{"name", p.name}, {"type", p.type}});
      entry["inputs"] = inputs;
    }
    entry["kind"] = e.is_function ? "Func" : "Var";
    entry["name"] = e.name;
    entry["sym_name"] = symbolBehind(plan, e.name);
    entry["type"] = e.type;
    symbols.push_back(std::move(entry));
  }
  return Json{{"rpc_symbols", symbols}}.dump(2) + "\n";
}

Result<void> writeArtifact(const plan::FabricPlan& plan, const std::string& directory, diag::Sink& sink) {
  const fs::path root(directory);
  std::error_code error;
  fs::create_directories(root / "bin", error);
  if (error) {
    sink.error(diag::Code::E0820, {}, "the output directory `{}` cannot be made: {}", directory, error.message())
        .emit();
    return Reported{};
  }
  Json manifest = Json::array();
  for (size_t k = 0; k < plan.programs.size(); ++k) {
    const std::string bytes = tir::serialize(*plan.programs[k]);
    WEFT_TRY_VOID(writeWholeFile((root / "bin" / programFile(k)).string(), bytes, sink));
    manifest.push_back({{"file", programFile(k)}, {"checksum", checksum(bytes)}});
  }
  // A program of an earlier compilation must not be taken for one of this.
  for (size_t k = plan.programs.size(); fs::remove(root / "bin" / programFile(k), error); ++k) {
  }
  WEFT_TRY_VOID(writeWholeFile((root / "out.json").string(), paramsJson(plan), sink));
  WEFT_TRY_VOID(writeWholeFile((root / "bin" / "out_rpc.json").string(), exportsJson(plan), sink));
  const std::string head = std::string(kMagic) + Json{{"programs", manifest}}.dump() + "\n";
  return writeWholeFile((root / "plan.weft").string(), head + plan::serialize(plan), sink);
}

Result<std::shared_ptr<const plan::FabricPlan>> readArtifact(const std::string& directory, diag::Sink& sink) {
  const fs::path root(directory);
  std::error_code error;
  if (!fs::is_directory(root, error)) return broken(sink, directory, "there is no such directory");
  if (!fs::exists(root / "plan.weft", error)) return broken(sink, directory, "it has no plan.weft");
  WEFT_TRY(const std::string text, readWholeFile((root / "plan.weft").string(), sink));
  const size_t line_end = text.find('\n', kMagic.size());
  if (!text.starts_with(kMagic) || line_end == std::string::npos)
    return broken(sink, directory, "plan.weft was written by another version, or is damaged");
  const auto manifest = nlohmann::json::parse(text.begin() + kMagic.size(),
                                              text.begin() + static_cast<ptrdiff_t>(line_end), nullptr, false);
  if (!manifest.is_object() || !manifest.contains("programs") || !manifest["programs"].is_array())
    return broken(sink, directory, "plan.weft is damaged");
  WEFT_TRY(auto plan, plan::deserialize(std::string_view(text).substr(line_end + 1), sink));
  plan.programs.clear();
  for (const auto& entry : manifest["programs"]) {
    if (!entry.is_object()) return broken(sink, directory, "plan.weft is damaged");
    const std::string file = entry.value("file", "");
    if (file.empty() || file.find('/') != std::string::npos) return broken(sink, directory, "plan.weft is damaged");
    WEFT_TRY(const std::string bytes, readWholeFile((root / "bin" / file).string(), sink));
    if (checksum(bytes) != entry.value("checksum", ""))
      return broken(sink, directory, fmt::format("bin/{} is not the file that plan.weft names", file));
    WEFT_TRY(auto program, tir::deserialize(bytes, sink));
    plan.programs.push_back(std::make_shared<const tir::Program>(std::move(program)));
  }
  for (const uint32_t p : plan.program_of)
    if (p != plan::kNoProgram && p >= plan.programs.size()) return broken(sink, directory, "plan.weft is damaged");
  return std::shared_ptr<const plan::FabricPlan>(std::make_shared<plan::FabricPlan>(std::move(plan)));
}

}  // namespace weft::host
