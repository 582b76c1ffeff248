// The binary form of a Program (what an artifact's `.elf` files hold) and its content hash. One list of fields serves
// writing, reading and hashing. Numbers are LEB128, so the form does not depend on the host.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/tir/tir.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>
#include <cstring>
#include <type_traits>

namespace weft::tir {

namespace {

// Grows with every change of the fields below.
constexpr uint8_t kVersion = 2;
constexpr std::string_view kMagic = "WeftTIR";
// Magic, version, checksum of the rest.
constexpr size_t kHeaderBytes = 16;
// No count of anything in a 48 KB machine comes near; keeps damaged files from asking for all memory.
constexpr uint64_t kMaxCount = 1u << 24;

class Writer {
 public:
  static constexpr bool kReading = false;
  explicit Writer(bool for_hash) : for_hash_(for_hash) {}
  [[nodiscard]] bool forHash() const { return for_hash_; }
  std::string out;

  void number(uint64_t v) {
    while (v >= 0x80) {
      out += static_cast<char>(v | 0x80);
      v >>= 7;
    }
    out += static_cast<char>(v);
  }
  template <class T>
  void count(std::vector<T>& list) {
    number(list.size());
  }
  void text(std::string& s) {
    number(s.size());
    out += s;
  }
  void bytes(std::vector<uint8_t>& list) {
    number(list.size());
    out.append(reinterpret_cast<const char*>(list.data()), list.size());
  }

 private:
  bool for_hash_;
};

class Reader {
 public:
  static constexpr bool kReading = true;
  explicit Reader(std::string_view data) : data_(data) {}
  [[nodiscard]] static bool forHash() { return false; }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool atEnd() const { return data_.empty(); }
  void fail() {
    good_ = false;
    data_ = {};
  }

  void number(uint64_t& v) {
    v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (data_.empty()) return fail();
      const auto byte = static_cast<unsigned char>(data_.front());
      data_.remove_prefix(1);
      v |= static_cast<uint64_t>(byte & 0x7fu) << shift;
      if (byte < 0x80) return;
    }
    fail();
  }
  template <class T>
  void count(std::vector<T>& list) {
    uint64_t n = 0;
    number(n);
    // An element takes at least one byte.
    if (n > data_.size() || n > kMaxCount) return fail();
    list.resize(n);
  }
  void text(std::string& s) {
    uint64_t n = 0;
    number(n);
    if (n > data_.size()) return fail();
    s = data_.substr(0, n);
    data_.remove_prefix(n);
  }
  void bytes(std::vector<uint8_t>& list) {
    std::string s;
    text(s);
    list.assign(s.begin(), s.end());
  }

