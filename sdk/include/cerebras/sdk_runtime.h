// cerebras::SdkRuntime: a compiled directory on the emulated mesh, for C++ hosts. Coordinates, orders and element
// counts are those of the Python interface. Every call throws std::runtime_error on failure; one thread at a time per
// runtime.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "cerebras/geometry.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <vector>

namespace cerebras {

enum class SdkTarget : int { WSE2 = 0, WSE3 = 1 };
enum class MemcpyDataType : int { MEMCPY_32BIT = 0, MEMCPY_16BIT = 1 };
enum class MemcpyOrder : int { ROW_MAJOR = 0, COL_MAJOR = 1 };

struct MemcpyOptions {
  bool streaming = false;
  MemcpyDataType data_type = MemcpyDataType::MEMCPY_32BIT;
  MemcpyOrder order = MemcpyOrder::ROW_MAJOR;
  bool nonblock = false;
};

struct SimfabConfig {
  int num_threads = 16;
  bool suppress_trace = false;
  bool dump_core = false;
  /// Where the core goes; empty: out.core.
  std::optional<std::filesystem::path> core_path;
};

/// Where a program runs. Weft knows its emulator alone; an address is accepted and named on standard error.
class SdkExecutionPlatform {
 public:
  SdkExecutionPlatform() = default;
  /// `cmaddr`: IP:port of a system, or empty for the simulator.
  explicit SdkExecutionPlatform(std::string cmaddr) : address_(std::move(cmaddr)) {}
  explicit SdkExecutionPlatform(SimfabConfig config, SdkTarget target = SdkTarget::WSE3)
      : config_(std::move(config)), target_(target) {}
  [[nodiscard]] bool is_simulation() const { return address_.empty(); }
  [[nodiscard]] bool is_system() const { return !address_.empty(); }
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] const SimfabConfig& config() const { return config_; }
  /// The architecture the program must have been compiled for; empty: any.
  [[nodiscard]] std::optional<SdkTarget> target() const { return target_; }

 private:
  std::string address_;
  SimfabConfig config_;
  std::optional<SdkTarget> target_;
};

/// A compiled directory.
class SdkCompileArtifacts {
 public:
  explicit SdkCompileArtifacts(std::string path) : path_(std::move(path)) {}
  /// Further names of streams: a JSON file {name: stream}.
  SdkCompileArtifacts& add_port_mapping(const std::string& path);
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::unordered_map<std::string, std::string>& ports() const { return ports_; }

 private:
  std::string path_;
  std::unordered_map<std::string, std::string> ports_;
};

class SdkRuntime {
 public:
  /// Handle of a command; valid for the runtime that made it.
  class Task {
   public:
    Task() = default;

   private:
    friend class SdkRuntime;
    Task(const SdkRuntime* owner, uint64_t number) : owner_(owner), number_(number) {}
    const SdkRuntime* owner_ = nullptr;
    uint64_t number_ = 0;
  };

  /// `setup_only`: no run(); `run_only`: no load(), run() does it.
  explicit SdkRuntime(const SdkCompileArtifacts& artifacts,
                      const SdkExecutionPlatform& platform = SdkExecutionPlatform(),
                      const std::string& msg_level = "WARNING", bool memcpy_required = true, bool setup_only = false,
                      bool run_only = false);
  ~SdkRuntime();
  SdkRuntime(const SdkRuntime&) = delete;
  SdkRuntime& operator=(const SdkRuntime&) = delete;

  void load();
  void run();
  /// Completes what is pending; symbols stay readable.
  void stop();

  /// Id of an exported variable or function.
  [[nodiscard]] std::optional<int> get_id(const std::string& name) const;
  /// Id of a stream of a host-made layout.
  [[nodiscard]] std::optional<int> get_port_id(const std::string& name) const;

  /// `src` holds w * h * l words of 32 bits; they are taken before the call returns.
  Task memcpy_h2d(uint16_t id, const void* src, int px, int py, int w, int h, int l, const MemcpyOptions& options);
  /// h * l words, one PE's share for each row.
  Task memcpy_h2d_rowbcast(uint16_t id, const void* src, int px, int py, int w, int h, int l,
                           const MemcpyOptions& options);
  /// w * l words, one PE's share for each column.
  Task memcpy_h2d_colbcast(uint16_t id, const void* src, int px, int py, int w, int h, int l,
                           const MemcpyOptions& options);
  Task memcpy_h2d_stride(uint16_t id, const void* src, int px, int py, int w, int h, int l, int row_stride,
                         int col_stride, const MemcpyOptions& options);
  /// `dst` must live until the command is complete.
  Task memcpy_d2h(void* dst, uint16_t id, int px, int py, int w, int h, int l, const MemcpyOptions& options);
  /// One word for each parameter, not checked. Of the options `nonblock` alone counts.
  Task call(const std::string& function, const std::vector<uint32_t>& args, const MemcpyOptions& options);

  Task send(const std::string& port, const void* src, size_t words, bool nonblock);
  Task send(uint16_t port, const void* src, size_t words, bool nonblock);
  /// `dst` must live until the transfer is complete.
  Task receive(const std::string& port, void* dst, size_t words, bool nonblock);
  Task receive(uint16_t port, void* dst, size_t words, bool nonblock);
  Task receive_tofile(const std::string& port, const std::string& path, bool nonblock);
  Task receive_tofile(uint16_t port, const std::string& path, bool nonblock);

  void task_wait(const Task& task);
  [[nodiscard]] bool is_task_done(const Task& task);

  /// Bytes of a symbol on the PE at a fabric coordinate.
  [[nodiscard]] std::vector<uint8_t> read_symbol(int x, int y, const std::string& symbol) const;
  void dump_core(const std::string& path) const;
  void dump_elf_core(const std::string& path) const;
  void coord_logical_to_physical(int x, int y, int* physical_x, int* physical_y) const;
  /// Prints the streams.
  void report_port_infos() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Little-endian 16-bit halves of numbers of 16 or 32 bits.
template <class T>
std::vector<uint16_t> to_words(const std::vector<T>& values) {
  static_assert(std::is_arithmetic_v<T> && (sizeof(T) == 2 || sizeof(T) == 4), "numbers of 16 or 32 bits");
  std::vector<uint16_t> words(values.size() * sizeof(T) / 2);
  if (!words.empty()) std::memcpy(words.data(), values.data(), words.size() * 2);
  return words;
}

}  // namespace cerebras
