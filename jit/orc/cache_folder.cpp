// A cache file: an 8-byte magic, the length and a checksum, then the bytes. The time of last modification is the time
// of last use.
// SPDX-License-Identifier: Apache-2.0
#include "jit/orc/cache_folder.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include <unistd.h>

namespace weft::jit::orc {

namespace fs = std::filesystem;

namespace {

struct Header {
  char magic[8];
  uint64_t bytes;
  uint64_t checksum;
};
constexpr char kMagic[8] = {'W', 'E', 'F', 'T', 'O', 'B', 'J', '2'};

/// Four independent chains of multiplications: fast, and every byte counts.
uint64_t checksumOf(std::string_view bytes) {
  uint64_t lane[4] = {1, 2, 3, 4};
  const auto mix = [](uint64_t h, uint64_t v) {
    h = (h ^ v) * 0x9e3779b97f4a7c15ull;
    return h ^ (h >> 29);
  };
  size_t at = 0;
  for (; at + 32 <= bytes.size(); at += 32) {
    uint64_t words[4];
    std::memcpy(words, bytes.data() + at, sizeof words);
    for (int k = 0; k < 4; ++k) lane[k] = mix(lane[k], words[k]);
  }
  uint64_t h = bytes.size();
  for (const uint64_t l : lane) h = mix(h, l);
  for (; at < bytes.size(); ++at) h = mix(h, static_cast<unsigned char>(bytes[at]));
  return h;
}

}  // namespace

CacheFolder::CacheFolder(std::string folder, uint64_t limit)
    : folder_(std::move(folder)), limit_(limit), written_(limit) {
  if (folder_.empty()) return;
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) folder_.clear();
}

std::optional<std::string> CacheFolder::load(const std::string& key) const {
  if (!enabled()) return std::nullopt;
  const std::string path = pathOf(key);
  std::ifstream file(path, std::ios::binary);
  Header header{};
  if (!file.read(reinterpret_cast<char*>(&header), sizeof header)) return std::nullopt;
  std::error_code error;
  const uint64_t size = fs::file_size(path, error);
  if (error || std::memcmp(header.magic, kMagic, sizeof kMagic) != 0 || size != sizeof header + header.bytes)
    return std::nullopt;
  std::string bytes(header.bytes, '\0');
  if (!file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()))) return std::nullopt;
  if (checksumOf(bytes) != header.checksum) return std::nullopt;
  fs::last_write_time(path, fs::file_time_type::clock::now(), error);
  return bytes;
}

void CacheFolder::store(const std::string& key, std::string_view bytes) const {
  if (!enabled()) return;
  static std::atomic<uint64_t> serial{0};
  const std::string path = pathOf(key);
  const std::string temporary = path + "." + std::to_string(getpid()) + "." + std::to_string(serial++);
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.bytes = bytes.size();
  header.checksum = checksumOf(bytes);
  bool written = false;
  {
    std::ofstream file(temporary, std::ios::binary);
    file.write(reinterpret_cast<const char*>(&header), sizeof header);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    written = !file.fail();
  }
  std::error_code error;
  if (written) fs::rename(temporary, path, error);
  if (!written || error) {
    fs::remove(temporary, error);
    return;
  }
  // Others may write too, so the folder is looked at before the limit's last eighth is used up by this process alone.
  if (written_.fetch_add(sizeof header + bytes.size()) >= limit_ / 8) trim();
}

// Removes what was used least recently until three quarters of the limit are left, and what writers that died left
// behind. Another process may do the same at the same time: a file that is gone is gone.
void CacheFolder::trim() const {
  written_ = 0;
  struct File {
    fs::file_time_type used;
    uint64_t bytes;
    fs::path path;
  };
  std::vector<File> files;
  uint64_t total = 0;
  std::error_code error;
  const auto now = fs::file_time_type::clock::now();
  for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
    std::error_code gone;
    File file{it->last_write_time(gone), 0, it->path()};
    if (!gone) file.bytes = it->file_size(gone);
    if (gone) continue;
    const std::string name = file.path.filename().string();
    const size_t dot = name.find_first_not_of("0123456789abcdef");
    // Files of others are left alone.
    if (dot == 0 || dot == std::string::npos || name.compare(dot, 2, ".o") != 0) continue;
    const bool finished = name.size() == dot + 2;
    if (!finished && now - file.used > std::chrono::hours(1)) {
      fs::remove(file.path, gone);
      continue;
    }
    total += file.bytes;
    if (finished) files.push_back(std::move(file));
  }
  if (total <= limit_) return;
  std::sort(files.begin(), files.end(), [](const File& a, const File& b) { return a.used < b.used; });
  for (const File& file : files) {
    if (total <= limit_ / 4 * 3) break;
    std::error_code ignored;
    fs::remove(file.path, ignored);
    total -= file.bytes;
  }
}

}  // namespace weft::jit::orc
