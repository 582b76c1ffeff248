// Entries to programs, programs to meshes, memory from one mesh to the next.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/repl/repl_session.h"

#include "frontend/parse/parse.h"
#include "sdk/repl/values.h"

#include <algorithm>
#include <cctype>

namespace weft::repl {

namespace {

// Names of the buffers in the compiler's session; only the generated parts ever show them.
constexpr const char* kProgram = "weft_repl.csl";
constexpr const char* kLayout = "weft_repl_layout.csl";
constexpr const char* kOwnPrefix = "__repl_";

bool mentions(std::string_view text, std::string_view word) { return text.find(word) != std::string_view::npos; }

// Around what the session prints for itself: a program's own comptime blocks may print, too.
constexpr std::string_view kMark = "weft repl";

/// What was printed between the first two marks; the arguments of a print are joined by ", ".
std::string betweenMarks(std::string_view printed) {
  const size_t begin = printed.find(kMark);
  if (begin == std::string_view::npos) return {};
  std::string_view rest = printed.substr(begin + kMark.size());
  rest = rest.substr(0, rest.find(kMark));
  if (rest.starts_with(", ")) rest.remove_prefix(2);
  if (rest.ends_with(", ")) rest.remove_suffix(2);
  return std::string(rest);
}

/// The expression is a value only at comptime.
bool isComptimeType(std::string_view type) {
  return type.starts_with("comptime") || type == "type" || type == "string" || type.starts_with("struct") ||
         type.starts_with("imported_module") || type.starts_with("fn");
}

}  // namespace

void ReplSession::ProgramText::typed(std::string_view part, source::SourceId shown, uint32_t offset) {
  const auto begin = static_cast<uint32_t>(text.size());
  text += part;
  ranges.push_back({begin, static_cast<uint32_t>(text.size()), shown, offset});
}

ReplSession::ReplSession(ReplOptions options)
    : options_(std::move(options)), session_(std::make_unique<session::Session>()) {
  session_->onPrint([this](std::string_view text) { printed_ += text; });
}

ReplSession::~ReplSession() = default;

Answer ReplSession::wrong(std::string text) {
  Answer answer;
  answer.good = false;
  answer.errors = "weft repl: " + std::move(text) + "\n";
  return answer;
}

Answer ReplSession::enter(std::string_view text) {
  const Entry entry = classify(text);
  switch (entry.kind) {
    case EntryKind::Empty: return {};
    case EntryKind::Command: return command(entry.text);
    case EntryKind::Use: return load(entry.text);
    case EntryKind::Declarations:
      if (entry.at) return wrong("a declaration holds for every PE; `@(x,y)` goes before statements and expressions");
      return declare(entry);
    case EntryKind::Statement:
    case EntryKind::Expression: return execute(entry);
  }
  return {};
}

bool ReplSession::piecesOf(source::SourceId shown, std::vector<Piece>& out) {
  auto file = parse::parseFile(shown_, shown, names_, entry_sink_);
  if (!file) return false;
  const std::string_view text = shown_.text(shown);
  const auto& decls = (*file)->decls;
  for (size_t i = 0; i < decls.size(); ++i) {
    const ast::Decl& d = *decls[i];
    const uint32_t end = i + 1 < decls.size() ? decls[i + 1]->span.begin : static_cast<uint32_t>(text.size());
    Piece piece;
    piece.shown = shown;
    piece.offset = d.span.begin;
    piece.text = text.substr(d.span.begin, end - d.span.begin);
    if (d.kind == ast::NodeKind::VarDecl) {
      const auto& var = ast::as<ast::VarDecl>(d);
      piece.name = names_.text(var.name.symbol);
      if (var.is_const && var.init != nullptr && var.init->kind == ast::NodeKind::StructType &&
          !ast::as<ast::StructType>(*var.init).is_union)
        for (const ast::Field& f : ast::as<ast::StructType>(*var.init).fields)
          piece.fields.emplace_back(names_.text(f.name.symbol));
    } else if (d.kind == ast::NodeKind::ParamDecl) {
      piece.name = names_.text(ast::as<ast::ParamDecl>(d).name.symbol);
    } else if (d.kind == ast::NodeKind::FnDecl) {
      piece.name = names_.text(ast::as<ast::FnDecl>(d).name.symbol);
    } else if (d.kind == ast::NodeKind::LayoutDecl) {
      entry_sink_.error(diag::Code::E0410, d.span, "the prompt lays out the mesh itself")
          .help("`:route COLOR X Y RX TX` sets routes")
          .emit();
      return false;
    }
    out.push_back(std::move(piece));
  }
  return true;
}

Answer ReplSession::declare(const Entry& entry) {
  std::vector<Piece> fresh;
  if (!piecesOf(shown_.add("repl", entry.text + "\n"), fresh)) {
    Answer answer;
    answer.good = false;
    takeDiagnostics(answer);
    return answer;
  }
  // Later diagnostics say which entry it was.
  const source::SourceId later = shown_.add(fmt::format("repl[{}]", ++entries_), entry.text + "\n");
  Answer answer = keep(std::move(fresh));
  if (answer.good)
    for (Piece& p : pieces_)
      if (shown_.path(p.shown) == "repl") p.shown = later;
  return answer;
}

Answer ReplSession::keep(std::vector<Piece> fresh) {
  Answer answer;
  const std::vector<Piece> before = pieces_;
  std::vector<std::string> renewed;
  for (Piece& p : fresh) {
    const auto same = std::find_if(pieces_.begin(), pieces_.end(), [&](const Piece& old) {
      return p.name.empty() ? old.name.empty() && trim(old.text) == trim(p.text) : old.name == p.name;
    });
    if (!p.name.empty()) renewed.push_back(p.name);
    if (same == pieces_.end())
      pieces_.push_back(std::move(p));
    else
      *same = std::move(p);
  }
  const ProgramText program = programText();
  printed_.clear();
  const auto plan = compile(program);
  if (!plan) {
    pieces_ = before;
    answer.good = false;
    takeDiagnostics(answer);
    return answer;
  }
  harvest();
  // A variable that is declared again starts anew.
  for (const std::string& name : renewed) saved_.erase(name);
  simulation_.reset();
  if (!moveTo(*plan, program)) answer.good = false;
  answer.text = printed_.starts_with(printed_before_) ? printed_.substr(printed_before_.size()) : printed_;
  printed_before_ = printed_;
  takeDiagnostics(answer);
  return answer;
}

bool ReplSession::hasPiece(std::string_view name) const {
  return std::any_of(pieces_.begin(), pieces_.end(), [&](const Piece& p) { return p.name == name; });
}

ReplSession::ProgramText ReplSession::programText() const {
  ProgramText program;
  for (const Piece& p : pieces_) {
    program.typed(p.text, p.shown, p.offset);
    program.text += '\n';
  }
  return program;
}

Result<ReplSession::Plan> ReplSession::compile(const ProgramText& program) {
  program_ = program;
  std::string& text = program_.text;
  // Coordinates are there for programs that ask; others need no params.
  std::string params;
  for (const auto& [name, value] : {std::pair("pe_x", "x"), std::pair("pe_y", "y")}) {
    if (!mentions(text, name) || hasPiece(name)) continue;
    text += fmt::format("\nparam {}: u16;\n", name);
    params += fmt::format("{} .{} = {}", params.empty() ? "" : ",", name, value);
  }
  text += "\ncomptime {}\n";
  std::string layout = fmt::format(
      "layout {{\n  @set_rectangle({}, {});\n  for (@range(u16, {})) |x| {{\n    for (@range(u16, {})) |y| {{\n"
      "      @set_tile_code(x, y, \"{}\", .{{{} }});\n    }}\n  }}\n",
      options_.size.width, options_.size.height, options_.size.width, options_.size.height, kProgram, params);
  for (const Route& r : routes_)
    layout += fmt::format(
        "  @set_color_config({}, {}, @get_color({}), .{{ .routes = .{{ .rx = .{{ {} }}, .tx = .{{ {} }} }} }});\n",
        r.at.x, r.at.y, r.color, r.rx, r.tx);
  layout += "}\n";
  session_->setBuffer(kProgram, text);
  session_->setBuffer(kLayout, layout);
  session::CompileOptions options;
  options.source = kLayout;
  options.arch = options_.arch;
  options.import_paths = options_.import_paths;
  return session_->compile(options);
}

ReplSession::Plan ReplSession::adjusted(const plan::FabricPlan& plan, const ProgramText& program) {
  auto copy = std::make_shared<plan::FabricPlan>(plan);
  uint64_t activated = activated_;
  for (auto& shared : copy->programs) {
    auto p = std::make_shared<tir::Program>(*shared);
    activated |= p->initially_active;
    p->initially_active &= ~activated_;
    // Reports of the mesh name lines: those of the entries.
    for (size_t f = 0, count = p->files.size(); f < count; ++f) {
      if (p->files[f] != kProgram) continue;
      std::vector<uint32_t> lines{0};
      for (uint32_t i = 0; i < program.text.size(); ++i)
        if (program.text[i] == '\n') lines.push_back(i + 1);
      std::map<uint32_t, uint32_t> file_of;
      for (tir::Site& s : p->sites) {
        if (s.file != f || s.line == 0 || s.line > lines.size()) continue;
        const uint32_t offset = lines[s.line - 1] + (s.column == 0 ? 0 : s.column - 1);
        for (const Range& r : program.ranges) {
          if (offset < r.begin || offset >= r.end) continue;
          auto [place, is_new] = file_of.try_emplace(r.shown.index(), static_cast<uint32_t>(p->files.size()));
          if (is_new) p->files.push_back(shown_.path(r.shown));
          const source::LineColumn lc = shown_.lineColumn(r.shown, r.offset + offset - r.begin);
          s = {place->second, lc.line, lc.column};
          break;
        }
      }
    }
    shared = std::move(p);
  }
  activated_ = activated;
  return copy;
}

void ReplSession::harvest() {
  if (simulation_ == nullptr) return;
  const mesh::Mesh& mesh = simulation_->mesh();
  cycles_before_ += mesh.cycle();
  const uint64_t area = plan_->extent.area();
  for (uint64_t i = 0; i < area; ++i) {
    const PeCoord at{static_cast<uint32_t>(i % plan_->extent.width), static_cast<uint32_t>(i / plan_->extent.width)};
    const auto program = plan_->programAt(at);
    if (!program) continue;
    for (const tir::Symbol& s : plan_->programs[*program]->symbols) {
      if (s.is_const || s.name.starts_with(kOwnPrefix)) continue;
      if (uint32_t{s.address} + s.bytes > plan_->programs[*program]->private_bytes) continue;
      Saved& saved = saved_[s.name];
      saved.type = s.type;
      saved.bytes.resize(area);
      saved.bytes[i] = mesh.readMemory(at, s.address, s.bytes);
    }
  }
}

void ReplSession::restore() {
  mesh::Mesh& mesh = simulation_->mesh();
  const uint64_t area = plan_->extent.area();
  for (uint64_t i = 0; i < area; ++i) {
    const PeCoord at{static_cast<uint32_t>(i % plan_->extent.width), static_cast<uint32_t>(i / plan_->extent.width)};
    const auto program = plan_->programAt(at);
    if (!program) continue;
    for (const tir::Symbol& s : plan_->programs[*program]->symbols) {
      const auto old = saved_.find(s.name);
      if (s.is_const || old == saved_.end() || old->second.type != s.type || old->second.bytes.size() != area) continue;
      if (uint32_t{s.address} + s.bytes > plan_->programs[*program]->private_bytes) continue;
      const std::vector<uint8_t>& bytes = old->second.bytes[i];
      if (bytes.size() == s.bytes && mesh.readMemory(at, s.address, s.bytes) != bytes)
        mesh.writeMemory(at, s.address, bytes);
    }
  }
}

bool ReplSession::moveTo(const Plan& plan, const ProgramText& program) {
  plan_ = adjusted(*plan, program);
  auto made = host::Simulation::create(plan_, options_.simulation, session_->sink());
  if (!made) return false;
  simulation_ = *std::move(made);
  simulation_->mesh().setLogListener([this](mesh::Cycles, PeCoord at, const std::string& text) {
    log_ += fmt::format("({}, {}) {}{}", at.x, at.y, text, text.ends_with('\n') ? "" : "\n");
  });
  restore();
  return true;
}

bool ReplSession::ensureMesh() {
  if (simulation_ != nullptr) return true;
  const ProgramText program = programText();
  const auto plan = compile(program);
  return plan && moveTo(*plan, program);
}

int ReplSession::freeTaskId() const {
  uint64_t used = 1ull << 29;  // the handlers' task
  if (plan_ != nullptr)
    for (const auto& program : plan_->programs)
      for (const tir::TaskBinding& t : program->tasks)
        if (program->function(t.function).name != "__repl_entry") used |= 1ull << (t.id & 63);
  int id = 30;
  while (id > 8 && ((used >> id) & 1) != 0) --id;
  return id;
}

const tir::Symbol* ReplSession::symbolAt(PeCoord at, std::string_view name) const {
  const auto program = plan_ == nullptr ? std::nullopt : plan_->programAt(at);
  if (!program) return nullptr;
  for (const tir::Symbol& s : plan_->programs[*program]->symbols)
    if (s.name == name) return &s;
  return nullptr;
}

std::optional<Answer> ReplSession::executeFields(const Entry& entry, const std::string& type) {
  const auto piece =
      std::find_if(pieces_.begin(), pieces_.end(), [&](const Piece& p) { return p.name == type && !p.fields.empty(); });
  const bool is_path = std::all_of(entry.text.begin(), entry.text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '[' || c == ']';
  });
  if (piece == pieces_.end() || !is_path) return std::nullopt;
  const std::vector<std::string> fields = piece->fields;
  Answer all;
  for (const std::string& field : fields) {
    Answer one = execute({EntryKind::Expression, entry.at, entry.text + "." + field});
    if (!one.good) return one;
    all.text +=
        fmt::format("{}.{} = {}", all.text.empty() ? "{ " : ", ", field, one.text.substr(0, one.text.rfind(": ")));
  }
  all.text += " }: " + type;
  return all;
}

