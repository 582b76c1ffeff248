// Binary form of a plan: versioned, little-endian variable-length numbers, planes run-length coded.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/plan/plan.h"

#include <cstring>

namespace weft::plan {
namespace {

constexpr std::string_view kMagic = "WEFTPLAN";
constexpr uint64_t kVersion = 2;

class Writer {
 public:
  std::string out;
  void number(uint64_t v) {
    while (v >= 0x80) {
      out.push_back(static_cast<char>(v | 0x80));
      v >>= 7;
    }
    out.push_back(static_cast<char>(v));
  }
  void text(std::string_view s) {
    number(s.size());
    out.append(s);
  }
  // Runs of equal values.
  void plane(const std::vector<uint32_t>& v) {
    number(v.size());
    for (size_t i = 0; i < v.size();) {
      size_t j = i + 1;
      while (j < v.size() && v[j] == v[i]) ++j;
      number(j - i);
      number(v[i]);
      i = j;
    }
  }
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  uint64_t number() {
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (at_ >= bytes_.size()) {
        ok_ = false;
        return 0;
      }
      const auto b = static_cast<uint8_t>(bytes_[at_++]);
      v |= static_cast<uint64_t>(b & 0x7f) << shift;
      if ((b & 0x80) == 0) return v;
    }
    ok_ = false;
    return 0;
  }
  // A count of things that take at least one byte each.
  size_t count(size_t limit = SIZE_MAX) {
    const uint64_t n = number();
    if (n > bytes_.size() - at_ && n > limit) ok_ = false;
    return ok_ ? static_cast<size_t>(n) : 0;
  }
  std::string text() {
    const uint64_t n = number();
    if (!ok_ || n > bytes_.size() - at_) {
      ok_ = false;
      return {};
    }
    std::string s(bytes_.substr(at_, n));
    at_ += n;
    return s;
  }
  void plane(std::vector<uint32_t>& v, uint64_t area) {
    const uint64_t n = number();
    if (!ok_ || (n != 0 && n != area)) {
      ok_ = false;
      return;
    }
    v.reserve(n);
    while (ok_ && v.size() < n) {
      const uint64_t run = number();
      const uint64_t value = number();
      if (run == 0 || run > n - v.size()) {
        ok_ = false;
        return;
      }
      v.insert(v.end(), run, static_cast<uint32_t>(value));
    }
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] size_t left() const { return bytes_.size() - at_; }

