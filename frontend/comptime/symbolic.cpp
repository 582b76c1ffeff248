// Symbolic expressions, and the trie of questions and answers that maps PEs to programs.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/comptime/symbolic.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::comptime {
namespace {

constexpr Int128 kUnbounded = static_cast<Int128>(1) << 120;
constexpr Int128 kSmall = static_cast<Int128>(1) << 56;

uint64_t mix(uint64_t h, uint64_t v) {
  h ^= v + 0x9e3779b97f4a7c15ull + (h << 6) + (h >> 2);
  h *= 0xff51afd7ed558ccdull;
  return h ^ (h >> 32);
}

Int128 wrapTo(Int128 v, uint32_t bits, bool is_signed) {
  if (bits == 0) return 0;
  if (bits >= 127) return v;
  const Int128 modulus = static_cast<Int128>(1) << bits;
  Int128 r = v & (modulus - 1);
  if (is_signed && (r & (modulus >> 1)) != 0) r -= modulus;
  return r;
}

Int128 shiftLeft(Int128 a, Int128 b) {
  return b < 0 || b > 126 ? 0 : static_cast<Int128>(static_cast<unsigned __int128>(a) << static_cast<int>(b));
}
Int128 shiftRight(Int128 a, Int128 b) { return b < 0 || b > 126 ? (a < 0 ? -1 : 0) : a >> static_cast<int>(b); }

}  // namespace

SymId SymPool::param(uint32_t index, Int128 lo, Int128 hi) {
  const SymId n = make(SymOp::Param, kNoSym, kNoSym, kNoSym, index);
  nodes_[n].lo = lo;
  nodes_[n].hi = hi;
  return n;
}

SymId SymPool::constant(Int128 v) { return make(SymOp::Const, kNoSym, kNoSym, kNoSym, v); }

SymId SymPool::make(SymOp op, SymId a, SymId b, SymId c, Int128 imm) {
  uint64_t h = mix(static_cast<uint64_t>(op), a);
  h = mix(mix(mix(mix(h, b), c), static_cast<uint64_t>(imm)), static_cast<uint64_t>(imm >> 64));
  const auto [begin, end] = index_.equal_range(h);
  for (auto it = begin; it != end; ++it) {
    const Node& n = nodes_[it->second];
    if (n.op == op && n.a == a && n.b == b && n.c == c && n.imm == imm) return it->second;
  }
  WEFT_CHECK(nodes_.size() < kNoSym, "too many symbolic expressions");
  const auto id = static_cast<SymId>(nodes_.size());
  nodes_.push_back({op, a, b, c, imm, 0, 0});
  bound(nodes_.back());
  values_.push_back(0);
  stamps_.push_back(0);
  index_.emplace(h, id);
  return id;
}