Answer ReplSession::execute(const Entry& entry) {
  if (entry.at && !options_.size.contains(*entry.at))
    return wrong(fmt::format("the mesh has no PE ({}, {})", entry.at->x, entry.at->y));
  Answer answer;
  const PeCoord at = entry.at.value_or(at_);
  const source::SourceId shown = shown_.add("repl", entry.text + "\n");
  const auto fail = [&] {
    answer.good = false;
    takeDiagnostics(answer);
    return answer;
  };
  std::string type;
  bool is_value = entry.kind == EntryKind::Expression;
  if (is_value) {
    // First its type alone: it says which program can hold the value.
    ProgramText probe = programText();
    probe.text += fmt::format("comptime {{ @comptime_print(\"{}\", @type_of(\n", kMark);
    probe.typed(entry.text, shown, 0);
    probe.text += fmt::format("\n), \"{}\"); }}\n", kMark);
    printed_.clear();
    if (!compile(probe)) return fail();
    type = betweenMarks(printed_);
    if (isComptimeType(type) || mentions(type, "comptime_")) {
      ProgramText print = programText();
      print.text += fmt::format("comptime {{ @comptime_print(\"{}\",\n", kMark);
      print.typed(entry.text, shown, 0);
      print.text += fmt::format("\n, \"{}\"); }}\n", kMark);
      printed_.clear();
      if (!compile(print)) return fail();
      answer.text = betweenMarks(printed_) + ": " + type;
      return answer;
    }
    is_value = type != "void";
    if (auto fields = executeFields(entry, type)) return *std::move(fields);
  }
  const int id = freeTaskId();
  ProgramText program = programText();
  if (is_value) {
    program.text += "var __repl_value: @type_of(\n";
    program.typed(entry.text, shown, 0);
    program.text += "\n);\n";
  }
  program.text += "var __repl_done: i16 = 0;\nfn __repl_body() void {\n";
  if (is_value) program.text += "__repl_value =\n";
  program.typed(entry.text, shown, 0);
  const bool closed = entry.kind == EntryKind::Statement && (entry.text.ends_with(';') || entry.text.ends_with('}'));
  program.text += closed ? "\n}\n" : "\n;\n}\n";
  program.text += fmt::format(
      "task __repl_entry() void {{ __repl_body(); __repl_done = 1; }}\n"
      "comptime {{ @bind_local_task(__repl_entry, @get_local_task_id({})); }}\n",
      id);
  printed_.clear();
  const auto plan = compile(program);
  if (!plan) return fail();
  harvest();
  simulation_.reset();
  if (!moveTo(*plan, program)) return fail();

  mesh::Mesh& mesh = simulation_->mesh();
  std::vector<PeCoord> runners;
  for (uint32_t y = 0; y < options_.size.height; ++y)
    for (uint32_t x = 0; x < options_.size.width; ++x)
      if (!entry.at || *entry.at == PeCoord{x, y}) runners.push_back({x, y});
  for (const PeCoord pe : runners) mesh.activate(pe, id);
  drive(answer);
  const auto done = [&](PeCoord pe) {
    const tir::Symbol* s = symbolAt(pe, "__repl_done");
    return s != nullptr && mesh.readMemory(pe, s->address, 2)[0] == 1;
  };
  if (answer.good && !std::all_of(runners.begin(), runners.end(), done)) {
    answer.good = false;
    mesh.reportHang(std::nullopt);
  }
  takeDiagnostics(answer);
  if (is_value && done(at)) {
    if (const tir::Symbol* s = symbolAt(at, "__repl_value"))
      answer.text +=
          fmt::format("{}: {}", valueText(s->type, mesh.readMemory(at, s->address, s->bytes), plan_->fp16), s->type);
  }
  while (answer.text.ends_with('\n')) answer.text.pop_back();
  return answer;
}

