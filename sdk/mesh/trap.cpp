// Traps and warnings as diagnostics: what happened, on which PE, in which cycle, task and line.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/mesh/mesh_impl.h"

namespace weft::mesh {

std::string Block::siteText(uint32_t pe, uint32_t site) const {
  const ProgramInfo* info = programOf(pes_[pe]);
  if (info == nullptr) return "?";
  const tir::Program& p = *info->program;
  if (site >= p.sites.size()) return p.name.empty() ? "?" : p.name;
  const tir::Site& s = p.sites[site];
  return fmt::format("{}:{}:{}", s.file < p.files.size() ? p.files[s.file] : p.name, s.line, s.column);
}

std::vector<diag::TraceFrame> Block::traceOf(const Where& where) const {
  const PeCoord at = coordOf(where.pe);
  std::string text = fmt::format("PE ({}, {}), cycle {}", at.x, at.y, where.cycle);
  const ProgramInfo* info = programOf(pes_[where.pe]);
  const Core* c = pes_[where.pe].core;
  if (info != nullptr && c != nullptr && c->main.function < info->program->functions.size()) {
    const tir::Function& fn = info->program->functions[c->main.function];
    text += fmt::format(", {} `{}`", c->main.system ? "launched function" : "task", fn.name);
  }
  if (where.site != kNone) text += ", " + siteText(where.pe, where.site);
  return {diag::TraceFrame{std::move(text), {}}};
}

void Block::trap(const Where& where, diag::Code code, std::string message, std::vector<std::string> notes) {
  trapped = true;
  pes_[where.pe].flags |= Pe::kTrapped;
  diag::Diagnostic d;
  d.code = code;
  d.severity = diag::Severity::Error;
  if (where.site != kNone) message = siteText(where.pe, where.site) + ": " + message;
  d.message = std::move(message);
  d.notes = std::move(notes);
  d.trace = traceOf(where);
  reports.push_back({where.cycle, coordOf(where.pe), 0, std::move(d)});
}

/// One warning per kind, program and source line (or color and PE where there is no line).
void Block::warn(const Where& where, diag::Code code, std::string message, uint64_t key) {
  if (key != 0) {
    key |= static_cast<uint64_t>(code) << 48;
  } else if (where.site != kNone) {
    const ProgramInfo* info = programOf(pes_[where.pe]);
    const uint32_t line =
        info != nullptr && where.site < info->program->sites.size() ? info->program->sites[where.site].line : 0;
    key = static_cast<uint64_t>(code) << 48 | 1ull << 47 |
          static_cast<uint64_t>(pes_[where.pe].program & 0x7fffff) << 24 | (line & 0xffffff);
  }
  diag::Diagnostic d;
  d.code = code;
  d.severity = diag::Severity::Warning;
  if (where.site != kNone) message = siteText(where.pe, where.site) + ": " + message;
  d.message = std::move(message);
  d.trace = traceOf(where);
  reports.push_back({where.cycle, coordOf(where.pe), key, std::move(d)});
}

}  // namespace weft::mesh