void SymPool::bound(Node& n) const {
  n.lo = -kUnbounded;
  n.hi = kUnbounded;
  const auto lo = [&](SymId s) { return nodes_[s].lo; };
  const auto hi = [&](SymId s) { return nodes_[s].hi; };
  const auto small = [&](SymId s) { return lo(s) > -kSmall && hi(s) < kSmall; };
  switch (n.op) {
    case SymOp::Param: break;
    case SymOp::Const: n.lo = n.hi = n.imm; break;
    case SymOp::Add:
      if (small(n.a) && small(n.b)) n.lo = lo(n.a) + lo(n.b), n.hi = hi(n.a) + hi(n.b);
      break;
    case SymOp::Sub:
      if (small(n.a) && small(n.b)) n.lo = lo(n.a) - hi(n.b), n.hi = hi(n.a) - lo(n.b);
      break;
    case SymOp::Mul:
      if (small(n.a) && small(n.b)) {
        const Int128 p[] = {lo(n.a) * lo(n.b), lo(n.a) * hi(n.b), hi(n.a) * lo(n.b), hi(n.a) * hi(n.b)};
        n.lo = *std::min_element(p, p + 4);
        n.hi = *std::max_element(p, p + 4);
      }
      break;
    case SymOp::Div:
      if (small(n.a) && small(n.b)) {
        if (lo(n.a) >= 0 && lo(n.b) >= 1) {
          n.lo = lo(n.a) / hi(n.b), n.hi = hi(n.a) / lo(n.b);
        } else {
          const Int128 m = std::max(-lo(n.a), hi(n.a));
          n.lo = -m, n.hi = m;
        }
      }
      break;
    case SymOp::Rem:
      if (small(n.b)) {
        const Int128 m = std::max(-lo(n.b), hi(n.b));
        n.hi = std::min<Int128>(hi(n.a) < 0 ? 0 : hi(n.a), m > 0 ? m - 1 : 0);
        n.lo = lo(n.a) >= 0 ? 0 : -(m > 0 ? m - 1 : 0);
      }
      break;
    case SymOp::Shl:
      if (small(n.a) && lo(n.b) >= 0 && hi(n.b) <= 48) {
        n.lo = std::min(shiftLeft(lo(n.a), hi(n.b)), shiftLeft(lo(n.a), lo(n.b)));
        n.hi = std::max(shiftLeft(hi(n.a), hi(n.b)), shiftLeft(hi(n.a), lo(n.b)));
      }
      break;
    case SymOp::Shr:
      if (lo(n.a) >= 0)
        n.lo = 0, n.hi = hi(n.a);
      else
        n.lo = lo(n.a), n.hi = std::max<Int128>(hi(n.a), 0);
      break;
    case SymOp::And:
      if (lo(n.a) >= 0 && lo(n.b) >= 0) n.lo = 0, n.hi = std::min(hi(n.a), hi(n.b));
      break;
    case SymOp::Or:
    case SymOp::Xor:
      if (lo(n.a) >= 0 && lo(n.b) >= 0) {
        Int128 m = 1;
        while (m <= std::max(hi(n.a), hi(n.b)) && m < kUnbounded) m <<= 1;
        n.lo = 0, n.hi = m - 1;
      }
      break;
    case SymOp::Not: n.lo = -hi(n.a) - 1, n.hi = -lo(n.a) - 1; break;
    case SymOp::Neg: n.lo = -hi(n.a), n.hi = -lo(n.a); break;
    case SymOp::Eq:
      n.lo = lo(n.a) == hi(n.a) && lo(n.b) == hi(n.b) && lo(n.a) == lo(n.b) ? 1 : 0;
      n.hi = hi(n.a) < lo(n.b) || lo(n.a) > hi(n.b) ? 0 : 1;
      break;
    case SymOp::Lt:
      n.lo = hi(n.a) < lo(n.b) ? 1 : 0;
      n.hi = lo(n.a) >= hi(n.b) ? 0 : 1;
      break;
    case SymOp::Le:
      n.lo = hi(n.a) <= lo(n.b) ? 1 : 0;
      n.hi = lo(n.a) > hi(n.b) ? 0 : 1;
      break;
    case SymOp::InRange:
    case SymOp::LogicalNot: n.lo = 0, n.hi = 1; break;
    case SymOp::Wrap: {
      const auto bits = static_cast<uint32_t>(n.imm >> 1);
      const bool is_signed = (n.imm & 1) != 0;
      if (bits < 100) {
        const Int128 modulus = static_cast<Int128>(1) << bits;
        n.lo = is_signed ? -(modulus >> 1) : 0;
        n.hi = is_signed ? (modulus >> 1) - 1 : modulus - 1;
      }
      break;
    }
    case SymOp::Select:
      n.lo = std::min(lo(n.b), lo(n.c));
      n.hi = std::max(hi(n.b), hi(n.c));
      break;
  }
}

void SymPool::bind(std::span<const Int128> leaves) {
  leaves_ = leaves;
  if (++stamp_ == 0) {
    std::fill(stamps_.begin(), stamps_.end(), 0);
    stamp_ = 1;
  }
}

