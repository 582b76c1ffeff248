// The commands that begin with a colon.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/parse/parse.h"
#include "sdk/repl/repl_session.h"
#include "sdk/repl/values.h"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace weft::repl {

namespace {

constexpr const char* kHelp =
    "An entry is a declaration (var, const, param, fn, task, comptime), a statement or an expression.\n"
    "  A declaration replaces the earlier one of its name. All PEs run what is entered; `@(x,y) ENTRY` runs on one.\n"
    "  pe_x and pe_y are the coordinates of a PE. Variables keep their values from entry to entry.\n"
    "  use FILE, :load FILE       the declarations of a file\n"
    "  :list, :drop N             what was entered; forget one\n"
    "  :save FILE                 the declarations into a file\n"
    "  :at X Y                    whose values are printed\n"
    "  :vars                      the PE's variables and their values\n"
    "  :grid NAME                 a variable's value on every PE, a line for each row of the mesh\n"
    "  :run [CYCLES], :step [N]   run until nothing moves; N cycles\n"
    "  :mem NAME|ADDRESS [WORDS]  memory of the PE\n"
    "  :tasks :queues :routes     state of the PE\n"
    "  :route COLOR X Y RX TX     route of a color, for example :route 4 0 0 RAMP EAST\n"
    "  :send X Y COLOR VALUE      a wavelet, as if the PE had sent it\n"
    "  :activate X Y ID           a task\n"
    "  :cycle :reset :help :quit";

constexpr const char* kCommands[] = {":activate", ":at",   ":cycle",  ":drop", ":grid",  ":help",  ":list",
                                     ":load",     ":mem",  ":queues", ":quit", ":reset", ":route", ":routes",
                                     ":run",      ":save", ":send",   ":step", ":tasks", ":vars"};

constexpr const char* kBuiltins[] = {
#define WEFT_BUILTIN(spelling, ...) "@" spelling,
#include "frontend/types/builtins.def"
#define WEFT_DSD_OP(name, spelling, ...) "@" spelling,
#include "frontend/tir/dsd_ops.def"
};

/// "RAMP,EAST" in the spelling of the language; empty: no such port.
std::string portsOf(std::string text) {
  std::string ports;
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  std::istringstream in(text);
  for (std::string port; std::getline(in, port, ',');) {
    if (port != "RAMP" && port != "EAST" && port != "WEST" && port != "NORTH" && port != "SOUTH") return {};
    ports += (ports.empty() ? "" : ", ") + port;
  }
  return ports;
}

}  // namespace

std::vector<std::string> ReplSession::completions(std::string_view prefix) const {
  std::vector<std::string> words;
  const auto offer = [&](std::string_view word) {
    if (!word.empty() && word.starts_with(prefix)) words.emplace_back(word);
  };
  for (const char* word : kCommands) offer(word);
  for (const std::string_view word : kBuiltins)
    if (!word.starts_with("@__")) offer(word);
  for (const char* word : {"pe_x", "pe_y"}) offer(word);
  for (const std::string& word : parse::keywords()) offer(word);
  for (const Piece& p : pieces_) offer(p.name);
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

std::optional<PeCoord> ReplSession::placeOf(const std::string& x, const std::string& y) const {
  const auto column = wholeNumber(x);
  const auto row = wholeNumber(y);
  if (!column || !row || *column < 0 || *row < 0) return std::nullopt;
  const PeCoord at{static_cast<uint32_t>(*column), static_cast<uint32_t>(*row)};
  return options_.size.contains(at) ? std::optional(at) : std::nullopt;
}

Answer ReplSession::load(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in) return wrong(fmt::format("{} cannot be read", path));
  std::vector<Piece> fresh;
  if (!piecesOf(shown_.add(path, text.str() + "\n"), fresh)) {
    Answer answer;
    answer.good = false;
    takeDiagnostics(answer);
    return answer;
  }
  const size_t count = fresh.size();
  Answer answer = keep(std::move(fresh));
  if (answer.good)
    answer.text += fmt::format("{}{} declarations from {}", answer.text.empty() ? "" : "\n", count, path);
  return answer;
}

