// What the queue, task, DSD, DSR and color builtins have collected for the program under analysis.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/comptime/value.h"
#include "frontend/plan/fabric_plan.h"
#include "frontend/sema/analyzer.h"
#include "frontend/sema/operand.h"
#include "frontend/tir/program.h"

#include <array>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace weft::sema {

/// Owner of the contents: builtin_{layout,color,queue,task,symbol,dsd,dsd_op,dsr,map}.cpp.
struct DeviceState {
  struct BoundTask {
    tir::TaskKind kind{};
    uint8_t id = 0;
    DeclId decl;
    tir::FunctionId function;
    Span span;
  };
  struct QueueInit {
    bool set = false;
    int color = -1;
    tir::DsdPriority priority = tir::DsdPriority::Default;
    int control_table = 0;
    Span span;
  };
  struct FifoInit {
    ObjectId buffer;
    uint16_t offset = 0;
    tir::Fifo fifo;
    /// Task names given for activate_pop / activate_push.
    DeclId pop_task, push_task;
  };
  /// A completion id given as the name of a task; the id is known once all bindings are.
  struct DsrInit {
    tir::DsrRef dsr;
    Value dsd;
    uint16_t config = 0;
    Span span;
  };
  struct HostSymbol {
    std::string name;
    DeclId decl;
    ObjectId object;
    tir::FunctionId function;
    bool is_function = false;
    bool is_pointer = false;
    Span span;
  };
  struct Handler {
    uint16_t id = 0;
    tir::FunctionId function;
    Span span;
  };
  /// A fabric descriptor of comptime-known queue, as it was made or used.
  struct FabricDsd {
    bool is_input = false;
    bool blocks = false;
    uint8_t queue = 0xff;
    uint8_t color = 0xff;
    Span span;
  };
  struct Activation {
    int id = 0;
    Span span;
  };
  struct NamedDsr {
    tir::DsrRef dsr;
    Span span;
  };
  /// Asynchronous operations in one stretch of code without branches, by microthread: the second one finds the first
  /// still running.
  struct InFlight {
    tir::FunctionId function;
    uint32_t block = 0;
    std::array<Span, 16> started;
  };
  struct PendingTaskId {
    uint16_t config = 0;
    int16_t tir::DsrConfig::* member = nullptr;
    DeclId decl;
    Span span;
  };

  std::vector<BoundTask> tasks;
  uint64_t active = 0;
  uint64_t blocked = 0;
  uint64_t unblocked = 0;
  uint8_t blocked_microthreads = 0;
  /// Task ids that start with high priority.
  uint64_t high_priority = 0;
  bool separate_control_table = false;
  uint8_t control_stride = 1;
  std::vector<tir::RotatingTask> rotating;
  /// Where each of them was bound.
  std::vector<Span> rotating_spans;
  std::array<QueueInit, 8> input_queues{};
  std::array<QueueInit, 8> output_queues{};
  /// Colors that fabin/fabout descriptors named for a queue nobody initialised.
  std::array<int, 8> implied_input_color{-1, -1, -1, -1, -1, -1, -1, -1};
  std::array<int, 8> implied_output_color{-1, -1, -1, -1, -1, -1, -1, -1};
  std::vector<FifoInit> fifos;
  std::vector<DsrInit> dsr_inits;
  std::vector<tir::DsrConfig> dsr_configs{1};
  std::vector<PendingTaskId> pending_ids;
  /// Registers some load gave `save_address`, by DsrRef::encode().
  std::array<bool, 48> dsr_saves{};
  std::vector<tir::Mem4dShape> shapes;
  std::vector<Handler> teardown_handlers;
  std::vector<Handler> empty_queue_handlers;
  std::vector<tir::ConfigWrite> config_writes;
  std::vector<HostSymbol> host_symbols;
  std::vector<LocalColorConfig> color_configs;
  bool has_rpc = false;
  /// A module said `@__host_link()`: memcpy's resources are taken.
  bool host_link = false;
  // For the checks at the end (device_check.cpp).
  std::vector<FabricDsd> fabric_dsds;
  std::vector<FabricDsd> fabric_uses;
  std::vector<Activation> activations;
  std::vector<NamedDsr> named_dsrs;
  InFlight in_flight;

  // Layout evaluation only: what was parsed and found before, for speed.
  struct ParsedConfig {
    Value value;
    int color = 0;
    plan::ColorConfig config;
  };
  std::unordered_multimap<uint64_t, std::unique_ptr<ParsedConfig>> parsed_configs;
  std::unordered_map<uint64_t, const SourceFile*> tile_files;
  std::unordered_set<uint64_t> checked_bindings;
};

}  // namespace weft::sema
