// Object code on disk, keyed by content. Private to jit/orc. Safe for several threads and processes (cache_folder.h).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/tir/tir.h"
#include "jit/engine.h"
#include "jit/orc/cache_folder.h"
#include "jit/orc/codegen.h"

#include <memory>
#include <string>

namespace weft::jit::orc {

class ObjectCache {
 public:
  /// An empty folder switches the cache off.
  ObjectCache(std::string folder, const HostTarget& host);

  [[nodiscard]] bool enabled() const { return folder_.enabled(); }
  [[nodiscard]] std::string programKey(const tir::Program& program, const CostTable& costs, Effort effort) const;
  [[nodiscard]] std::string kernelKey(tir::DsdOpcode op, target::Fp16Format fp16) const;
  [[nodiscard]] std::string thunksKey() const;
  /// Null if absent or damaged.
  [[nodiscard]] std::unique_ptr<llvm::MemoryBuffer> load(const std::string& key) const;
  /// Failures are ignored: the cache is only a saving.
  void store(const std::string& key, const llvm::MemoryBuffer& object) const;

 private:
  CacheFolder folder_;
  // What all keys share: engine, LLVM and CPU.
  std::string base_;
};

}  // namespace weft::jit::orc