// Depth first without recursion: a comptime loop can make chains of any length.
Int128 SymPool::evaluate(SymId root) {
  const auto known = [&](SymId s) { return s == kNoSym || stamps_[s] == stamp_; };
  const auto compute = [&](SymId id) {
    const Node& n = nodes_[id];
    const Int128 a = n.a == kNoSym ? 0 : values_[n.a];
    const Int128 b = n.b == kNoSym ? 0 : values_[n.b];
    const auto ua = static_cast<unsigned __int128>(a);
    const auto ub = static_cast<unsigned __int128>(b);
    Int128 r = 0;
    switch (n.op) {
      case SymOp::Param: r = leaves_[static_cast<size_t>(n.imm)]; break;
      case SymOp::Const: r = n.imm; break;
      case SymOp::Add: r = static_cast<Int128>(ua + ub); break;
      case SymOp::Sub: r = static_cast<Int128>(ua - ub); break;
      case SymOp::Mul: r = static_cast<Int128>(ua * ub); break;
      case SymOp::Div: r = b == 0 ? 0 : b == -1 ? static_cast<Int128>(-ua) : a / b; break;
      case SymOp::Rem: r = b == 0 || b == -1 ? 0 : a % b; break;
      case SymOp::Shl: r = shiftLeft(a, b); break;
      case SymOp::Shr: r = shiftRight(a, b); break;
      case SymOp::And: r = a & b; break;
      case SymOp::Or: r = a | b; break;
      case SymOp::Xor: r = a ^ b; break;
      case SymOp::Not: r = ~a; break;
      case SymOp::Neg: r = static_cast<Int128>(-ua); break;
      case SymOp::Eq: r = a == b ? 1 : 0; break;
      case SymOp::Lt: r = a < b ? 1 : 0; break;
      case SymOp::Le: r = a <= b ? 1 : 0; break;
      case SymOp::Wrap: r = wrapTo(a, static_cast<uint32_t>(n.imm >> 1), (n.imm & 1) != 0); break;
      case SymOp::InRange: r = a >= n.imm && a <= values_[n.c] ? 1 : 0; break;
      case SymOp::Select: r = a != 0 ? b : values_[n.c]; break;
      case SymOp::LogicalNot: r = a == 0 ? 1 : 0; break;
    }
    values_[id] = r;
    stamps_[id] = stamp_;
  };
  if (known(root)) return values_[root];
  constexpr size_t kShallow = 64;
  SymId shallow[kShallow] = {root};
  size_t size = 1;
  // Only chains deeper than the array above come here.
  std::vector<SymId> deep;
  while (size > 0 || !deep.empty()) {
    const SymId top = deep.empty() ? shallow[size - 1] : deep.back();
    bool ready = true;
    if (!known(top)) {
      for (const SymId s : {nodes_[top].a, nodes_[top].b, nodes_[top].c}) {
        if (known(s)) continue;
        ready = false;
        if (deep.empty() && size < kShallow)
          shallow[size++] = s;
        else
          deep.push_back(s);
      }
      if (ready) compute(top);
    }
    if (!ready) continue;
    if (deep.empty())
      --size;
    else
      deep.pop_back();
  }
  return values_[root];
}

