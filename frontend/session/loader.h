// Finds, reads and parses files: editor buffers, the disk, import paths, the embedded standard library.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/parse/parse.h"
#include "frontend/sema/module_loader.h"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace weft::session {

class Loader : public sema::ModuleLoader {
 public:
  Loader(source::SourceManager& sources, base::Interner& interner, diag::Sink& sink)
      : sources_(sources), interner_(interner), sink_(sink) {}

  /// Forgets parsed files (their trees carry caches of one compilation); texts stay.
  void reset(std::vector<std::string> import_paths, const std::string& top_level);
  void setStdlib(std::string folder) { stdlib_ = std::move(folder); }
  void setBuffer(const std::string& path, std::optional<std::string> text);
  /// The top-level file.
  const sema::SourceFile* open(const std::string& path);
  [[nodiscard]] double parseSeconds() const { return parse_seconds_; }

  const sema::SourceFile* load(const sema::SourceFile& importer, std::string_view import, source::Span span) override;
  std::optional<std::string> readText(const sema::SourceFile& importer, std::string_view import,
                                      source::Span span) override;

 private:
  struct Entry {
    sema::SourceFile file;
    std::unique_ptr<ast::File> tree;
    bool failed = false;
  };
  struct Found {
    std::string path;
    std::string text;
    bool is_library = false;
  };
  std::optional<Found> find(const sema::SourceFile& importer, std::string_view import, bool add_suffix);
  std::optional<Found> fromLibrary(const std::string& name);
  std::optional<std::string> textOf(const std::string& path);
  const sema::SourceFile* parsed(Found found);
  void notFound(std::string_view import, source::Span span);

  source::SourceManager& sources_;
  base::Interner& interner_;
  diag::Sink& sink_;
  std::string stdlib_;
  std::vector<std::string> import_paths_;
  std::string top_folder_;
  std::unordered_map<std::string, std::string> buffers_;
  std::unordered_map<std::string, std::unique_ptr<Entry>> files_;
  std::unordered_map<std::string, source::SourceId> texts_;
  double parse_seconds_ = 0;
};

}  // namespace weft::session