 private:
  std::string_view bytes_;
  size_t at_ = 0;
  bool ok_ = true;
};

void writeConfig(Writer& w, const ColorConfig& c) {
  w.number(c.rx);
  w.number(c.tx);
  for (const SwitchPosition& p : c.positions) {
    w.number(p.valid ? 1 : 0);
    w.number(p.rx ? *p.rx + 1u : 0u);
    w.number(p.tx ? *p.tx + 1u : 0u);
  }
  w.number(c.initial_position);
  w.number((c.ring ? 1u : 0u) | (c.teardown ? 2u : 0u) | (c.swap_x ? 4u : 0u) | (c.swap_y ? 8u : 0u));
  w.number(static_cast<uint64_t>(c.pop));
  const Filter& f = c.filter;
  w.number(static_cast<uint64_t>(f.kind));
  w.number((f.count_data ? 1u : 0u) | (f.count_control ? 2u : 0u) | (f.filter_control ? 4u : 0u));
  w.number(f.init_counter);
  w.number(f.limit1);
  w.number(f.limit2 ? *f.limit2 + 1u : 0u);
  w.number(f.max_counter);
  w.number(f.min_index);
  w.number(f.max_index);
  w.text(c.where.path);
  w.number(c.where.line);
  w.number(c.where.column);
}

ColorConfig readConfig(Reader& r) {
  ColorConfig c;
  c.rx = static_cast<target::PortMask>(r.number());
  c.tx = static_cast<target::PortMask>(r.number());
  for (SwitchPosition& p : c.positions) {
    p.valid = r.number() != 0;
    if (const uint64_t v = r.number(); v != 0) p.rx = static_cast<target::PortMask>(v - 1);
    if (const uint64_t v = r.number(); v != 0) p.tx = static_cast<target::PortMask>(v - 1);
  }
  c.initial_position = static_cast<uint8_t>(r.number());
  const uint64_t flags = r.number();
  c.ring = (flags & 1) != 0;
  c.teardown = (flags & 2) != 0;
  c.swap_x = (flags & 4) != 0;
  c.swap_y = (flags & 8) != 0;
  c.pop = static_cast<PopMode>(r.number() & 3);
  Filter& f = c.filter;
  f.kind = static_cast<FilterKind>(r.number() & 3);
  const uint64_t counts = r.number();
  f.count_data = (counts & 1) != 0;
  f.count_control = (counts & 2) != 0;
  f.filter_control = (counts & 4) != 0;
  f.init_counter = static_cast<uint16_t>(r.number());
  f.limit1 = static_cast<uint16_t>(r.number());
  if (const uint64_t v = r.number(); v != 0) f.limit2 = static_cast<uint16_t>(v - 1);
  f.max_counter = static_cast<uint16_t>(r.number());
  f.min_index = static_cast<uint16_t>(r.number());
  f.max_index = static_cast<uint16_t>(r.number());
  c.where.path = r.text();
  c.where.line = static_cast<uint32_t>(r.number());
  c.where.column = static_cast<uint32_t>(r.number());
  return c;
}

void writePairs(Writer& w, const std::vector<std::pair<std::string, std::string>>& list) {
  w.number(list.size());
  for (const auto& [name, value] : list) w.text(name), w.text(value);
}

void readPairs(Reader& r, std::vector<std::pair<std::string, std::string>>& list) {
  for (size_t n = r.count(); n > 0 && r.ok(); --n) {
    std::string name = r.text();
    std::string value = r.text();
    list.emplace_back(std::move(name), std::move(value));
  }
}

}  // namespace

std::string serialize(const FabricPlan& plan) {
  Writer w;
  w.out = kMagic;
  w.number(kVersion);
  w.number(static_cast<uint64_t>(plan.arch));
  w.number(static_cast<uint64_t>(plan.fp16));
  for (const uint32_t v :
       {plan.extent.width, plan.extent.height, plan.fabric.width, plan.fabric.height, plan.offset.x, plan.offset.y}) {
    w.number(v);
  }
  w.number(plan.host.memcpy ? 1 : 0);
  w.number(static_cast<uint64_t>(plan.host.channels));
  for (const int c : plan.host.h2d) w.number(static_cast<uint64_t>(c + 1));
  for (const int c : plan.host.d2h) w.number(static_cast<uint64_t>(c + 1));
  w.plane(plan.program_of);
  w.plane(plan.slots_of);
  w.number(plan.slot_values.size());
  for (const uint64_t v : plan.slot_values) w.number(v);
  w.number(plan.color_configs.size());
  for (const ColorConfig& c : plan.color_configs) writeConfig(w, c);
  for (const auto& plane : plan.config_of) w.plane(plane);
  w.number(plan.exports.size());
  for (const Export& e : plan.exports) {
    w.text(e.name);
    w.number((e.is_function ? 1u : 0u) | (e.is_mutable ? 2u : 0u));
    w.text(e.type);
    w.number(e.inputs.size());
    for (const Param& p : e.inputs) w.text(p.name), w.text(p.type);
  }
  writePairs(w, plan.params);
  writePairs(w, plan.colors);
  w.text(plan.source_path);
  w.number(plan.streams.size());
  for (const PortStream& p : plan.streams) {
    w.text(p.name);
    for (const uint32_t v : {p.input ? 1u : 0u, p.at.x, p.at.y, uint32_t{p.color}, p.buffer_words}) w.number(v);
  }
  w.number(plan.presets.size());
  for (const Preset& p : plan.presets) {
    for (const uint32_t v : {p.at.x, p.at.y, p.address}) w.number(v);
    w.text(p.bytes);
  }
  return w.out;
}

