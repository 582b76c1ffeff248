// Renders a RunReport.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/profile/run_report.h"

#include "frontend/target/target.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <charconv>
#include <fstream>

namespace weft::profile {

namespace {

/// 1234567 -> "1,234,567".
std::string grouped(uint64_t value) {
  const std::string digits = std::to_string(value);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i != 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string bytesText(uint64_t bytes) {
  if (bytes < 10'000) return fmt::format("{} bytes", bytes);
  if (bytes < 10'000'000) return fmt::format("{:.1f} KB", static_cast<double>(bytes) / 1e3);
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

std::string hashText(uint64_t hash) { return fmt::format("{:016x}", hash); }

uint64_t hashOf(const nlohmann::json& value) {
  const std::string text = value.get<std::string>();
  uint64_t hash = 0;
  std::from_chars(text.data(), text.data() + text.size(), hash, 16);
  return hash;
}

/// Every number under its JSON name, once, for both directions.
template <class Report, class Visit>
void eachNumber(Report& r, Visit visit) {
  visit("cycles", r.stats.cycles);
  visit("width", r.width);
  visit("height", r.height);
  visit("programs", r.programs);
  visit("wavelet_hops", r.stats.wavelet_hops);
  visit("tasks_started", r.stats.tasks_started);
  visit("segments", r.stats.instructions);
  visit("dsd_elements", r.stats.dsd_elements);
  visit("state_bytes", r.stats.state_bytes);
  visit("memory_bytes", r.stats.memory_bytes);
  visit("dropped_off_edge", r.stats.dropped_off_edge);
  visit("threads", r.threads);
  visit("compile_seconds", r.compile_seconds);
  visit("load_seconds", r.load_seconds);
  visit("run_seconds", r.run_seconds);
}

}  // namespace

void RunReport::takeFrom(const mesh::Mesh& mesh) {
  const plan::FabricPlan& plan = mesh.plan();
  arch = target::archName(plan.arch);
  width = plan.extent.width;
  height = plan.extent.height;
  programs = static_cast<uint32_t>(plan.programs.size());
  stats = mesh.stats();
  stats.cycles = mesh.cycle();
  memory_hash = mesh.memoryHash();
  trace_hash = mesh.traceHash();
}

const std::vector<std::string>& notModelled() {
  static const std::vector<std::string> lines{
      "code: its size is an estimate, fetching it is free",
      "the host link's own PEs: copies and launches follow a table of costs",
      "clock governor, power, faults and repaired links",
      "exceptions of software and performance counters: kept in the mask, never raised",
      "`.dense_mode` of queues: taken, without effect",
  };
  return lines;
}

std::string toJson(const RunReport& r) {
  nlohmann::ordered_json json{{"engine", r.engine}, {"arch", r.arch}};
  eachNumber(r, [&](const char* name, const auto& value) { json[name] = value; });
  json["memory_hash"] = hashText(r.memory_hash);
  json["trace_hash"] = hashText(r.trace_hash);
  json["traps"] = r.traps;
  json["not_modelled"] = notModelled();
  return json.dump();
}

std::optional<RunReport> fromJson(std::string_view text) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  RunReport r;
  try {
    r.engine = json.at("engine").get<std::string>();
    r.arch = json.at("arch").get<std::string>();
    eachNumber(r, [&](const char* name, auto& value) { json.at(name).get_to(value); });
    r.memory_hash = hashOf(json.at("memory_hash"));
    r.trace_hash = hashOf(json.at("trace_hash"));
    json.at("traps").get_to(r.traps);
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
  return r;
}

std::string toText(const RunReport& r) {
  std::string text;
  auto row = [&](const char* name, const std::string& value) { text += fmt::format("{:<22}{}\n", name, value); };
  const double pe_cycles = static_cast<double>(r.width) * r.height * static_cast<double>(r.stats.cycles);
  auto perPe = [&](uint64_t events) {
    return pe_cycles == 0
               ? grouped(events)
               : fmt::format("{} ({:.4f} per PE and cycle)", grouped(events), static_cast<double>(events) / pe_cycles);
  };
  row("mesh", fmt::format("{} x {} PEs of {}, {} program{}", r.width, r.height, r.arch, r.programs,
                          r.programs == 1 ? "" : "s"));
  row("cycles", grouped(r.stats.cycles));
  row("tasks started", grouped(r.stats.tasks_started));
  row("wavelet hops", perPe(r.stats.wavelet_hops));
  row("vector elements", perPe(r.stats.dsd_elements));
  row("PE memory touched", bytesText(r.stats.memory_bytes));
  row("simulator state", bytesText(r.stats.state_bytes));
  if (r.stats.dropped_off_edge != 0) row("dropped off the edge", fmt::format("{} wavelets", r.stats.dropped_off_edge));
  if (!r.traps.empty()) row("traps", fmt::format("{}", fmt::join(r.traps, " ")));
  row("engine",
      r.threads == 0 ? r.engine : fmt::format("{}, {} thread{}", r.engine, r.threads, r.threads == 1 ? "" : "s"));
  if (r.compile_seconds != 0) row("compile", fmt::format("{:.3f} s", r.compile_seconds));
  row("load", fmt::format("{:.3f} s", r.load_seconds));
  row("run", fmt::format("{:.3f} s, {} tile-cycles/s", r.run_seconds,
                         r.run_seconds > 0 ? fmt::format("{:.3g}", pe_cycles / r.run_seconds) : "-"));
  for (const std::string& line : notModelled()) row("not modelled", line);
  return text;
}

std::vector<RunReport> readReports(const std::filesystem::path& file) {
  std::vector<RunReport> reports;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);)
    if (auto report = fromJson(line)) reports.push_back(*std::move(report));
  return reports;
}

}  // namespace weft::profile
