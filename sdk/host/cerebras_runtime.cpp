// cerebras/sdk_runtime.h over weft/runtime.h: names, and failures as exceptions.
// SPDX-License-Identifier: Apache-2.0
#include "cerebras/sdk_runtime.h"

#include "weft/runtime.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <stdexcept>

namespace cerebras {

namespace {

[[noreturn]] void fail(const std::string& code, const std::string& text) {
  throw std::runtime_error(fmt::format("error[{}]: {}", code, text));
}

/// Warnings go to standard error, errors to the caller.
void check(const weft::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.text());
  for (const weft::Problem& p : status.problems()) fmt::print(stderr, "{}\n", p.text);
}

weft::Transfer transfer(int64_t target, int x, int y, int w, int h, int l, const MemcpyOptions& options,
                        weft::Spread spread) {
  weft::Transfer t;
  t.target = target;
  t.x = x;
  t.y = y;
  t.width = w;
  t.height = h;
  t.elements_per_pe = l;
  t.streaming = options.streaming;
  t.data_type = options.data_type == MemcpyDataType::MEMCPY_16BIT ? weft::DataType::Bits16 : weft::DataType::Bits32;
  t.order = options.order == MemcpyOrder::COL_MAJOR ? weft::Order::ColMajor : weft::Order::RowMajor;
  t.spread = spread;
  t.nonblock = options.nonblock;
  return t;
}

/// Words that the caller's array has to have: pointers carry no length. Nonsense is 0, and refused by the runtime.
size_t wordsOf(const weft::Transfer& t) {
  int64_t columns = t.width, rows = t.height;
  if (t.spread == weft::Spread::RowBroadcast) columns = 1;
  if (t.spread == weft::Spread::ColumnBroadcast) rows = 1;
  if (t.spread == weft::Spread::Strided && t.row_stride > 0 && t.col_stride > 0) {
    columns = 1 + (columns - 1) / t.row_stride;
    rows = 1 + (rows - 1) / t.col_stride;
  }
  return columns < 1 || rows < 1 || t.elements_per_pe < 1 ? 0 : static_cast<size_t>(columns * rows * t.elements_per_pe);
}

}  // namespace

SdkCompileArtifacts& SdkCompileArtifacts::add_port_mapping(const std::string& path) {
  std::ifstream in(path);
  const auto names = nlohmann::json::parse(in, nullptr, false);
  if (!names.is_object()) fail("E0617", fmt::format("the port mapping {} is no JSON object that can be read", path));
  for (const auto& [name, stream] : names.items())
    ports_[name] = stream.is_string() ? stream.get<std::string>() : stream.dump();
  return *this;
}

struct SdkRuntime::Impl {
  std::unique_ptr<weft::Runtime> runtime;
  std::unordered_map<std::string, std::string> ports;
  bool setup_only = false;
  bool run_only = false;

  [[nodiscard]] weft::Task copyIn(const weft::Transfer& t, const void* src) const {
    weft::Task task = 0;
    check(runtime->copyIn(t, static_cast<const uint32_t*>(src), wordsOf(t), task));
    return task;
  }
};

SdkRuntime::SdkRuntime(const SdkCompileArtifacts& artifacts, const SdkExecutionPlatform& platform,
                       const std::string& msg_level, bool memcpy_required, bool setup_only, bool run_only)
    : impl_(std::make_unique<Impl>()) {
  if (setup_only && run_only) fail("E0617", "sdk_setup_phase_only and sdk_run_phase_only must be mutual exclusive");
  const SimfabConfig& config = platform.config();
  weft::RuntimeOptions options;
  options.memcpy_required = memcpy_required;
  options.message_level = msg_level;
  options.max_threads = std::clamp(config.num_threads, 0, 64);
  options.suppress_trace = config.suppress_trace;
  if (config.dump_core) options.core_at_end = std::filesystem::absolute(config.core_path.value_or("out.core")).string();
  if (platform.is_system())
    fmt::print(stderr, "[weft] there is no system at {} for Weft: running on the emulator\n", platform.address());
  weft::Status status;
  impl_->runtime = weft::Runtime::open(artifacts.path(), options, status);
  check(status);
  impl_->ports = artifacts.ports();
  impl_->setup_only = setup_only;
  impl_->run_only = run_only;
  if (platform.target()) {
    const std::string arch = *platform.target() == SdkTarget::WSE2 ? "wse2" : "wse3";
    if (arch != impl_->runtime->arch())
      fail("E0617", fmt::format("please use the correct compilation flag --arch={}", arch));
  }
}

SdkRuntime::~SdkRuntime() = default;

void SdkRuntime::load() {
  if (impl_->run_only) fail("E0602", "Run phase (sdk_run_phase_only=true) cannot call load()");
  check(impl_->runtime->load());
}

void SdkRuntime::run() {
  if (impl_->setup_only) fail("E0602", "Setup phase (sdk_setup_phase_only=true) cannot call run()");
  if (impl_->run_only && !impl_->runtime->isLoaded()) check(impl_->runtime->load());
  check(impl_->runtime->run());
}

void SdkRuntime::stop() { check(impl_->runtime->stop()); }

std::optional<int> SdkRuntime::get_id(const std::string& name) const { return impl_->runtime->idOf(name); }

std::optional<int> SdkRuntime::get_port_id(const std::string& name) const {
  const auto other = impl_->ports.find(name);
  const std::string& stream = other == impl_->ports.end() ? name : other->second;
  const std::vector<weft::StreamInfo> streams = impl_->runtime->streams();
  for (size_t i = 0; i < streams.size(); ++i)
    if (streams[i].name == stream) return static_cast<int>(i);
  return std::nullopt;
}