void ReplSession::drive(Answer& answer, std::optional<uint64_t> cycles) {
  mesh::Mesh& mesh = simulation_->mesh();
  mesh::Mesh::RunRequest request;
  request.poll = options_.poll;
  if (options_.simulation.max_cycles) request.cycle_limit = *options_.simulation.max_cycles;
  if (cycles) request.cycle_limit = std::min(request.cycle_limit, mesh.cycle() + *cycles);
  switch (mesh.run(request)) {
    case mesh::RunEnd::Complete:
    case mesh::RunEnd::Quiescent: break;
    case mesh::RunEnd::Trap: answer.good = false; break;
    case mesh::RunEnd::CycleLimit:
      if (!cycles) {
        answer.good = false;
        answer.errors +=
            fmt::format("weft repl: stopped at the limit of {} cycles; memory is kept\n", request.cycle_limit);
      }
      break;
    case mesh::RunEnd::Interrupted:
      answer.good = false;
      answer.interrupted = true;
      answer.errors +=
          fmt::format("weft repl: interrupted at cycle {}; memory is kept\n", cycles_before_ + mesh.cycle());
      break;
  }
  answer.text += std::exchange(log_, {});
}

source::Span ReplSession::shownSpan(source::Span span) {
  if (!span.valid()) return span;
  const source::SourceManager& sources = session_->sources();
  const std::string& path = sources.path(span.file);
  // Nobody has typed the layout.
  if (path == kLayout) return {};
  if (path != kProgram) {
    auto [place, is_new] = imported_.try_emplace(span.file.index());
    if (is_new) place->second = shown_.add(path, std::string(sources.text(span.file)));
    span.file = place->second;
    return span;
  }
  // In generated text: the end of what was typed before it.
  const Range* last = nullptr;
  for (const Range& r : program_.ranges) {
    if (r.begin > span.begin) break;
    last = &r;
  }
  if (last == nullptr) return {};
  const uint32_t begin = std::min(span.begin, last->end);
  const uint32_t end = std::clamp(span.end, begin, last->end);
  return {last->shown, last->offset + begin - last->begin, last->offset + end - last->begin};
}

