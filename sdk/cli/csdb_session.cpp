// The commands of csdb.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/cli/csdb_session.h"

#include "frontend/tir/tir.h"
#include "sdk/cli/command.h"
#include "sdk/cli/words.h"
#include "sdk/host/artifact.h"
#include "sdk/host/trace_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <sstream>

namespace weft::cli {

namespace fs = std::filesystem;

namespace {

constexpr const char* kHelp =
    "context list | select DIR or [n] | show       compiled directories\n"
    "target create --core-file=FILE | list | show  the core to look at\n"
    "rectangle select x,y,w,h | select x,y --dimension=w,h | deselect x,y,w,h | reset | show\n"
    "memory read --address A --length N [--stdoutput]   16-bit words\n"
    "register read [--name TEXT]                   configuration, tasks, descriptors; those with TEXT in their line\n"
    "image lookup --name SYMBOL                    address and size on each PE\n"
    "symbol read --name SYMBOL [--type f32]        values on each PE\n"
    "state                                         what each PE is doing\n"
    "trace list | select DIR | show                folders with simfab_traces\n"
    "wavelet read-trace [--color C] [--fmt hex] | read-timeline --color C\n"
    "workdir select DIR\n"
    "settings, help, exit, quit\n";

/// What other debuggers do with a live program.
constexpr std::string_view kLiveCommands[] = {"step",  "next",       "continue", "finish",    "run",
                                              "break", "breakpoint", "watch",    "watchpoint"};

/// Decimal or 0x; nothing else.
std::optional<int64_t> number(const std::string& text) {
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  int64_t value = 0;
  const char* first = text.data() + (hex ? 2 : 0);
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(first, last, value, hex ? 16 : 10);
  if (error != std::errc() || end != last) return std::nullopt;
  return value;
}

std::optional<std::vector<int64_t>> numbers(const std::string& text) {
  std::vector<int64_t> list;
  std::stringstream in(text);
  for (std::string part; std::getline(in, part, ',');) {
    const auto n = number(part);
    if (!n) return std::nullopt;
    list.push_back(*n);
  }
  return list;
}

float halfToFloat(uint16_t h) {
  const uint32_t sign = (h & 0x8000u) << 16;
  const uint32_t exponent = h >> 10 & 0x1f;
  const uint32_t mantissa = h & 0x3ffu;
  if (exponent == 0) {
    const float small = static_cast<float>(mantissa) / 16777216.0f;
    return sign != 0 ? -small : small;
  }
  const uint32_t bits = sign | (exponent == 31 ? 0xffu << 23 : (exponent + 112) << 23) | mantissa << 13;
  float value = 0;
  std::memcpy(&value, &bits, 4);
  return value;
}

/// Element type of a symbol's type text: what is behind its dimensions.
std::string elementType(const std::string& type) {
  const size_t bracket = type.rfind(']');
  return bracket == std::string::npos ? type : type.substr(bracket + 1);
}

std::string valueText(const std::string& type, const uint8_t* p) {
  uint32_t word = 0;
  if (type.ends_with("32")) {
    std::memcpy(&word, p, 4);
    float real = 0;
    std::memcpy(&real, &word, 4);
    if (type == "f32") return fmt::format("{}", real);
    return type == "i32" ? fmt::format("{}", static_cast<int32_t>(word)) : fmt::format("{}", word);
  }
  if (type.ends_with("16")) {
    std::memcpy(&word, p, 2);
    if (type == "f16") return fmt::format("{}", halfToFloat(static_cast<uint16_t>(word)));
    return type == "i16" ? fmt::format("{}", static_cast<int16_t>(word)) : fmt::format("{}", word);
  }
  return fmt::format("{:02x}", *p);
}

size_t valueBytes(const std::string& type) { return type.ends_with("32") ? 4 : type.ends_with("16") ? 2 : 1; }

}  // namespace

std::string CsdbSession::Rectangle::text() const {
  return fmt::format("Rect(x={}, y={}, width={}, height={})", x, y, width, height);
}

CsdbSession::CsdbSession(std::string workdir) : workdir_(std::move(workdir)) {
  findContexts();
  if (contexts_.size() > 1) fmt::print("INFO:csdb: {} contains more than one CSL compile directory.\n", workdir_);
  if (contexts_.size() == 1) selectContext(contexts_.front());
}

void CsdbSession::findContexts() {
  contexts_.clear();
  std::error_code error;
  if (fs::exists(fs::path(workdir_) / "plan.weft", error)) contexts_.push_back(workdir_);
  for (const auto& entry : fs::directory_iterator(workdir_, error))
    if (entry.is_directory(error) && fs::exists(entry.path() / "plan.weft", error))
      contexts_.push_back(entry.path().string());
  std::sort(contexts_.begin(), contexts_.end());
}

void CsdbSession::fail(const std::string& text) const { fmt::print("ERROR:csdb: {}\n", text); }

bool CsdbSession::failed() {
  const bool errors = sink_.hasErrors();
  for (const diag::Diagnostic& d : sink_.drain()) fail(fmt::format("[{}] {}", diag::codeName(d.code), d.message));
  return errors;
}

void CsdbSession::selectContext(const std::string& directory) {
  const auto plan = host::readArtifact(directory, sink_);
  if (!plan) {
    failed();
    return;
  }
  context_ = directory;
  plan_ = *plan;
}

bool CsdbSession::run(const std::string& line) {
  std::stringstream in(line);
  Words words;
  for (std::string word; in >> word;) words.push_back(word);
  if (words.empty()) return true;
  const std::string name = words[0];
  words.erase(words.begin());
  if (name == "exit" || name == "quit" || name == "q") return false;
  if (name == "help" || name == "?") {
    fmt::print("{}", kHelp);
  } else if (name == "context") {
    context(words);
  } else if (name == "target") {
    target(words);
  } else if (name == "rectangle") {
    rectangle(words);
  } else if (name == "memory") {
    memory(words);
  } else if (name == "register") {
    registers(words);
  } else if (name == "image") {
    image(words);
  } else if (name == "symbol") {
    symbol(words);
  } else if (name == "state") {
    state();
  } else if (name == "trace") {
    trace(words);
  } else if (name == "wavelet") {
    wavelet(words);
  } else if (name == "workdir") {
    workdir(words);
  } else if (name == "settings") {
    settings();
  } else if (std::find(std::begin(kLiveCommands), std::end(kLiveCommands), name) != std::end(kLiveCommands)) {
    fail(
        fmt::format("`{}` needs a program that runs, and a core is its state at one cycle: `weft repl` runs and steps "
                    "programs",
                    name));
  } else {
    fail(fmt::format("there is no command `{}`; `help` lists them", name));
  }
  return true;
}

void CsdbSession::context(const Words& words) {
  if (words.empty() || words[0] == "list") {
    for (size_t i = 0; i < contexts_.size(); ++i) fmt::print("[{}] {}\n", i, contexts_[i]);
  } else if (words[0] == "show") {
    fmt::print("{}\n", context_.empty() ? "no selected." : context_);
  } else if (words[0] == "select" && words.size() == 2) {
    std::string which = words[1];
    if (which.starts_with('[') && which.ends_with(']')) which = which.substr(1, which.size() - 2);
    const auto n = number(which);
    if (n && *n >= 0 && static_cast<size_t>(*n) < contexts_.size()) which = contexts_[static_cast<size_t>(*n)];
    std::error_code error;
    if (!fs::exists(which, error)) which = (fs::path(workdir_) / which).string();
    selectContext(which);
  } else {
    fail("context list | select DIR | show");
  }
}

void CsdbSession::target(Words words) {
  const auto file = takeValue(words, "--core-file");
  const auto address = takeValue(words, "--cmaddr");
  if (words.empty()) return fail("target create --core-file=FILE | list | show");
  if (words[0] == "create" && file) {
    std::error_code error;
    const std::string path = fs::exists(*file, error) ? *file : (fs::path(workdir_) / *file).string();
    auto core = host::readCore(path, sink_);
    if (!core) {
      failed();
      return;
    }
    core_ = *std::move(core);
    core_path_ = path;
    if (plan_ == nullptr && fs::exists(fs::path(core_->artifact) / "plan.weft", error)) selectContext(core_->artifact);
  } else if (words[0] == "create" && address) {
    fail("Weft has no systems to attach to: give it a core file");
  } else if (words[0] == "list" || words[0] == "show") {
    if (!core_) {
      fmt::print("no target.\n");
    } else {
      fmt::print("[0] {} ({}, {} x {} PEs at ({}, {}), cycle {})\n", core_path_, core_->arch, core_->width,
                 core_->height, core_->offset_x, core_->offset_y, core_->cycle);
    }
  } else if (words[0] == "save-core") {
    fail("only a live target can be saved");
  } else {
    fail("target create --core-file=FILE | list | show");
  }
}

std::optional<CsdbSession::Rectangle> CsdbSession::parseRectangle(const std::string& text,
                                                                  const std::string& dimension) {
  auto list = numbers(text);
  const auto size = numbers(dimension);
  if (!list || !size) return std::nullopt;
  list->insert(list->end(), size->begin(), size->end());
  if (list->size() == 2) list->insert(list->end(), {1, 1});
  if (list->size() != 4 || (*list)[0] < 0 || (*list)[1] < 0 || (*list)[2] < 1 || (*list)[3] < 1) return std::nullopt;
  return Rectangle{(*list)[0], (*list)[1], (*list)[2], (*list)[3]};
}

std::vector<CsdbSession::Rectangle> CsdbSession::rectangles() const {
  if (!selected_.empty()) return selected_;
  if (core_) return {{core_->offset_x, core_->offset_y, core_->width, core_->height}};
  if (plan_) return {{plan_->offset.x, plan_->offset.y, plan_->extent.width, plan_->extent.height}};
  return {};
}

void CsdbSession::rectangle(Words words) {
  const std::string dimension = takeValue(words, "--dimension").value_or("");
  const std::string what = words.empty() ? "show" : words[0];
  if (what == "reset") {
    selected_.clear();
  } else if (what == "show") {
    for (const Rectangle& r : rectangles()) fmt::print("{}\n", r.text());
  } else if ((what == "select" || what == "deselect") && words.size() == 2) {
    const auto r = parseRectangle(words[1], dimension);
    if (!r) return fail(fmt::format("`{}` is no rectangle x,y,w,h", words[1]));
    if (what == "select") {
      selected_.push_back(*r);
      fmt::print("{} selected.\n", r->text());
    } else if (std::erase(selected_, *r) > 0) {
      fmt::print("INFO:csdb: Removing ('', {})\n", r->text());
    } else {
      fail(r->text() + " is not selected");
    }
  } else {
    fail("rectangle select x,y,w,h | deselect x,y,w,h | reset | show");
  }
}

bool CsdbSession::needsCore() const {
  if (core_) return true;
  fail("there is no target: `target create --core-file=FILE` first");
  return false;
}

template <class Fn>
void CsdbSession::eachPe(Fn fn) const {
  for (const Rectangle& r : rectangles())
    for (int64_t y = r.y; y < r.y + r.height; ++y)
      for (int64_t x = r.x; x < r.x + r.width; ++x)
        if (const host::Core::Pe* pe = core_->at(x, y)) fn(x, y, *pe);
}

void CsdbSession::memory(Words words) {
  const bool to_stdout = takeFlag(words, "--stdoutput");
  const auto address_text = takeValue(words, "--address");
  const auto length_text = takeValue(words, "--length");
  if (words.empty() || words[0] != "read") {
    return fail(!words.empty() && words[0] == "write" ? "only a live target can be written"
                                                      : "memory read --address A --length N [--stdoutput]");
  }
  if (!needsCore()) return;
  const auto address = number(address_text.value_or(""));
  const auto length = number(length_text.value_or("1"));
  if (!address || !length || *address < 0 || *length < 1 || *address + *length > 0x8000)
    return fail("memory read needs --address and --length, in 16-bit words");
  for (const Rectangle& r : rectangles()) {
    std::string text;
    for (int64_t y = r.y; y < r.y + r.height; ++y) {
      for (int64_t x = r.x; x < r.x + r.width; ++x) {
        const host::Core::Pe* pe = core_->at(x, y);
        if (pe == nullptr) continue;
        for (int64_t row = *address; row < *address + *length; row += 4) {
          text += fmt::format("({},{}) {:04x}:", x, y, row);
          for (int64_t w = row; w < std::min(row + 4, *address + *length); ++w) {
            const auto byte = static_cast<size_t>(2 * w);
            const unsigned low = byte < pe->memory.size() ? pe->memory[byte] : 0u;
            const unsigned high = byte + 1 < pe->memory.size() ? pe->memory[byte + 1] : 0u;
            text += fmt::format(" {:04x}", low | high << 8);
          }
          text += "\n";
        }
      }
    }
    if (to_stdout) {
      fmt::print("{}", text);
      continue;
    }
    const std::string file =
        fmt::format("memory-x{}y{}w{}h{}_{:04x}_{:04x}.log", r.x, r.y, r.width, r.height, *address, *address + *length);
    const Result<void> written = host::writeWholeFile((fs::path(workdir_) / file).string(), text, sink_);
    if (written) fmt::print("{}\n", file);
    failed();
  }
}

void CsdbSession::registers(Words words) {
  const std::string name = takeValue(words, "--name").value_or("");
  if (words.size() != 1 || words[0] != "read") {
    return fail(!words.empty() && words[0] == "write" ? "only a live target can be written"
                                                      : "register read [--name TEXT]");
  }
  if (!needsCore()) return;
  bool any = false, found = false;
  eachPe([&](int64_t x, int64_t y, const host::Core::Pe& pe) {
    for (const mesh::RegisterState& r : pe.registers) {
      any = true;
      const std::string line = fmt::format("{}: {} {}", r.name, r.value, r.meaning);
      if (line.find(name) == std::string::npos) continue;
      found = true;
      fmt::print("({},{}) {}\n", x, y, line);
    }
  });
  if (!any) {
    fail("the core has no registers of the selected PEs: they are kept for meshes of up to 4096 PEs");
  } else if (!found) {
    fail(fmt::format("no register of the selected PEs has `{}` in its line", name));
  }
}

void CsdbSession::state() {
  if (!needsCore()) return;
  eachPe([](int64_t x, int64_t y, const host::Core::Pe& pe) {
    fmt::print("({},{}) main thread: {}\n", x, y, pe.main_thread);
    for (const auto* list : {&pe.tasks, &pe.threads, &pe.queues, &pe.routes})
      for (const std::string& text : *list) fmt::print("        {}\n", text);
  });
}

const tir::Symbol* CsdbSession::symbolAt(int64_t x, int64_t y, const std::string& name) const {
  if (plan_ == nullptr || x < plan_->offset.x || y < plan_->offset.y) return nullptr;
  const PeCoord at{static_cast<uint32_t>(x) - plan_->offset.x, static_cast<uint32_t>(y) - plan_->offset.y};
  if (!plan_->extent.contains(at)) return nullptr;
  const auto program = plan_->programAt(at);
  if (!program) return nullptr;
  for (const tir::Symbol& s : plan_->programs[*program]->symbols)
    if (s.name == name) return &s;
  return nullptr;
}

void CsdbSession::image(Words words) {
  const auto name = takeValue(words, "--name");
  if (words.empty() || words[0] != "lookup" || !name) return fail("image lookup --name SYMBOL");
  if (plan_ == nullptr) return fail("no context is selected");
  bool found = false;
  for (const Rectangle& r : rectangles()) {
    for (int64_t y = r.y; y < r.y + r.height; ++y) {
      for (int64_t x = r.x; x < r.x + r.width; ++x) {
        const tir::Symbol* s = symbolAt(x, y, *name);
        if (s == nullptr) continue;
        found = true;
        fmt::print("({},{}) {}: address {:#06x}, {} bytes, {} (words: {:#06x}, {})\n", x, y, s->name, s->address,
                   s->bytes, s->type, s->address / 2, (s->bytes + 1) / 2);
      }
    }
  }
  if (!found) fail(fmt::format("no selected PE has a symbol `{}`", *name));
}

void CsdbSession::symbol(Words words) {
  const auto name = takeValue(words, "--name");
  const auto type = takeValue(words, "--type");
  if (words.empty() || words[0] != "read" || !name) return fail("symbol read --name SYMBOL [--type f32]");
  if (!needsCore()) return;
  bool found = false;
  eachPe([&](int64_t x, int64_t y, const host::Core::Pe& pe) {
    const tir::Symbol* s = symbolAt(x, y, *name);
    if (s == nullptr || s->address + s->bytes > pe.memory.size()) return;
    found = true;
    const std::string element = type.value_or(elementType(s->type));
    const size_t step = valueBytes(element);
    std::string text;
    for (size_t i = 0; i + step <= s->bytes; i += step)
      text += " " + valueText(element, pe.memory.data() + s->address + i);
    fmt::print("({},{}) {}:{}\n", x, y, *name, text);
  });
  if (!found) fail(fmt::format("no selected PE has a variable `{}`", *name));
}

void CsdbSession::trace(const Words& words) {
  std::error_code error;
  if (words.empty() || words[0] == "show") {
    fmt::print("Trace: {}\n", trace_.empty() ? "no selected." : trace_);
  } else if (words[0] == "list") {
    if (fs::exists(fs::path(workdir_) / "simfab_traces", error)) fmt::print("[0] {}\n", workdir_);
  } else if (words[0] == "select" && words.size() == 2) {
    const std::string folder = words[1] == "[0]" ? workdir_ : words[1];
    if (!host::readTrace(folder, sink_)) {
      failed();
      return;
    }
    trace_ = folder;
  } else {
    fail("trace list | select DIR | show");
  }
}

void CsdbSession::wavelet(Words words) {
  const auto color = number(takeValue(words, "--color").value_or("-1"));
  const bool hex = takeValue(words, "--fmt").value_or("hex") == "hex";
  if (words.empty() || (words[0] != "read-trace" && words[0] != "read-timeline"))
    return fail("wavelet read-trace [--color C] [--fmt hex] | read-timeline --color C");
  const auto trace = host::readTrace(trace_.empty() ? workdir_ : trace_, sink_);
  if (!trace) {
    failed();
    return;
  }
  const auto wanted = [&](const host::TraceEntry& e) {
    if (color && *color >= 0 && e.color != *color) return false;
    const int64_t x = e.tile % trace->fabric_width, y = e.tile / trace->fabric_width;
    return selected_.empty() || std::any_of(selected_.begin(), selected_.end(), [&](const Rectangle& r) {
             return x >= r.x && y >= r.y && x < r.x + r.width && y < r.y + r.height;
           });
  };
  fmt::print("{:>8} {:>9} {:>5} {:>4} {:>4} {:>5} {:>5}\n", "PE", "Cycle", "Color", "Ctrl", "Link", "Index", "Data");
  for (const host::TraceEntry& e : trace->entries) {
    if (!wanted(e)) continue;
    const std::string pe = fmt::format("P{}.{}", e.tile % trace->fabric_width, e.tile / trace->fabric_width);
    const uint32_t index = e.payload >> 16, data = e.payload & 0xffff;
    fmt::print("{:>8} {:>9} {:>5} {:>4} {:>4} {:>5} {:>5}\n", pe, e.cycle, e.color, e.control ? 1 : 0,
               host::portLetter(e.port), hex ? fmt::format("{:04x}", index) : fmt::format("{}", index),
               hex ? fmt::format("{:04x}", data) : fmt::format("{}", data));
  }
  if (trace->truncated) fmt::print("INFO:csdb: the trace ends before the run did (WEFT_TRACE_EVENTS keeps more)\n");
}

void CsdbSession::workdir(const Words& words) {
  std::error_code error;
  if (words.size() != 2 || words[0] != "select") return fail("workdir select DIR");
  if (!fs::is_directory(words[1], error)) return fail(fmt::format("`{}` is no folder", words[1]));
  workdir_ = words[1];
  findContexts();
}

void CsdbSession::settings() const {
  fmt::print("Workdir: {}\nCompile context: {}\nTarget (core file): {}\n", workdir_,
             context_.empty() ? "no selected." : context_, core_path_.empty() ? "no selected." : core_path_);
  std::string list;
  for (const Rectangle& r : rectangles()) list += (list.empty() ? "" : ", ") + r.text();
  fmt::print("Rectangle(s): {}\nTrace: {}\n", list.empty() ? "whole fabric" : list,
             trace_.empty() ? "no selected." : trace_);
}

}  // namespace weft::cli