SdkRuntime::Task SdkRuntime::memcpy_h2d(uint16_t id, const void* src, int px, int py, int w, int h, int l,
                                        const MemcpyOptions& options) {
  return {this, impl_->copyIn(transfer(id, px, py, w, h, l, options, weft::Spread::Each), src)};
}

SdkRuntime::Task SdkRuntime::memcpy_h2d_rowbcast(uint16_t id, const void* src, int px, int py, int w, int h, int l,
                                                 const MemcpyOptions& options) {
  return {this, impl_->copyIn(transfer(id, px, py, w, h, l, options, weft::Spread::RowBroadcast), src)};
}

SdkRuntime::Task SdkRuntime::memcpy_h2d_colbcast(uint16_t id, const void* src, int px, int py, int w, int h, int l,
                                                 const MemcpyOptions& options) {
  return {this, impl_->copyIn(transfer(id, px, py, w, h, l, options, weft::Spread::ColumnBroadcast), src)};
}

SdkRuntime::Task SdkRuntime::memcpy_h2d_stride(uint16_t id, const void* src, int px, int py, int w, int h, int l,
                                               int row_stride, int col_stride, const MemcpyOptions& options) {
  weft::Transfer t = transfer(id, px, py, w, h, l, options, weft::Spread::Strided);
  t.row_stride = row_stride;
  t.col_stride = col_stride;
  return {this, impl_->copyIn(t, src)};
}

SdkRuntime::Task SdkRuntime::memcpy_d2h(void* dst, uint16_t id, int px, int py, int w, int h, int l,
                                        const MemcpyOptions& options) {
  const weft::Transfer t = transfer(id, px, py, w, h, l, options, weft::Spread::Each);
  weft::Task task = 0;
  check(impl_->runtime->copyOut(t, static_cast<uint32_t*>(dst), wordsOf(t), {}, task));
  return {this, task};
}

SdkRuntime::Task SdkRuntime::call(const std::string& function, const std::vector<uint32_t>& args,
                                  const MemcpyOptions& options) {
  weft::Task task = 0;
  check(impl_->runtime->call(function, args, options.nonblock, task));
  return {this, task};
}

SdkRuntime::Task SdkRuntime::send(uint16_t port, const void* src, size_t words, bool nonblock) {
  weft::Task task = 0;
  check(impl_->runtime->send(port, static_cast<const uint32_t*>(src), words, nonblock, task));
  return {this, task};
}

SdkRuntime::Task SdkRuntime::receive(uint16_t port, void* dst, size_t words, bool nonblock) {
  weft::Task task = 0;
  check(impl_->runtime->receive(port, static_cast<uint32_t*>(dst), words, {}, nonblock, task));
  return {this, task};
}

SdkRuntime::Task SdkRuntime::receive_tofile(uint16_t port, const std::string& path, bool nonblock) {
  check(impl_->runtime->receiveToFile(port, path, nonblock));
  return {};
}

namespace {
uint16_t known(std::optional<int> id, const std::string& port) {
  if (!id) fail("E0614", fmt::format("there is no stream `{}`", port));
  return static_cast<uint16_t>(*id);
}
}  // namespace

SdkRuntime::Task SdkRuntime::send(const std::string& port, const void* src, size_t words, bool nonblock) {
  return send(known(get_port_id(port), port), src, words, nonblock);
}

SdkRuntime::Task SdkRuntime::receive(const std::string& port, void* dst, size_t words, bool nonblock) {
  return receive(known(get_port_id(port), port), dst, words, nonblock);
}

SdkRuntime::Task SdkRuntime::receive_tofile(const std::string& port, const std::string& path, bool nonblock) {
  return receive_tofile(known(get_port_id(port), port), path, nonblock);
}

void SdkRuntime::task_wait(const Task& task) {
  if (task.owner_ != this) fail("E0617", "the task is not one of this SdkRuntime");
  // stop() has completed them all.
  if (!impl_->runtime->isStopped()) check(impl_->runtime->wait(task.number_));
}

bool SdkRuntime::is_task_done(const Task& task) {
  if (task.owner_ != this) fail("E0617", "the task is not one of this SdkRuntime");
  bool done = false;
  check(impl_->runtime->isDone(task.number_, done));
  return done;
}

std::vector<uint8_t> SdkRuntime::read_symbol(int x, int y, const std::string& symbol) const {
  std::vector<uint8_t> bytes;
  check(impl_->runtime->readSymbol(x, y, symbol, bytes));
  return bytes;
}

void SdkRuntime::dump_core(const std::string& path) const { check(impl_->runtime->dumpCore(path)); }

void SdkRuntime::dump_elf_core(const std::string& path) const { dump_core(path); }

void SdkRuntime::coord_logical_to_physical(int x, int y, int* physical_x, int* physical_y) const {
  const weft::Runtime::Geometry g = impl_->runtime->geometry();
  *physical_x = x + static_cast<int>(g.offset_x);
  *physical_y = y + static_cast<int>(g.offset_y);
}

void SdkRuntime::report_port_infos() const {
  size_t id = 0;
  for (const weft::StreamInfo& s : impl_->runtime->streams())
    fmt::print("{}: {} {} color {} at P{}.{}\n", id++, s.name, s.input ? "input" : "output", s.color, s.x, s.y);
}

}  // namespace cerebras
