// Sharing of one program among PEs whose params differ (architecture.md section 1, "sharing is found, not assumed").
// Integer leaves of the params struct are symbols; analysis computes expressions over them and asks for a value only
// where it must decide something. Questions and answers form a trie per file; its leaves are programs.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/comptime/value.h"

#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

namespace weft::comptime {

enum class SymOp : uint8_t {
  Param,  // imm = leaf number
  Const,  // imm
  Add,
  Sub,
  Mul,
  Div,
  Rem,  // exact integers; a division by zero gives 0 (the divisor was asked about before)
  Shl,
  Shr,
  And,
  Or,
  Xor,
  Not,
  Neg,
  Eq,
  Lt,
  Le,       // 0 or 1
  Wrap,     // a modulo 2^bits; imm = bits * 2 + signed
  InRange,  // imm = lower bound, c = node of the upper bound constant
  Select,   // a ? b : c
  LogicalNot,
};

/// Hash-consed expressions over the leaves of one Group. Operands have smaller numbers than the node itself.
class SymPool {
 public:
  /// `lo`, `hi`: bounds known from the leaf's type.
  SymId param(uint32_t index, Int128 lo, Int128 hi);
  SymId constant(Int128 v);
  SymId make(SymOp op, SymId a, SymId b = kNoSym, SymId c = kNoSym, Int128 imm = 0);
  /// Whether `n` is certain to lie in [lo, hi] whatever the leaves are.
  [[nodiscard]] bool within(SymId n, Int128 lo, Int128 hi) const { return nodes_[n].lo >= lo && nodes_[n].hi <= hi; }
  /// If the node can have one value only.
  [[nodiscard]] bool isConstant(SymId n) const { return nodes_[n].lo == nodes_[n].hi; }
  [[nodiscard]] Int128 constantValue(SymId n) const { return nodes_[n].lo; }
  [[nodiscard]] size_t size() const { return nodes_.size(); }
  /// Text such as `(p0 + 1) % 4`, for dumps and tests.
  [[nodiscard]] std::string toString(SymId n) const;

  /// Starts a new assignment of the leaves; `leaves` must live until the next call.
  void bind(std::span<const Int128> leaves);
  /// Value under the current assignment; no allocation, each node computed once per assignment.
  Int128 evaluate(SymId n);

 private:
  struct Node {
    SymOp op{};
    SymId a = kNoSym, b = kNoSym, c = kNoSym;
    Int128 imm = 0;
    Int128 lo = 0, hi = 0;
  };
  void bound(Node& n) const;
  std::vector<Node> nodes_;
  std::unordered_multimap<uint64_t, SymId> index_;
  std::span<const Int128> leaves_;
  std::vector<Int128> values_;
  std::vector<uint32_t> stamps_;
  uint32_t stamp_ = 0;
};

/// All instantiations of one file with params that are equal but for the symbolic leaves.
class Group;

/// Takes down the questions of one analysis run. Null pointer instead of a Recorder: nothing is symbolic.
class Recorder {
 public:
  Recorder(Group& group, std::span<const Int128> leaves);
  /// The value of the node for the PE at hand; the answer becomes part of what makes PEs alike.
  Int128 ask(SymId n);
  [[nodiscard]] SymPool& pool();
  /// Value without a question: only for payloads of values that stay symbolic.
  Int128 peek(SymId n);
  /// Ends the run: PEs with the same answers get `leaf`.
  void finish(uint32_t leaf);

 private:
  friend class Group;
  Group& group_;
  std::vector<Int128> leaves_;
  uint32_t at_ = 0;
  std::vector<bool> asked_;
};

class Group {
 public:
  Group() { nodes_.emplace_back(); }
  static constexpr uint32_t kNoLeaf = 0xffffffffu;
  /// The program of a PE with these leaves, or kNoLeaf: then analyse with a Recorder.
  uint32_t find(std::span<const Int128> leaves);
  /// Evaluates `syms` (the slots of a program) for a PE; out[i] = low 64 bits.
  void evaluate(std::span<const Int128> leaves, std::span<const SymId> syms, uint64_t* out);
  [[nodiscard]] SymPool& pool() { return pool_; }
  [[nodiscard]] size_t questionCount() const { return nodes_.size(); }
  /// Every question asked, with the number of different answers on each way through the trie: "(p0 == 0): 2".
  [[nodiscard]] std::vector<std::string> questions() const;
  /// The params the group was made for; the others differ in symbolic leaves only.
  [[nodiscard]] const Value& params() const { return params_; }

 private:
  friend class Recorder;
  // One trie node: a question and the children by answer; or a leaf.
  struct TrieNode {
    SymId question = kNoSym;
    uint32_t leaf = kNoLeaf;
    // Two answers inline (bools), the rest in `more`.
    Int128 answer[2] = {0, 0};
    uint32_t child[2] = {0, 0};
    std::unique_ptr<std::unordered_map<uint64_t, uint32_t>> more;
  };
  [[nodiscard]] uint32_t childOf(const TrieNode& n, Int128 answer) const;
  uint32_t addChild(uint32_t node, Int128 answer);
  friend class Sharing;
  SymPool pool_;
  std::vector<TrieNode> nodes_;
  Value params_;
};

/// Groups of a whole layout run.
class Sharing {
 public:
  /// With `enabled` false every distinct params value has its own group (same analysis, no sharing): for tests.
  explicit Sharing(bool enabled = true) : enabled_(enabled) {}
  /// Splits `params` (a struct value; nested structs too) into symbolic leaves and the rest; finds or makes the group
  /// of (file, rest). `leaves` is filled with the integer leaves in order.
  Group& groupOf(uint64_t file_key, const Value& params, const types::Pool& pool, std::vector<Int128>& leaves);
  /// The group's params with the integer leaves made symbolic and given the values of one PE, for an analysis in
  /// `group`.
  static Value symbolicParams(const types::Pool& pool, Group& group, std::span<const Int128> leaves);

 private:
  struct Entry {
    uint64_t file_key = 0;
    std::unique_ptr<Group> group;
  };
  bool enabled_;
  std::unordered_multimap<uint64_t, Entry> groups_;
};

}  // namespace weft::comptime