std::string SymPool::toString(SymId id) const {
  const Node& n = nodes_[id];
  const auto two = [&](const char* op) { return fmt::format("({} {} {})", toString(n.a), op, toString(n.b)); };
  switch (n.op) {
    case SymOp::Param: return fmt::format("p{}", n.imm);
    case SymOp::Const: return fmt::format("{}", n.imm);
    case SymOp::Add: return two("+");
    case SymOp::Sub: return two("-");
    case SymOp::Mul: return two("*");
    case SymOp::Div: return two("/");
    case SymOp::Rem: return two("%");
    case SymOp::Shl: return two("<<");
    case SymOp::Shr: return two(">>");
    case SymOp::And: return two("&");
    case SymOp::Or: return two("|");
    case SymOp::Xor: return two("^");
    case SymOp::Eq: return two("==");
    case SymOp::Lt: return two("<");
    case SymOp::Le: return two("<=");
    case SymOp::Not: return "~" + toString(n.a);
    case SymOp::Neg: return "-" + toString(n.a);
    case SymOp::LogicalNot: return "!" + toString(n.a);
    case SymOp::Wrap: return fmt::format("{}{}({})", (n.imm & 1) != 0 ? "i" : "u", n.imm >> 1, toString(n.a));
    case SymOp::InRange: return fmt::format("({} in {}..{})", toString(n.a), n.imm, toString(n.c));
    case SymOp::Select: return fmt::format("({} ? {} : {})", toString(n.a), toString(n.b), toString(n.c));
  }
  return {};
}

// ---- Recorder ----

Recorder::Recorder(Group& group, std::span<const Int128> leaves)
    : group_(group), leaves_(leaves.begin(), leaves.end()) {
  group_.pool_.bind(leaves_);
}

SymPool& Recorder::pool() { return group_.pool_; }

Int128 Recorder::peek(SymId n) { return group_.pool_.evaluate(n); }

Int128 Recorder::ask(SymId n) {
  const Int128 answer = peek(n);
  if (group_.pool_.isConstant(n)) return answer;
  if (n < asked_.size() && asked_[n]) return answer;
  if (asked_.size() <= n) asked_.resize(n + 64);
  asked_[n] = true;
  Group::TrieNode& at = group_.nodes_[at_];
  WEFT_CHECK(at.leaf == Group::kNoLeaf && (at.question == kNoSym || at.question == n),
             "analysis asked different questions although all answers so far were the same");
  at.question = n;
  const uint32_t child = group_.childOf(at, answer);
  at_ = child != 0 ? child : group_.addChild(at_, answer);
  return answer;
}

void Recorder::finish(uint32_t leaf) {
  Group::TrieNode& at = group_.nodes_[at_];
  WEFT_CHECK(at.question == kNoSym && at.leaf == Group::kNoLeaf, "two analyses of PEs that are alike");
  at.leaf = leaf;
}

// ---- Group ----

uint32_t Group::childOf(const TrieNode& n, Int128 answer) const {
  for (int i = 0; i < 2; ++i) {
    if (n.child[i] != 0 && n.answer[i] == answer) return n.child[i];
  }
  if (n.more == nullptr) return 0;
  const auto it = n.more->find(static_cast<uint64_t>(answer));
  return it == n.more->end() ? 0 : it->second;
}

uint32_t Group::addChild(uint32_t node, Int128 answer) {
  const auto child = static_cast<uint32_t>(nodes_.size());
  nodes_.emplace_back();
  TrieNode& n = nodes_[node];
  for (int i = 0; i < 2; ++i) {
    if (n.child[i] == 0) {
      n.child[i] = child;
      n.answer[i] = answer;
      return child;
    }
  }
  if (n.more == nullptr) n.more = std::make_unique<std::unordered_map<uint64_t, uint32_t>>();
  n.more->emplace(static_cast<uint64_t>(answer), child);
  return child;
}

uint32_t Group::find(std::span<const Int128> leaves) {
  pool_.bind(leaves);
  const TrieNode* at = &nodes_[0];
  while (at->question != kNoSym) {
    const uint32_t child = childOf(*at, pool_.evaluate(at->question));
    if (child == 0) return kNoLeaf;
    at = &nodes_[child];
  }
  return at->leaf;
}

void Group::evaluate(std::span<const Int128> leaves, std::span<const SymId> syms, uint64_t* out) {
  pool_.bind(leaves);
  for (const SymId s : syms) *out++ = static_cast<uint64_t>(pool_.evaluate(s));
}