bool ReplSession::isGenerated(source::Span span) const {
  if (!span.valid() || session_->sources().path(span.file) != kProgram) return false;
  return std::none_of(program_.ranges.begin(), program_.ranges.end(),
                      [&](const Range& r) { return span.begin >= r.begin && span.begin < r.end; });
}

void ReplSession::takeDiagnostics(Answer& answer) {
  std::vector<std::string> texts;
  for (const diag::Diagnostic& d : entry_sink_.drain()) texts.push_back(diag::renderText(d, shown_, options_.color));
  for (diag::Diagnostic d : session_->sink().drain()) {
    // What the parser met behind the entry is not the user's.
    const size_t found = d.message.find(", found `");
    if (d.code == diag::Code::E0103 && found != std::string::npos && isGenerated(d.span))
      d.message = d.message.substr(0, found) + ", found the end of the entry";
    d.span = shownSpan(d.span);
    for (diag::Label& l : d.labels) l.span = shownSpan(l.span);
    for (diag::TraceFrame& t : d.trace) t.span = shownSpan(t.span);
    // Edits of generated text would be of no use.
    for (diag::Help& h : d.helps) h.edits.clear();
    std::string text = diag::renderText(d, shown_, options_.color);
    if (d.code == diag::Code::W0502 && (routes_change_ || !told_.insert(text).second)) continue;
    texts.push_back(std::move(text));
  }
  // The value's program says everything twice: as a type and as a value.
  for (size_t i = 0; i < texts.size(); ++i) {
    if (std::find(texts.begin(), texts.begin() + static_cast<ptrdiff_t>(i), texts[i]) !=
        texts.begin() + static_cast<ptrdiff_t>(i))
      continue;
    answer.errors += texts[i];
    if (!texts[i].ends_with('\n')) answer.errors += '\n';
  }
}

}  // namespace weft::repl
