// copyIn and copyOut: the checks a user can fail, then order mapping and submission.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/host/memcpy_layout.h"
#include "sdk/host/runtime_impl.h"

#include <algorithm>

namespace weft::host {

namespace {

mesh::Region regionOf(const Transfer& t) {
  mesh::Region r{static_cast<uint32_t>(t.x), static_cast<uint32_t>(t.y), static_cast<uint32_t>(t.width),
                 static_cast<uint32_t>(t.height)};
  if (t.spread == Spread::Strided) {
    // A step past the region takes its first column or row only.
    r.step_x = static_cast<uint32_t>(std::min(t.row_stride, t.width));
    r.step_y = static_cast<uint32_t>(std::min(t.col_stride, t.height));
  }
  return r;
}

int elementBytes(const Transfer& t) { return t.data_type == DataType::Bits16 ? 2 : 4; }

}  // namespace

Result<void> RuntimeImpl::checkRegion(const Transfer& t, bool in) {
  const char* name = in ? "h2d" : "d2h";
  if (t.spread == Spread::Strided && (t.row_stride < 1 || t.col_stride < 1)) {
    sink_.error(diag::Code::E0605, {}, "row_stride or col_stride must be positive").emit();
    return Reported{};
  }
  const int64_t width = plan_->extent.width;
  const int64_t height = plan_->extent.height;
  const bool inside = t.x >= 0 && t.y >= 0 && t.width > 0 && t.height > 0 && t.width <= width && t.height <= height &&
                      t.x <= width - t.width && t.y <= height - t.height;
  if (!inside) {
    sink_.error(diag::Code::E0604, {}, "{} subrectangle must be inside the core rectangle", name)
        .note(fmt::format("the copy names {} x {} PEs from ({}, {}); the program has {} x {}", t.width, t.height, t.x,
                          t.y, width, height))
        .emit();
    return Reported{};
  }
  if (t.elements_per_pe <= 0) {
    sink_.error(diag::Code::E0605, {}, "{} elements per PE are no copy", t.elements_per_pe).emit();
    return Reported{};
  }
  constexpr int64_t kMostWords = int64_t{1} << 31;
  if (!t.streaming && t.elements_per_pe * elementBytes(t) > static_cast<int64_t>(target::kPeMemoryBytes)) {
    sink_
        .error(diag::Code::E0605, {}, "{} elements of {} bytes are more than the memory of a PE", t.elements_per_pe,
               elementBytes(t))
        .emit();
    return Reported{};
  }
  if (t.elements_per_pe > kMostWords / (t.width * t.height)) {
    sink_
        .error(diag::Code::E0605, {}, "a copy of {} x {} PEs with {} elements each is too large", t.width, t.height,
               t.elements_per_pe)
        .emit();
    return Reported{};
  }
  return {};
}

Result<void> RuntimeImpl::checkEveryPeExports(const Transfer& t, const std::string& name) {
  std::vector<bool> has(plan_->programs.size(), false);
  for (size_t k = 0; k < has.size(); ++k)
    for (const tir::HostSymbol& symbol : plan_->programs[k]->host_symbols)
      if (symbol.name == name && !symbol.is_function) has[k] = true;
  for (int64_t y = t.y; y < t.y + t.height; ++y) {
    for (int64_t x = t.x; x < t.x + t.width; ++x) {
      if (t.spread == Spread::Strided && ((x - t.x) % t.row_stride != 0 || (y - t.y) % t.col_stride != 0)) continue;
      const auto program = plan_->programAt({static_cast<uint32_t>(x), static_cast<uint32_t>(y)});
      if (program && has[*program]) continue;
      auto error = sink_.error(diag::Code::E0603, {}, "PE ({}, {}) does not export `{}`", x, y, name);
      if (program)
        error.note(fmt::format("its program is `{}`", plan_->programs[*program]->name));
      else
        error.note("it runs no program");
      error.emit();
      return Reported{};
    }
  }
  return {};
}

Result<std::string> RuntimeImpl::checkTarget(const Transfer& t, bool in) {
  if (t.streaming) {
    const uint32_t mask = in ? plan_->host.h2dMask() : plan_->host.d2hMask();
    if (t.target < 0 || t.target >= target::kColorCount || ((mask >> t.target) & 1u) == 0) {
      sink_
          .error(diag::Code::E0607, {}, "color {} is not a streaming {} color of this program", t.target,
                 in ? "h2d" : "d2h")
          .help(fmt::format(
              "give it to `<memcpy/get_params>` as `.MEMCPY{}_1`, or leave `streaming` off to copy to a symbol",
              in ? "H2D" : "D2H"))
          .emit();
      return Reported{};
    }
    return std::string();
  }
  if (t.target < 1 || t.target > static_cast<int64_t>(plan_->exports.size())) {
    sink_.error(diag::Code::E0603, {}, "{} is not the id of an exported variable", t.target)
        .help("get_id(name) returns it; it returns None for an unknown name")
        .emit();
    return Reported{};
  }
  const plan::Export& e = plan_->exports[static_cast<size_t>(t.target - 1)];
  if (e.is_function) {
    sink_.error(diag::Code::E0603, {}, "`{}` is a function: nothing can be copied to or from it", e.name).emit();
    return Reported{};
  }
  WEFT_TRY_VOID(checkEveryPeExports(t, e.name));
  return e.name;
}

/// A copy goes to where the exported pointer points, and may run past the end of what is there: nothing stops it,
/// neither here nor on a wafer. Looked at on the first PE, once for each name; the pointer may still change before the
/// copy.
void RuntimeImpl::warnOfOverrun(const Transfer& t, const std::string& name) {
  const PeCoord at{static_cast<uint32_t>(t.x), static_cast<uint32_t>(t.y)};
  const auto index = plan_->programAt(at);
  if (t.streaming || !index || overrun_.contains(name)) return;
  const tir::Program& program = *plan_->programs[*index];
  const auto exported = std::find_if(program.host_symbols.begin(), program.host_symbols.end(),
                                     [&](const tir::HostSymbol& s) { return s.name == name && !s.is_function; });
  if (exported == program.host_symbols.end()) return;
  int64_t address = exported->address;
  if (exported->is_pointer) {
    const std::vector<uint8_t> pointer = simulation_->mesh().readMemory(at, exported->address, 2);
    address = pointer[0] | pointer[1] << 8;
  }
  const int64_t end = address + t.elements_per_pe * elementBytes(t);
  for (const tir::Symbol& s : program.symbols) {
    const int64_t symbol_end = int64_t{s.address} + s.bytes;
    if (address < s.address || address >= symbol_end || end <= symbol_end) continue;
    overrun_.insert(name);
    sink_
        .warning(diag::Code::W0701, {}, "the copy of {} elements for `{}` runs past the end of `{}`", t.elements_per_pe,
                 name, s.name)
        .note(fmt::format("PE ({}, {}): {} bytes at {:#06x}; `{}` is {}, {} bytes at {:#06x}", at.x, at.y,
                          end - address, address, s.name, s.type, s.bytes, s.address))
        .emit();
  }
}

Result<void> RuntimeImpl::checkArray(const Transfer& t, size_t count) {
  const HostShape shape = hostShape(t);
  // Of a longer array the first elements are copied.
  if (shape.words() <= count) return {};
  sink_.error(diag::Code::E0611, {}, "the host array has {} elements, the copy needs {}", count, shape.words())
      .note(fmt::format("{} x {} PEs with {} elements each", shape.columns, shape.rows, shape.elements))
      .emit();
  return Reported{};
}

Result<void> RuntimeImpl::finish(mesh::CommandId id, bool nonblock, Task& task) {
  last_command_ = id;
  task = id;
  if (nonblock) return {};
  return runUntil(id);
}

void RuntimeImpl::settleCopies() {
  mesh::Mesh& mesh = simulation_->mesh();
  while (!pending_.empty() && mesh.isComplete(pending_.front().id)) {
    PendingOut out = std::move(pending_.front());
    pending_.pop_front();
    toHost(out.transfer, out.staging.data(), out.words);
    if (out.on_complete) out.on_complete();
  }
  for (size_t i = 0; i < receives_.size();) {
    if (!mesh.isComplete(receives_[i].id)) {
      ++i;
      continue;
    }
    const PendingReceive done = std::move(receives_[i]);
    receives_.erase(receives_.begin() + static_cast<ptrdiff_t>(i));
    if (done.on_complete) done.on_complete();
  }
}

Status RuntimeImpl::copyIn(const Transfer& t, const uint32_t* words, size_t count, Task& task) {
  return call_([&]() -> Result<void> {
    WEFT_TRY_VOID(checkHostLink());
    WEFT_TRY_VOID(checkRegion(t, true));
    WEFT_TRY(const std::string name, checkTarget(t, true));
    WEFT_TRY_VOID(checkArray(t, count));
    warnOfOverrun(t, name);
    const auto elements = static_cast<uint32_t>(t.elements_per_pe);
    const bool narrow = !t.streaming && t.data_type == DataType::Bits16;
    mesh::Mesh& mesh = simulation_->mesh();
    const mesh::Region region = regionOf(t);
    std::vector<uint32_t> data(static_cast<size_t>(region.columns()) * region.rows() * elements);
    toDevice(t, words, data.data());
    if (narrow)
      for (uint32_t& word : data) word &= 0xffffu;
    return finish(t.streaming ? mesh.streamIn(static_cast<int>(t.target), region, elements, std::move(data))
                              : mesh.copyIn(name, region, elements, elementBytes(t), std::move(data)),
                  t.nonblock, task);
  });
}

Status RuntimeImpl::copyOut(const Transfer& t, uint32_t* words, size_t count, std::function<void()> on_complete,
                            Task& task) {
  return call_([&]() -> Result<void> {
    WEFT_TRY_VOID(checkHostLink());
    WEFT_TRY_VOID(checkRegion(t, false));
    WEFT_TRY(const std::string name, checkTarget(t, false));
    WEFT_TRY_VOID(checkArray(t, count));
    warnOfOverrun(t, name);
    PendingOut out;
    out.transfer = t;
    out.staging.resize(count);
    out.words = words;
    out.on_complete = std::move(on_complete);
    mesh::Mesh& mesh = simulation_->mesh();
    const auto elements = static_cast<uint32_t>(t.elements_per_pe);
    out.id = t.streaming ? mesh.streamOut(static_cast<int>(t.target), regionOf(t), elements, out.staging.data())
                         : mesh.copyOut(name, regionOf(t), elements, elementBytes(t), out.staging.data());
    const mesh::CommandId id = out.id;
    pending_.push_back(std::move(out));
    return finish(id, t.nonblock, task);
  });
}

}  // namespace weft::host