 private:
  std::string_view data_;
  bool good_ = true;
};

// ---- single values ----

template <class A, class T>
void value(A& a, T& v) {
  static_assert(std::is_integral_v<T>);
  if constexpr (A::kReading) {
    uint64_t raw = 0;
    a.number(raw);
    if constexpr (std::is_signed_v<T>) raw = (raw >> 1) ^ (0 - (raw & 1));
    v = static_cast<T>(raw);
    if (static_cast<uint64_t>(static_cast<std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>(v)) != raw)
      a.fail();
  } else if constexpr (std::is_signed_v<T>) {
    const auto wide = static_cast<int64_t>(v);
    a.number((static_cast<uint64_t>(wide) << 1) ^ static_cast<uint64_t>(wide >> 63));
  } else {
    a.number(static_cast<uint64_t>(v));
  }
}

template <class A, class E>
void value(A& a, E& v, E last) {
  auto raw = static_cast<uint8_t>(v);
  value(a, raw);
  if (raw > static_cast<uint8_t>(last)) {
    if constexpr (A::kReading) a.fail();
    raw = 0;
  }
  v = static_cast<E>(raw);
}

// The invalid number is common, so everything is shifted by one.
template <class A>
void shifted(A& a, uint32_t& v) {
  uint32_t raw = v + 1;
  value(a, raw);
  v = raw - 1;
}
template <class A, class Tag>
void id(A& a, Id<Tag>& v) {
  shifted(a, v.value);
}
template <class A>
void name(A& a, std::string& s) {
  if (!a.forHash()) a.text(s);
}
template <class A, class T, class F>
void list(A& a, std::vector<T>& items, F&& each) {
  a.count(items);
  for (T& item : items) each(item);
}

// ---- tables ----

template <class A>
void inst(A& a, Inst& i) {
  value(a, i.op, Op::Unreachable);
  value(a, i.type, Type::F32);
  value(a, i.from, Type::F32);
  value(a, i.back);
  shifted(a, i.dst);
  for (Operand* o : {&i.a, &i.b, &i.c}) value(a, o->bits);
  value(a, i.imm);
  value(a, i.args_begin);
  value(a, i.args_count);
  for (uint32_t& t : i.target) value(a, t);
  id(a, i.site);
}

template <class A>
void function(A& a, Function& f) {
  a.text(f.name);
  value(a, f.kind, FunctionKind::Task);
  value(a, f.result, Type::F32);
  list(a, f.locals, [&](Local& l) {
    value(a, l.type, Type::F32);
    name(a, l.name);
  });
  value(a, f.param_count);
  list(a, f.blocks, [&](Block& b) {
    value(a, b.begin);
    value(a, b.end);
  });
  value(a, f.frame_bytes);
  value(a, f.may_block);
  value(a, f.recursive);
  id(a, f.site);
}

template <class A>
void dsr(A& a, DsrRef& r) {
  value(a, r.file, DsrFile::Src1);
  value(a, r.number);
}

template <class A>
void dsdOp(A& a, DsdOp& o) {
  value(a, o.op, DsdOpcode::DFilt);
  for (DsdOperand* operand : {&o.dest, &o.src0, &o.src1}) {
    value(a, operand->kind, DsdOperand::Kind::Pointer);
    dsr(a, operand->dsr);
    value(a, operand->fifo);
  }
  value(a, o.async);
  value(a, o.has_index);
  value(a, o.has_activate);
  value(a, o.has_unblock);
  value(a, o.on_control, OnControl::Unblock);
  value(a, o.on_control_id);
  value(a, o.priority, DsdPriority::High);
  value(a, o.ut_id);
}

template <class A>
void code(A& a, Program& p) {
  list(a, p.functions, [&](Function& f) { function(a, f); });
  list(a, p.insts, [&](Inst& i) { inst(a, i); });
  list(a, p.args, [&](Operand& o) { value(a, o.bits); });
  list(a, p.constants, [&](uint64_t& c) { value(a, c); });
  list(a, p.slots, [&](Type& t) { value(a, t, Type::F32); });
  list(a, p.dsd_ops, [&](DsdOp& o) { dsdOp(a, o); });
  list(a, p.shapes, [&](Mem4dShape& s) {
    value(a, s.rank);
    for (int16_t& v : s.stride) value(a, v);
    for (uint16_t& v : s.extent) value(a, v);
  });
  list(a, p.dsr_configs, [&](DsrConfig& c) {
    for (bool* flag : {&c.async, &c.save_address, &c.single_step}) value(a, *flag);
    for (int16_t* v : {&c.activate, &c.unblock, &c.on_control_id}) value(a, *v);
    value(a, c.on_control, OnControl::Unblock);
    value(a, c.ut_id);
  });
  list(a, p.strings, [&](std::string& s) { a.text(s); });
  value(a, p.segment_count);
}

template <class A>
void memory(A& a, Program& p) {
  value(a, p.private_bytes);
  a.bytes(p.image);
  a.bytes(p.shared);
  list(a, p.patches, [&](ImagePatch& patch) {
    value(a, patch.address);
    value(a, patch.bytes);
    value(a, patch.slot);
  });
  value(a, p.stack_base);
  value(a, p.stack_bytes);
  list(a, p.symbols, [&](Symbol& s) {
    a.text(s.name);
    value(a, s.address);
    value(a, s.bytes);
    a.text(s.type);
    value(a, s.exported);
    value(a, s.is_const);
    id(a, s.site);
  });
  list(a, p.host_symbols, [&](HostSymbol& h) {
    a.text(h.name);
    value(a, h.is_function);
    value(a, h.address);
    value(a, h.bytes);
    value(a, h.is_pointer);
    id(a, h.function);
  });
}

template <class A>
void state(A& a, Program& p) {
  list(a, p.tasks, [&](TaskBinding& t) {
    value(a, t.kind, TaskKind::Control);
    value(a, t.id);
    id(a, t.function);
    id(a, t.site);
  });
  list(a, p.rotating, [&](RotatingTask& t) {
    value(a, t.id);
    id(a, t.alt);
    value(a, t.limit);
    value(a, t.init);
  });
  for (uint64_t* bits : {&p.initially_active, &p.initially_blocked, &p.initially_unblocked, &p.high_priority})
    value(a, *bits);
  value(a, p.blocked_microthreads);
  value(a, p.separate_control_table);
  value(a, p.control_stride);
  list(a, p.input_queues, [&](InputQueueInit& q) {
    value(a, q.queue);
    value(a, q.color);
    value(a, q.priority, DsdPriority::High);
    value(a, q.control_table);
    id(a, q.site);
  });
  list(a, p.output_queues, [&](OutputQueueInit& q) {
    value(a, q.queue);
    value(a, q.color);
    id(a, q.site);
  });
  list(a, p.fifos, [&](Fifo& f) {
    value(a, f.buffer);
    value(a, f.capacity);
    value(a, f.element_bytes);
    value(a, f.activate_pop);
    value(a, f.activate_push);
    value(a, f.on_empty, FifoAction::Fault);
    value(a, f.on_full, FifoAction::Fault);
    value(a, f.priority, DsdPriority::High);
    id(a, f.site);
  });
  list(a, p.dsr_inits, [&](DsrInit& d) {
    dsr(a, d.dsr);
    value(a, d.value.bits);
    value(a, d.config);
  });
  for (auto* handlers : {&p.teardown_handlers, &p.empty_queue_handlers})
    list(a, *handlers, [&](Handler& h) {
      value(a, h.id);
      id(a, h.function);
    });
  list(a, p.config_writes, [&](ConfigWrite& c) {
    value(a, c.word_address);
    value(a, c.value);
  });
}

template <class A>
void program(A& a, Program& p) {
  value(a, p.arch, target::Arch::Wse3);
  value(a, p.fp16, target::Fp16Format::CB16);
  code(a, p);
  memory(a, p);
  state(a, p);
  if (a.forHash()) return;
  // Positions and names for people. Site numbers are part of the code, and finalize() numbers sites by first use.
  a.text(p.name);
  list(a, p.files, [&](std::string& s) { a.text(s); });
  list(a, p.sites, [&](Site& s) {
    value(a, s.file);
    value(a, s.line);
    value(a, s.column);
  });
}

std::array<char, 8> checksum(std::string_view payload) {
  const uint64_t sum = XXH3_64bits(payload.data(), payload.size());
  std::array<char, 8> out{};
  for (size_t k = 0; k < out.size(); ++k) out[k] = static_cast<char>(sum >> (8 * k));
  return out;
}

}  // namespace