Result<FabricPlan> deserialize(std::string_view bytes, diag::Sink& sink) {
  const auto damaged = [&] {
    sink.error(diag::Code::E0803, {}, "the fabric plan is damaged or of another version").emit();
    return Reported{};
  };
  if (!bytes.starts_with(kMagic)) return damaged();
  Reader r(bytes.substr(kMagic.size()));
  if (r.number() != kVersion) return damaged();
  FabricPlan plan;
  plan.arch = static_cast<target::Arch>(r.number() & 1);
  plan.fp16 = static_cast<target::Fp16Format>(r.number() % 3);
  for (uint32_t* v : {&plan.extent.width, &plan.extent.height, &plan.fabric.width, &plan.fabric.height, &plan.offset.x,
                      &plan.offset.y}) {
    *v = static_cast<uint32_t>(r.number());
  }
  if (!r.ok() || plan.extent.area() == 0 || plan.extent.area() > (1u << 28)) return damaged();
  const uint64_t area = plan.extent.area();
  plan.host.memcpy = r.number() != 0;
  plan.host.channels = static_cast<int>(r.number());
  for (int& c : plan.host.h2d) c = static_cast<int>(r.number()) - 1;
  for (int& c : plan.host.d2h) c = static_cast<int>(r.number()) - 1;
  r.plane(plan.program_of, area);
  r.plane(plan.slots_of, area);
  size_t n = r.count();
  plan.slot_values.reserve(n);
  for (; n > 0 && r.ok(); --n) plan.slot_values.push_back(r.number());
  plan.color_configs.clear();
  for (n = r.count(); n > 0 && r.ok(); --n) plan.color_configs.push_back(readConfig(r));
  for (auto& plane : plan.config_of) r.plane(plane, area);
  for (n = r.count(); n > 0 && r.ok(); --n) {
    Export e;
    e.name = r.text();
    const uint64_t flags = r.number();
    e.is_function = (flags & 1) != 0;
    e.is_mutable = (flags & 2) != 0;
    e.type = r.text();
    for (size_t k = r.count(); k > 0 && r.ok(); --k) {
      std::string name = r.text();
      e.inputs.push_back({std::move(name), r.text()});
    }
    plan.exports.push_back(std::move(e));
  }
  readPairs(r, plan.params);
  readPairs(r, plan.colors);
  plan.source_path = r.text();
  const auto small = [&r] { return static_cast<uint32_t>(r.number()); };
  const auto inside = [&](PeCoord at) { return at.x < plan.extent.width && at.y < plan.extent.height; };
  bool good = true;
  for (n = r.count(); n > 0 && r.ok(); --n) {
    PortStream p;
    p.name = r.text();
    p.input = r.number() != 0;
    p.at.x = small();
    p.at.y = small();
    p.color = static_cast<uint8_t>(r.number());
    p.buffer_words = small();
    good = good && inside(p.at) && p.color < target::kColorCount;
    plan.streams.push_back(std::move(p));
  }
  for (n = r.count(); n > 0 && r.ok(); --n) {
    Preset p;
    p.at.x = small();
    p.at.y = small();
    p.address = small();
    p.bytes = r.text();
    good = good && inside(p.at);
    plan.presets.push_back(std::move(p));
  }
  if (!r.ok() || !good || r.left() != 0 || plan.program_of.size() != area || plan.color_configs.empty())
    return damaged();
  for (const auto& plane : plan.config_of) {
    for (const uint32_t i : plane) {
      if (i >= plan.color_configs.size()) return damaged();
    }
  }
  return plan;
}

}  // namespace weft::plan
