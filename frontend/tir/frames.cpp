// Places address-taken locals and local arrays: fixed addresses, overlaid along the call graph, since a PE runs one
// task at a time. Functions on a call cycle take their frames from a bounded stack behind them.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/base/check.h"
#include "frontend/tir/tir.h"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace weft::tir {

namespace {

constexpr uint32_t kAlign = 4;
// A recursive call takes some stack even without a frame, so that endless recursion ends at the same depth in every
// engine.
constexpr uint32_t kLeastRecursiveFrame = 8;
constexpr uint32_t kStackBytes = 2048;
constexpr uint32_t kLeastDepth = 8;

uint32_t aligned(uint32_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

// Nodes are the functions, then one node per signature that is called indirectly: it stands between the callers and
// every function of that signature.
struct CallGraph {
  std::vector<std::vector<uint32_t>> callees;
  uint32_t functions = 0;
};

CallGraph callGraph(const Program& p) {
  CallGraph graph;
  graph.functions = static_cast<uint32_t>(p.functions.size());
  graph.callees.resize(graph.functions);
  // An indirect call does not know the types of its constant arguments, so the number of them is compared.
  std::map<std::pair<Type, uint32_t>, uint32_t> signatures;
  for (uint32_t k = 0; k < graph.functions; ++k) {
    for (const Block& block : p.functions[k].blocks) {
      for (uint32_t at = block.begin; at < block.end; ++at) {
        const Inst& i = p.insts[at];
        if (i.op == Op::Call) graph.callees[k].push_back(i.imm);
        if (i.op != Op::CallIndirect) continue;
        const auto [it, added] =
            signatures.try_emplace({i.type, i.args_count}, static_cast<uint32_t>(graph.callees.size()));
        if (added) graph.callees.emplace_back();
        graph.callees[k].push_back(it->second);
      }
    }
  }
  for (uint32_t k = 0; k < graph.functions && !signatures.empty(); ++k) {
    const Function& f = p.functions[k];
    if (f.kind == FunctionKind::Task) continue;
    const auto it = signatures.find({f.result, f.param_count});
    if (it != signatures.end()) graph.callees[it->second].push_back(k);
  }
  for (auto& list : graph.callees) {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
  }
  return graph;
}

// Tarjan's algorithm without recursion. Components are numbered callees first.
struct Components {
  std::vector<uint32_t> of;
  std::vector<uint32_t> size;
};

Components components(const CallGraph& graph) {
  const auto n = static_cast<uint32_t>(graph.callees.size());
  constexpr uint32_t kUnseen = 0xffffffffu;
  Components result;
  result.of.assign(n, kUnseen);
  std::vector<uint32_t> order(n, kUnseen), low(n, 0), stack;
  std::vector<bool> on_stack(n, false);
  struct Visit {
    uint32_t node;
    uint32_t next;
  };
  std::vector<Visit> visits;
  uint32_t counter = 0;
  for (uint32_t root = 0; root < n; ++root) {
    if (order[root] != kUnseen) continue;
    visits.push_back({root, 0});
    while (!visits.empty()) {
      const uint32_t v = visits.back().node;
      if (visits.back().next == 0) {
        order[v] = low[v] = counter++;
        stack.push_back(v);
        on_stack[v] = true;
      }
      bool descended = false;
      while (visits.back().next < graph.callees[v].size()) {
        const uint32_t w = graph.callees[v][visits.back().next++];
        if (order[w] == kUnseen) {
          visits.push_back({w, 0});
          descended = true;
          break;
        }
        if (on_stack[w]) low[v] = std::min(low[v], order[w]);
      }
      if (descended) continue;
      if (low[v] == order[v]) {
        const auto id = static_cast<uint32_t>(result.size.size());
        result.size.push_back(0);
        uint32_t w;
        do {
          w = stack.back();
          stack.pop_back();
          on_stack[w] = false;
          result.of[w] = id;
          ++result.size[id];
        } while (w != v);
      }
      visits.pop_back();
      if (!visits.empty()) low[visits.back().node] = std::min(low[visits.back().node], low[v]);
    }
  }
  return result;
}

}  // namespace

void assignFrames(Program& program, uint32_t frame_base) {
  const CallGraph graph = callGraph(program);
  const Components parts = components(graph);
  const auto nodes = static_cast<uint32_t>(graph.callees.size());

  uint32_t largest = 0;
  for (uint32_t k = 0; k < graph.functions; ++k) {
    Function& f = program.functions[k];
    const auto& callees = graph.callees[k];
    f.recursive = parts.size[parts.of[k]] > 1 || std::binary_search(callees.begin(), callees.end(), k);
    if (f.recursive) {
      f.frame_bytes = aligned(std::max(f.frame_bytes, kLeastRecursiveFrame));
      largest = std::max(largest, f.frame_bytes);
    }
  }

  // Callers have higher component numbers than their callees: walk down and push the end of each frame into the
  // callees.
  std::vector<uint32_t> by_component(nodes);
  for (uint32_t k = 0; k < nodes; ++k) by_component[k] = k;
  std::stable_sort(by_component.begin(), by_component.end(),
                   [&](uint32_t a, uint32_t b) { return parts.of[a] > parts.of[b]; });
  std::vector<uint32_t> start(parts.size.size(), aligned(frame_base));
  uint32_t end = aligned(frame_base);
  for (uint32_t k : by_component) {
    uint32_t behind = start[parts.of[k]];
    if (k < graph.functions && !program.functions[k].recursive) behind += aligned(program.functions[k].frame_bytes);
    end = std::max(end, behind);
    for (uint32_t callee : graph.callees[k]) {
      uint32_t& s = start[parts.of[callee]];
      if (parts.of[callee] != parts.of[k]) s = std::max(s, behind);
    }
  }

  std::unordered_map<uint64_t, uint32_t> constants;
  for (size_t k = 0; k < program.constants.size(); ++k)
    constants.try_emplace(program.constants[k], static_cast<uint32_t>(k));
  for (uint32_t k = 0; k < graph.functions; ++k) {
    const Function& f = program.functions[k];
    if (f.recursive || f.frame_bytes == 0) continue;
    for (const Block& block : f.blocks) {
      for (uint32_t at = block.begin; at < block.end; ++at) {
        Inst& i = program.insts[at];
        if (i.op != Op::FrameAddr) continue;
        const uint64_t address = (start[parts.of[k]] + i.imm) & 0xffffu;
        const auto [it, added] = constants.try_emplace(address, static_cast<uint32_t>(program.constants.size()));
        if (added) program.constants.push_back(address);
        i.op = Op::Copy;
        i.type = Type::I16;
        i.imm = 0;
        i.a = Operand::constant(it->second);
      }
    }
  }

  program.stack_base = 0;
  program.stack_bytes = 0;
  if (largest > 0) {
    const uint32_t bytes = std::max(kStackBytes, largest * kLeastDepth);
    // Too big a program is diagnosed by whoever checks the memory budget; here only the fields must hold it.
    program.stack_base = static_cast<uint16_t>(std::min(end, 0xfffcu));
    program.stack_bytes = static_cast<uint16_t>(std::min(bytes, 0xfffcu));
    end += bytes;
  }
  program.private_bytes = end;
}

}  // namespace weft::tir