Answer ReplSession::runFor(std::optional<uint64_t> cycles) {
  Answer answer;
  if (!ensureMesh()) {
    answer.good = false;
    takeDiagnostics(answer);
    return answer;
  }
  drive(answer, cycles);
  takeDiagnostics(answer);
  answer.text += fmt::format("cycle {}", cycles_before_ + simulation_->mesh().cycle());
  const std::string state = simulation_->mesh().snapshot(at_).main_thread;
  if (state != "idle" && state != "no program") answer.text += fmt::format(", PE ({}, {}) is {}", at_.x, at_.y, state);
  return answer;
}

Answer ReplSession::routeCommand(const std::vector<std::string>& words) {
  if (words.size() != 6) return wrong(":route COLOR X Y RX TX");
  const auto color = wholeNumber(words[1]);
  const auto at = placeOf(words[2], words[3]);
  Route route{color ? static_cast<int>(*color) : -1, at.value_or(PeCoord{}), portsOf(words[4]), portsOf(words[5])};
  if (!color || *color < 0 || *color >= target::kColorCount) return wrong(fmt::format("`{}` is no color", words[1]));
  if (!at) return wrong(fmt::format("the mesh has no PE ({}, {})", words[2], words[3]));
  if (route.rx.empty() || route.tx.empty())
    return wrong("a route is a list of RAMP, EAST, WEST, NORTH, SOUTH with commas");
  const std::vector<Route> before = routes_;
  std::erase_if(routes_, [&](const Route& r) { return r.color == route.color && r.at == route.at; });
  routes_.push_back(std::move(route));
  // The other end comes with the next command.
  routes_change_ = true;
  Answer answer = keep({});
  routes_change_ = false;
  if (!answer.good) routes_ = before;
  return answer;
}

Answer ReplSession::memoryCommand(const std::vector<std::string>& words) {
  if (words.size() < 2 || words.size() > 3) return wrong(":mem NAME|ADDRESS [WORDS]");
  Answer answer;
  if (!ensureMesh()) {
    answer.good = false;
    takeDiagnostics(answer);
    return answer;
  }
  const mesh::Mesh& mesh = simulation_->mesh();
  const auto count = words.size() == 3 ? wholeNumber(words[2]) : std::optional<int64_t>(8);
  if (!count || *count < 1 || *count > 4096) return wrong("the number of words is 1 to 4096");
  if (const auto address = wholeNumber(words[1])) {
    const auto program = plan_->programAt(at_);
    const int64_t end = program ? int64_t{plan_->programs[*program]->private_bytes} : 0;
    if (*address < 0 || *address >= end) return wrong(fmt::format("the program's memory ends at {:#06x}", end));
    const auto bytes = static_cast<uint32_t>(std::min(*count * 2, end - *address));
    answer.text =
        hexRows(static_cast<uint32_t>(*address), mesh.readMemory(at_, static_cast<uint32_t>(*address), bytes));
    return answer;
  }
  const auto value = valueAt(at_, words[1]);
  if (!value) return wrong(fmt::format("PE ({}, {}) has no variable `{}` in its memory", at_.x, at_.y, words[1]));
  if (const tir::Symbol* s = symbolAt(at_, words[1]))
    answer.text = fmt::format("{} at {:#06x}: {} = {}", s->name, s->address, s->type, *value);
  else
    answer.text = fmt::format("{}: {} = {}", words[1], saved_.at(words[1]).type, *value);
  return answer;
}

std::optional<std::string> ReplSession::valueAt(PeCoord at, const std::string& name) const {
  if (const tir::Symbol* s = symbolAt(at, name)) {
    const auto bytes = simulation_->mesh().readSymbol(at, name);
    return bytes ? std::optional(valueText(s->type, *bytes, plan_->fp16)) : std::nullopt;
  }
  const auto saved = saved_.find(name);
  const uint32_t index = options_.size.index(at);
  if (saved == saved_.end() || index >= saved->second.bytes.size()) return std::nullopt;
  return valueText(saved->second.type, saved->second.bytes[index], plan_->fp16);
}