std::string serialize(const Program& p) {
  Writer writer(false);
  writer.out.assign(kHeaderBytes, 0);
  // The writer only reads: the one list of fields is shared with the reader.
  program(writer, const_cast<Program&>(p));
  std::memcpy(writer.out.data(), kMagic.data(), kMagic.size());
  writer.out[kMagic.size()] = static_cast<char>(kVersion);
  const auto sum = checksum(std::string_view(writer.out).substr(kHeaderBytes));
  std::memcpy(writer.out.data() + 8, sum.data(), sum.size());
  return std::move(writer.out);
}

Result<Program> deserialize(std::string_view bytes, diag::Sink& sink) {
  auto failed = [&](std::string_view why) {
    sink.error(diag::Code::E0803, source::Span(), "program container {}", why).help("compile the program again").emit();
    return Reported{};
  };
  if (bytes.size() < kHeaderBytes || !bytes.starts_with(kMagic)) return failed("is not one of Weft's");
  if (bytes[kMagic.size()] != static_cast<char>(kVersion)) return failed("was written by another version");
  const std::string_view payload = bytes.substr(kHeaderBytes);
  const auto sum = checksum(payload);
  if (std::memcmp(bytes.data() + 8, sum.data(), sum.size()) != 0) return failed("is damaged");
  Reader reader(payload);
  Program p;
  program(reader, p);
  if (!reader.good() || !reader.atEnd()) return failed("is damaged");
  if (!verify(p).empty()) return failed("is damaged");
  return p;
}

Hash contentHash(const Program& p) {
  Writer writer(true);
  program(writer, const_cast<Program&>(p));
  const XXH128_hash_t hash = XXH3_128bits(writer.out.data(), writer.out.size());
  return {hash.high64, hash.low64};
}

}  // namespace weft::tir
