// Line input and output of the prompt.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/repl/prompt.h"

#include <fmt/format.h>

#if WEFT_HAS_LIBEDIT
#include <histedit.h>
#endif
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>

namespace weft::repl {

namespace {

struct Line {
  std::string text;
  /// Ctrl-C: what was typed is to be forgotten.
  bool cancelled = false;
};

class Reader {
 public:
  virtual ~Reader() = default;
  /// No value: the end.
  virtual std::optional<Line> read(bool more) = 0;
  virtual void remember(const std::string&) {}
};

class PipeReader : public Reader {
 public:
  explicit PipeReader(bool prompts) : prompts_(prompts) {}
  std::optional<Line> read(bool more) override {
    if (prompts_) {
      fmt::print("{}", more ? "  ... " : "weft> ");
      std::fflush(stdout);
    }
    Line line;
    if (!std::getline(std::cin, line.text)) return std::nullopt;
    return line;
  }

 private:
  bool prompts_;
};

#if WEFT_HAS_LIBEDIT
/// Where the entries of earlier sessions are; empty: nowhere.
std::filesystem::path historyFile() {
  const char* state = std::getenv("XDG_STATE_HOME");
  const char* home = std::getenv("HOME");
  std::filesystem::path folder;
  if (state != nullptr && *state != 0)
    folder = state;
  else if (home != nullptr && *home != 0)
    folder = std::filesystem::path(home) / ".local" / "state";
  else
    return {};
  std::error_code error;
  std::filesystem::create_directories(folder / "weft", error);
  return error ? std::filesystem::path() : folder / "weft" / "repl_history";
}

class TerminalReader : public Reader {
 public:
  explicit TerminalReader(const ReplSession& session) : session_(session), file_(historyFile()) {
    edit_ = el_init("weft", stdin, stdout, stderr);
    history_ = history_init();
    HistEvent event{};
    history(history_, &event, H_SETSIZE, 1000);
    history(history_, &event, H_SETUNIQUE, 1);
    if (!file_.empty()) history(history_, &event, H_LOAD, file_.c_str());
    el_set(edit_, EL_CLIENTDATA, this);
    el_set(edit_, EL_PROMPT, &TerminalReader::prompt);
    el_set(edit_, EL_EDITOR, "emacs");
    el_set(edit_, EL_HIST, history, history_);
    el_set(edit_, EL_ADDFN, "weft-complete", "completes a word", &TerminalReader::complete);
    el_set(edit_, EL_BIND, "^I", "weft-complete", nullptr);
    el_set(edit_, EL_ADDFN, "weft-cancel", "forgets the line", &TerminalReader::cancel);
    // While a line is edited Ctrl-C is a key; while PEs run it is a signal.
    el_set(edit_, EL_SETTY, "-d", "-isig", nullptr);
    el_set(edit_, EL_BIND, "^C", "weft-cancel", nullptr);
  }
  ~TerminalReader() override {
    HistEvent event{};
    if (!file_.empty()) history(history_, &event, H_SAVE, file_.c_str());
    history_end(history_);
    el_end(edit_);
  }
  TerminalReader(const TerminalReader&) = delete;
  TerminalReader& operator=(const TerminalReader&) = delete;

  std::optional<Line> read(bool more) override {
    more_ = more;
    cancelled_ = false;
    int count = 0;
    const char* text = el_gets(edit_, &count);
    if (cancelled_) {
      fmt::print("\n");
      std::fflush(stdout);
      return Line{"", true};
    }
    if (text == nullptr || count <= 0) {
      fmt::print("\n");
      return std::nullopt;
    }
    Line line{std::string(text, static_cast<size_t>(count)), false};
    while (!line.text.empty() && (line.text.back() == '\n' || line.text.back() == '\r')) line.text.pop_back();
    return line;
  }

  void remember(const std::string& entry) override {
    HistEvent event{};
    history(history_, &event, H_ENTER, entry.c_str());
  }

 private:
  static TerminalReader& self(EditLine* edit) {
    void* me = nullptr;
    el_get(edit, EL_CLIENTDATA, &me);
    return *static_cast<TerminalReader*>(me);
  }
  static const char* prompt(EditLine* edit) { return self(edit).more_ ? "  ... " : "weft> "; }
  static unsigned char cancel(EditLine* edit, int) {
    self(edit).cancelled_ = true;
    fmt::print("^C");
    return CC_NEWLINE;
  }
  static unsigned char complete(EditLine* edit, int) {
    const LineInfo* line = el_line(edit);
    const char* begin = line->cursor;
    const auto isWord = [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == ':' || c == '@';
    };
    while (begin > line->buffer && isWord(begin[-1])) --begin;
    const std::string prefix(begin, line->cursor);
    const std::vector<std::string> words = self(edit).session_.completions(prefix);
    if (prefix.empty() || words.empty()) return CC_ERROR;
    std::string common = words.front();
    for (const std::string& w : words) {
      size_t n = 0;
      while (n < common.size() && n < w.size() && common[n] == w[n]) ++n;
      common.resize(n);
    }
    if (words.size() == 1) common += ' ';
    if (common.size() > prefix.size()) {
      el_insertstr(edit, common.c_str() + prefix.size());
      return CC_REFRESH;
    }
    fmt::print("\n");
    for (const std::string& w : words) fmt::print("{}  ", w);
    fmt::print("\n");
    std::fflush(stdout);
    return CC_REDISPLAY;
  }

  const ReplSession& session_;
  std::filesystem::path file_;
  EditLine* edit_ = nullptr;
  History* history_ = nullptr;
  bool more_ = false;
  bool cancelled_ = false;
};
#endif

std::unique_ptr<Reader> makeReader([[maybe_unused]] const ReplSession& session, bool terminal) {
#if WEFT_HAS_LIBEDIT
  if (terminal) return std::make_unique<TerminalReader>(session);
#endif
  return std::make_unique<PipeReader>(terminal);
}

}  // namespace

bool runPrompt(ReplSession& session) {
  const bool terminal = isatty(STDIN_FILENO) == 1;
  const std::unique_ptr<Reader> reader = makeReader(session, terminal);
  bool good = true;
  std::string entry;
  for (;;) {
    const auto line = reader->read(!entry.empty());
    if (line && line->cancelled) {
      entry.clear();
      continue;
    }
    if (line) {
      entry += line->text + "\n";
      // An empty line ends an entry that its brackets leave open.
      const bool is_last = trim(line->text).empty() || trim(entry).starts_with(':');
      if (!is_last && isIncomplete(entry)) continue;
    }
    const std::string text(trim(entry));
    entry.clear();
    if (!text.empty()) {
      reader->remember(text);
      Answer answer = session.enter(text);
      while (answer.text.ends_with('\n')) answer.text.pop_back();
      if (!answer.text.empty()) fmt::print("{}\n", answer.text);
      std::fflush(stdout);
      if (!answer.errors.empty()) fmt::print(stderr, "{}", answer.errors);
      good = good && answer.good;
      if (answer.quit) break;
    }
    if (!line) break;
  }
  return good || terminal;
}

}  // namespace weft::repl