Answer ReplSession::valuesCommand(const std::vector<std::string>& words) {
  const bool grid = words[0] == "grid";
  if (words.size() != (grid ? 2u : 1u)) return wrong(grid ? ":grid NAME" : ":vars");
  Answer answer;
  if (!ensureMesh()) {
    answer.good = false;
    takeDiagnostics(answer);
    return answer;
  }
  if (!grid) {
    for (const Piece& p : pieces_) {
      const tir::Symbol* s = p.name.empty() ? nullptr : symbolAt(at_, p.name);
      const auto saved = saved_.find(p.name);
      const auto value = p.name.empty() ? std::nullopt : valueAt(at_, p.name);
      if (!value) continue;
      answer.text += fmt::format("{}{}: {} = {}", answer.text.empty() ? "" : "\n", p.name,
                                 s != nullptr ? s->type : saved->second.type, *value);
    }
    if (answer.text.empty()) answer.text = "none";
    return answer;
  }
  std::vector<std::string> cells;
  size_t widest = 0;
  for (uint64_t i = 0; i < options_.size.area(); ++i) {
    const PeCoord at{static_cast<uint32_t>(i % options_.size.width), static_cast<uint32_t>(i / options_.size.width)};
    const auto value = valueAt(at, words[1]);
    if (!value) return wrong(fmt::format("PE ({}, {}) has no variable `{}` in its memory", at.x, at.y, words[1]));
    cells.push_back(*value);
    widest = std::max(widest, value->size());
  }
  for (size_t i = 0; i < cells.size(); ++i)
    answer.text += fmt::format("{}{:>{}}", i == 0 ? "" : i % options_.size.width == 0 ? "\n" : "  ", cells[i], widest);
  return answer;
}

Answer ReplSession::saveCommand(const std::vector<std::string>& words) {
  if (words.size() != 2) return wrong(":save FILE");
  std::ofstream out(words[1], std::ios::binary);
  for (const Piece& p : pieces_) out << trim(p.text) << "\n";
  out.close();
  if (!out) return wrong(fmt::format("{} cannot be written", words[1]));
  Answer answer;
  answer.text = fmt::format("{} declarations to {}", pieces_.size(), words[1]);
  return answer;
}

Answer ReplSession::stateCommand(const std::string& which) {
  Answer answer;
  if (!ensureMesh()) {
    answer.good = false;
    takeDiagnostics(answer);
    return answer;
  }
  const mesh::PeSnapshot s = simulation_->mesh().snapshot(at_);
  std::vector<std::string> lines;
  if (which == "routes") {
    lines = s.routes;
  } else if (which == "queues") {
    lines = s.queues;
    lines.insert(lines.end(), s.threads.begin(), s.threads.end());
  } else {
    lines.push_back("main thread: " + s.main_thread);
    for (const mesh::TaskState& t : s.tasks)
      if (t.name != "__repl_entry")
        lines.push_back(
            fmt::format("task {} `{}`{}{}", t.id, t.name, t.active ? ", active" : "", t.blocked ? ", blocked" : ""));
  }
  if (lines.empty()) lines.push_back("none");
  for (const std::string& line : lines) answer.text += (answer.text.empty() ? "" : "\n") + line;
  return answer;
}

