// A mesh for tests: programs as TIR text, routes set PE by PE, the interpreter as engine.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "jit/engine.h"
#include "sdk/mesh/mesh.h"
#include "tests/support/fake_device.h"

#include <fmt/format.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace weft::testing {

using mesh::Cycles;
using target::Arch;

inline constexpr uint8_t W = 1, E = 2, S = 4, N = 8, R = 16;

/// A descriptor as a literal of TIR text.
inline std::string lit(tir::Dsd d) { return fmt::format("{:#x}", d.bits); }
inline std::string mem(uint16_t base, uint16_t length, int16_t stride = 1) {
  return lit(tir::Dsd::make(tir::DsdKind::Mem1d, base, length, stride));
}
inline tir::Dsd fabin(int queue, uint16_t length, int color = tir::kNoColor, uint64_t flags = 0) {
  return tir::Dsd::make(tir::DsdKind::FabIn, static_cast<uint16_t>(queue | color << 8), length, 0, flags);
}
inline tir::Dsd fabout(int queue, int color, uint16_t length, uint64_t flags = 0) {
  return tir::Dsd::make(tir::DsdKind::FabOut, static_cast<uint16_t>(queue | color << 8), length, 0, flags);
}

/// The smallest program text around functions: header lines (tasks, queues ...) and function bodies.
inline std::string programText(Arch arch, const std::string& header, const std::string& functions, int memory = 256) {
  return fmt::format("program \"t\" {} f16\nfile \"t.csl\"\nsites 0:1:1 0:2:1 0:3:1 0:4:1\nmemory {}\n{}{}",
                     target::archName(arch), memory, header, functions);
}

struct Rig {
  Rig(Arch a, uint32_t width, uint32_t height) : arch(a) {
    plan.arch = a;
    plan.extent = {width, height};
    plan.fabric = {width + 7, height + 2};
    plan.offset = {4, 1};
    plan.program_of.assign(plan.extent.area(), plan::kNoProgram);
  }

  uint32_t add(const std::string& text) {
    auto program = std::make_shared<tir::Program>(programFromTir(text));
    plan.programs.push_back(std::move(program));
    return static_cast<uint32_t>(plan.programs.size() - 1);
  }
  void put(uint32_t x, uint32_t y, uint32_t program) { plan.program_of[plan.extent.index({x, y})] = program; }
  void putAll(uint32_t program) { plan.program_of.assign(plan.extent.area(), program); }

  plan::ColorConfig& route(int color, uint32_t x, uint32_t y, uint8_t rx, uint8_t tx) {
    auto& plane = plan.config_of[static_cast<size_t>(color)];
    if (plane.empty()) plane.assign(plan.extent.area(), 0);
    plan::ColorConfig c;
    c.rx = rx;
    c.tx = tx;
    plan.color_configs.push_back(c);
    plane[plan.extent.index({x, y})] = static_cast<uint32_t>(plan.color_configs.size() - 1);
    return plan.color_configs.back();
  }

  mesh::Mesh& make(mesh::MeshOptions options = {}) {
    options.heartbeat_seconds = beat_seconds;
    engine = jit::makeInterpreter();
    auto made = mesh::Mesh::create(std::make_shared<plan::FabricPlan>(plan), *engine, options, sink);
    if (!made) throw std::runtime_error("mesh was not made");
    mesh = *std::move(made);
    mesh->setWaveletListener([this](const mesh::WaveletEvent& e) { events.push_back(e); });
    return *mesh;
  }
  mesh::RunEnd run(Cycles limit = 100000) {
    mesh::Mesh::RunRequest r;
    r.cycle_limit = limit;
    return mesh->run(r);
  }
  mesh::RunEnd runUntil(mesh::CommandId id, Cycles limit = 1000000) {
    mesh::Mesh::RunRequest r;
    r.until = id;
    r.cycle_limit = limit;
    return mesh->run(r);
  }
  uint32_t word(uint32_t x, uint32_t y, uint32_t address, int bytes = 4) {
    const auto m = mesh->readMemory({x, y}, address, static_cast<uint32_t>(bytes));
    uint32_t v = 0;
    std::memcpy(&v, m.data(), m.size());
    return v;
  }
  /// Cycles in which words of `color` passed the router of a PE, in order.
  std::vector<Cycles> passed(uint32_t x, uint32_t y, int color) const {
    std::vector<Cycles> out;
    for (const auto& e : events) {
      if (e.pe == PeCoord{x, y} && e.color == color) out.push_back(e.cycle);
    }
    return out;
  }
  std::string messages() const {
    std::string s;
    for (const auto& d : sink.all()) {
      s += std::string(diag::codeName(d.code)) + ": " + d.message + "\n";
      for (const auto& f : d.trace) s += "  = " + f.text + "\n";
      for (const auto& n : d.notes) s += "  = " + n + "\n";
    }
    return s;
  }

  Arch arch;
  int beat_seconds = 0;
  plan::FabricPlan plan;
  diag::Sink sink;
  std::unique_ptr<jit::Engine> engine;
  std::unique_ptr<mesh::Mesh> mesh;
  std::vector<mesh::WaveletEvent> events;
};

/// A task on local id 9 (WSE-2 and WSE-3 alike) that runs at cycle 0.
inline std::string startTask() { return "task local 9 @main.0 !0\nactive 0x200\n"; }
inline uint32_t bits(float f) {
  uint32_t u;
  std::memcpy(&u, &f, 4);
  return u;
}
inline float real(uint32_t u) {
  float f;
  std::memcpy(&f, &u, 4);
  return f;
}

}  // namespace weft::testing
