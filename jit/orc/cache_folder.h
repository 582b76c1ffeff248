// The files of the object cache: checked when read, written by rename, the least recently used ones removed when there
// are too many bytes. Private to jit/orc; knows nothing of LLVM. Several processes may use one folder.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weft::jit::orc {

class CacheFolder {
 public:
  /// Bytes that the files of a folder may take together.
  static constexpr uint64_t kDefaultLimit = 512ull << 20;

  /// An empty name: no cache. The folder is made if it is missing.
  explicit CacheFolder(std::string folder, uint64_t limit = kDefaultLimit);
  [[nodiscard]] bool enabled() const { return !folder_.empty(); }
  /// None if there is no such file or it is damaged. Counts as a use.
  [[nodiscard]] std::optional<std::string> load(const std::string& key) const;
  void store(const std::string& key, std::string_view bytes) const;

 private:
  [[nodiscard]] std::string pathOf(const std::string& key) const { return folder_ + "/" + key + ".o"; }
  void trim() const;

  std::string folder_;
  uint64_t limit_;
  // Written by this process since it last looked at the whole folder; starts so that the first store looks.
  mutable std::atomic<uint64_t> written_;
};

}  // namespace weft::jit::orc