Answer ReplSession::command(const std::string& text) {
  const std::vector<std::string> words = splitWords(text);
  if (words.empty()) return wrong("`:help` lists the commands");
  const std::string& name = words[0];
  Answer answer;
  if (name == "help" || name == "h") {
    answer.text = kHelp;
  } else if (name == "quit" || name == "q") {
    answer.quit = true;
  } else if (name == "load") {
    if (words.size() != 2) return wrong(":load FILE");
    return load(words[1]);
  } else if (name == "list") {
    for (size_t i = 0; i < pieces_.size(); ++i)
      answer.text += fmt::format("{}{}: {}", i == 0 ? "" : "\n", i + 1, trim(pieces_[i].text));
    for (const Route& r : routes_)
      answer.text +=
          fmt::format("{}:route {} {} {} {} {}", answer.text.empty() ? "" : "\n", r.color, r.at.x, r.at.y, r.rx, r.tx);
  } else if (name == "drop") {
    const auto number = words.size() == 2 ? wholeNumber(words[1]) : std::nullopt;
    if (!number || *number < 1 || static_cast<uint64_t>(*number) > pieces_.size())
      return wrong(":drop N; `:list` has the numbers");
    const std::vector<Piece> before = pieces_;
    pieces_.erase(pieces_.begin() + (*number - 1));
    printed_before_.clear();
    answer = keep({});
    answer.text.clear();
    if (!answer.good) pieces_ = before;
  } else if (name == "run" || name == "step") {
    const auto number = words.size() == 2 ? wholeNumber(words[1]) : std::nullopt;
    if (words.size() > 2 || (words.size() == 2 && (!number || *number < 1)))
      return wrong(fmt::format(":{} [CYCLES]", name));
    if (number) return runFor(static_cast<uint64_t>(*number));
    return runFor(name == "step" ? std::optional<uint64_t>(1) : std::nullopt);
  } else if (name == "vars" || name == "grid") {
    return valuesCommand(words);
  } else if (name == "save") {
    return saveCommand(words);
  } else if (name == "mem") {
    return memoryCommand(words);
  } else if (name == "queues" || name == "tasks" || name == "routes") {
    return stateCommand(name);
  } else if (name == "route") {
    return routeCommand(words);
  } else if (name == "at") {
    if (words.size() == 3) {
      const auto at = placeOf(words[1], words[2]);
      if (!at) return wrong(fmt::format("the mesh has no PE ({}, {})", words[1], words[2]));
      at_ = *at;
    } else if (words.size() != 1) {
      return wrong(":at X Y");
    }
    answer.text = fmt::format("PE ({}, {})", at_.x, at_.y);
  } else if (name == "send" || name == "activate") {
    const bool send = name == "send";
    if (words.size() != (send ? 5u : 4u)) return wrong(send ? ":send X Y COLOR VALUE" : ":activate X Y ID");
    const auto at = placeOf(words[1], words[2]);
    const auto number = wholeNumber(words[3]);
    const auto value = send ? wholeNumber(words[4]) : std::optional<int64_t>(0);
    if (!at) return wrong(fmt::format("the mesh has no PE ({}, {})", words[1], words[2]));
    if (!number || *number < 0 || *number >= (send ? int64_t{target::kColorCount} : 64) || !value)
      return wrong(send ? ":send X Y COLOR VALUE" : ":activate X Y ID");
    if (!ensureMesh()) {
      answer.good = false;
      takeDiagnostics(answer);
      return answer;
    }
    const auto id = static_cast<int>(*number);
    if (send && plan_->colorConfig(*at, id) == nullptr)
      return wrong(fmt::format("color {} has no route on PE ({}, {}); `:route` sets one", id, at->x, at->y));
    const auto program = plan_->programAt(*at);
    const auto& tasks = plan_->programs[program.value_or(0)]->tasks;
    if (!send && std::none_of(tasks.begin(), tasks.end(), [&](const tir::TaskBinding& t) { return t.id == id; }))
      return wrong(fmt::format("no task is bound to {} on PE ({}, {})", id, at->x, at->y));
    if (send)
      simulation_->mesh().inject(*at, id, static_cast<uint32_t>(*value), false);
    else
      simulation_->mesh().activate(*at, id);
    return runFor(std::nullopt);
  } else if (name == "cycle") {
    answer.text = fmt::format("{}", cycles_before_ + (simulation_ == nullptr ? 0 : simulation_->mesh().cycle()));
  } else if (name == "reset") {
    simulation_.reset();
    plan_.reset();
    pieces_.clear();
    routes_.clear();
    saved_.clear();
    printed_before_.clear();
    activated_ = cycles_before_ = 0;
    at_ = {};
  } else {
    return wrong(fmt::format("`:{}` is no command; `:help` lists them", name));
  }
  return answer;
}

}  // namespace weft::repl