std::vector<std::string> Group::questions() const {
  std::vector<std::string> out;
  for (const TrieNode& n : nodes_) {
    if (n.question == kNoSym) continue;
    size_t answers = n.more != nullptr ? n.more->size() : 0;
    for (const uint32_t c : n.child) answers += c != 0 ? 1 : 0;
    out.push_back(fmt::format("{}: {}", pool_.toString(n.question), answers));
  }
  return out;
}

// ---- Sharing ----

namespace {

// An integer leaf that may become a symbol: fits 64 bits.
bool isLeaf(const Value& v, const types::Pool& pool) {
  return pool.isAnyInteger(v.type()) && !v.symbolic() && v.rawInt() >= INT64_MIN && v.rawInt() <= INT64_MAX;
}

bool isPlainStruct(const Value& v, const types::Pool& pool) {
  return v.rep() == Value::Rep::Aggregate && pool.is(v.type(), types::Kind::Struct) &&
         !pool.structInfo(v.type()).is_union;
}

uint64_t hashRest(const Value& v, const types::Pool& pool, std::vector<Int128>& leaves) {
  if (isLeaf(v, pool)) {
    leaves.push_back(v.rawInt());
    return v.type().value;
  }
  if (!isPlainStruct(v, pool)) return v.hash();
  uint64_t h = v.type().value;
  for (uint64_t i = 0; i < v.elementCount(); ++i) h = mix(h, hashRest(v.element(i), pool, leaves));
  return h;
}

bool sameRest(const Value& a, const Value& b, const types::Pool& pool) {
  if (a.type() != b.type()) return false;
  const bool leaf = isLeaf(a, pool);
  if (leaf != isLeaf(b, pool)) return false;
  if (leaf) return true;
  if (!isPlainStruct(a, pool)) return a.identical(b);
  for (uint64_t i = 0; i < a.elementCount(); ++i) {
    if (!sameRest(a.element(i), b.element(i), pool)) return false;
  }
  return true;
}

Value makeSymbolic(const Value& v, const types::Pool& pool, SymPool& syms, std::span<const Int128> leaves,
                   uint32_t& next) {
  if (isLeaf(v, pool)) {
    const bool typed = pool.isInteger(v.type());
    const Int128 lo = typed ? std::max<Int128>(pool.minOf(v.type()), INT64_MIN) : INT64_MIN;
    const Int128 hi = typed ? std::min<Int128>(pool.maxOf(v.type()), INT64_MAX) : INT64_MAX;
    Value out = Value::integer(v.type(), leaves[next]);
    out.setSym(syms.param(next, lo, hi));
    ++next;
    return out;
  }
  if (!isPlainStruct(v, pool)) return v;
  std::vector<Value> parts;
  parts.reserve(v.elementCount());
  for (uint64_t i = 0; i < v.elementCount(); ++i) parts.push_back(makeSymbolic(v.element(i), pool, syms, leaves, next));
  return Value::aggregate(v.type(), std::move(parts));
}

}  // namespace

Group& Sharing::groupOf(uint64_t file_key, const Value& params, const types::Pool& pool, std::vector<Int128>& leaves) {
  leaves.clear();
  uint64_t h = mix(hashRest(params, pool, leaves), file_key);
  if (!enabled_) {
    for (const Int128 v : leaves) h = mix(h, static_cast<uint64_t>(v));
  }
  const auto [begin, end] = groups_.equal_range(h);
  for (auto it = begin; it != end; ++it) {
    const Entry& e = it->second;
    if (e.file_key != file_key) continue;
    const Value& known = e.group->params();
    if (enabled_ ? sameRest(known, params, pool) : known.identical(params)) return *e.group;
  }
  Entry entry{file_key, std::make_unique<Group>()};
  entry.group->params_ = params;
  return *groups_.emplace(h, std::move(entry))->second.group;
}

Value Sharing::symbolicParams(const types::Pool& pool, Group& group, std::span<const Int128> leaves) {
  uint32_t next = 0;
  return makeSymbolic(group.params(), pool, group.pool(), leaves, next);
}

}  // namespace weft::comptime
