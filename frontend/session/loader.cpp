// Import resolution (csl-language.md 4.8).
// SPDX-License-Identifier: Apache-2.0
#include "frontend/session/loader.h"

#include "frontend/session/stdlib.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace weft::session {

namespace fs = std::filesystem;
using diag::Code;

namespace {

// Display name of embedded modules.
constexpr std::string_view kLibraryPrefix = "<stdlib>/";

std::string clean(const fs::path& p) { return p.lexically_normal().generic_string(); }

std::string withSuffix(std::string_view name) {
  std::string out(name);
  if (!out.ends_with(".csl")) out += ".csl";
  return out;
}

}  // namespace

void Loader::reset(std::vector<std::string> import_paths, const std::string& top_level) {
  files_.clear();
  import_paths_ = std::move(import_paths);
  // getenv: sessions do not change the environment.
  if (const char* env = std::getenv("CSL_IMPORT_PATH"); env != nullptr) {
    std::stringstream list(env);
    for (std::string dir; std::getline(list, dir, ':');) {
      if (!dir.empty()) import_paths_.push_back(dir);
    }
  }
  top_folder_ = fs::path(top_level).parent_path().generic_string();
  parse_seconds_ = 0;
}

void Loader::setBuffer(const std::string& path, std::optional<std::string> text) {
  const std::string key = clean(path);
  if (text)
    buffers_[key] = std::move(*text);
  else
    buffers_.erase(key);
  files_.erase(key);
}

std::optional<std::string> Loader::textOf(const std::string& path) {
  if (const auto it = buffers_.find(path); it != buffers_.end()) return it->second;
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return std::nullopt;
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

std::optional<Loader::Found> Loader::fromLibrary(const std::string& import) {
  const std::string name = currentLibraryPath(import);
  if (!stdlib_.empty()) {
    const std::string path = clean(fs::path(stdlib_) / name);
    if (auto text = textOf(path)) return Found{path, std::move(*text), true};
    return std::nullopt;
  }
  const std::string inside = clean(name);
  if (const auto text = embeddedModule(inside))
    return Found{std::string(kLibraryPrefix) + inside, std::string(*text), true};
  return std::nullopt;
}

std::optional<Loader::Found> Loader::find(const sema::SourceFile& importer, std::string_view import, bool add_suffix) {
  const auto onDisk = [&](const fs::path& p) -> std::optional<Found> {
    const std::string path = clean(p);
    if (auto text = textOf(path)) return Found{path, std::move(*text), false};
    return std::nullopt;
  };
  if (import.size() > 2 && import.front() == '<' && import.back() == '>') {
    const std::string_view inner = import.substr(1, import.size() - 2);
    const std::string name = add_suffix ? withSuffix(inner) : std::string(inner);
    if (auto f = fromLibrary(name)) return f;
    for (const std::string& dir : import_paths_) {
      if (auto f = onDisk(fs::path(dir) / name)) return f;
    }
    return std::nullopt;
  }
  const fs::path name(import);
  if (name.is_absolute()) return onDisk(name);
  if (importer.is_library && importer.path.starts_with(kLibraryPrefix)) {
    const fs::path folder = fs::path(importer.path.substr(kLibraryPrefix.size())).parent_path();
    if (auto f = fromLibrary((folder / name).generic_string())) return f;
  } else if (auto f = onDisk(fs::path(importer.path).parent_path() / name)) {
    f->is_library = importer.is_library;
    return f;
  }
  // Undocumented, but programs rely on it: the folder of the top-level file, then the working directory.
  if (auto f = onDisk(fs::path(top_folder_) / name)) return f;
  return onDisk(name);
}

const sema::SourceFile* Loader::parsed(Found found) {
  auto& slot = files_[found.path];
  if (slot != nullptr) return slot->failed ? nullptr : &slot->file;
  slot = std::make_unique<Entry>();
  Entry& e = *slot;
  e.file.path = found.path;
  e.file.is_library = found.is_library;
  const auto start = std::chrono::steady_clock::now();
  auto& id = texts_[found.path];
  if (!id.valid() || sources_.text(id) != found.text) id = sources_.add(found.path, std::move(found.text));
  auto tree = parse::parseFile(sources_, id, interner_, sink_);
  parse_seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!tree) {
    e.failed = true;
    return nullptr;
  }
  e.tree = *std::move(tree);
  e.file.tree = e.tree.get();
  return &e.file;
}

const sema::SourceFile* Loader::open(const std::string& path) {
  const std::string key = clean(path);
  auto text = textOf(key);
  if (!text) {
    sink_.error(Code::E0801, {}, "Unable to open {}: no such file or directory", path).emit();
    return nullptr;
  }
  return parsed({key, std::move(*text), false});
}

void Loader::notFound(std::string_view import, source::Span span) {
  if (import.starts_with("<"))
    sink_.error(Code::E0801, span, "Could not find source code for {}", import).emit();
  else
    sink_.error(Code::E0801, span, "Unable to open {}: no such file or directory", import).emit();
}

const sema::SourceFile* Loader::load(const sema::SourceFile& importer, std::string_view import, source::Span span) {
  auto found = find(importer, import, true);
  if (!found) {
    notFound(import, span);
    return nullptr;
  }
  return parsed(std::move(*found));
}

std::optional<std::string> Loader::readText(const sema::SourceFile& importer, std::string_view import,
                                            source::Span span) {
  auto found = find(importer, import, false);
  if (!found) {
    notFound(import, span);
    return std::nullopt;
  }
  return std::move(found->text);
}

}  // namespace weft::session
