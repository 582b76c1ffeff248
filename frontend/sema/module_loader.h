// How sema gets files it imports. Implemented by session (disk, editor buffers) and by tests (strings).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/ast/nodes.h"

#include <optional>
#include <string>
#include <string_view>

namespace weft::sema {

/// One file of the program, parsed. Owned by the loader; lives as long as it.
struct SourceFile {
  const ast::File* tree = nullptr;
  /// Identity: two imports of one file give one path. Also what relative imports inside it start from.
  std::string path;
  /// Part of the standard library: may call `@__name` intrinsics.
  bool is_library = false;
};

class ModuleLoader {
 public:
  virtual ~ModuleLoader() = default;
  /// The file `import` names inside the file `importer` ("<math>", "pe.csl"). nullptr: a diagnostic at `span` was
  /// reported.
  virtual const SourceFile* load(const SourceFile& importer, std::string_view import, source::Span span) = 0;
  /// Text of a data file (@import_comptime_value), found by the same rules. nullopt: reported.
  virtual std::optional<std::string> readText(const SourceFile& importer, std::string_view import,
                                              source::Span span) = 0;
};

}  // namespace weft::sema
