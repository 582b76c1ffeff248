// The cache file: an 8-byte magic, the length and a checksum, then the object.
// SPDX-License-Identifier: Apache-2.0
#include "jit/orc/object_cache.h"

#include <llvm/ADT/StringExtras.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/Support/BLAKE3.h>
#include <llvm/Support/xxhash.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <unistd.h>

#ifndef WEFT_ORC_FINGERPRINT
#define WEFT_ORC_FINGERPRINT "0"
#endif

namespace weft::jit::orc {

namespace {

struct Header {
  char magic[8];
  uint64_t bytes;
  uint64_t checksum;
};
constexpr char kMagic[8] = {'W', 'E', 'F', 'T', 'O', 'B', 'J', '1'};

uint64_t checksumOf(const char* data, size_t bytes) {
  return llvm::xxh3_64bits(llvm::ArrayRef<uint8_t>(reinterpret_cast<const uint8_t*>(data), bytes));
}

class KeyHash {
 public:
  void add(const void* data, size_t bytes) {
    hash_.update(llvm::ArrayRef<uint8_t>(static_cast<const uint8_t*>(data), bytes));
  }
  void add(uint64_t v) { add(&v, sizeof v); }
  void add(const std::string& text) {
    add(text.size());
    add(text.data(), text.size());
  }
  std::string hex() {
    const auto digest = hash_.final<16>();
    return llvm::toHex(llvm::ArrayRef<uint8_t>(digest.data(), digest.size()), true);
  }

 private:
  llvm::BLAKE3 hash_;
};

}  // namespace

ObjectCache::ObjectCache(std::string folder, const HostTarget& host) : folder_(std::move(folder)) {
  base_ = std::string("orc " WEFT_ORC_FINGERPRINT " llvm " LLVM_VERSION_STRING " ") + host.triple + " " + host.cpu +
          " " + host.features;
  if (folder_.empty()) return;
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) folder_.clear();
}

std::string ObjectCache::programKey(const tir::Program& program, const CostTable& costs, Effort effort) const {
  KeyHash key;
  key.add(base_);
  key.add(static_cast<uint64_t>(effort));
  const tir::Hash content = tir::contentHash(program);
  key.add(content.high);
  key.add(content.low);
  key.add(costs.segment.data(), costs.segment.size() * sizeof(uint32_t));
  // The code names sites by number; the numbers are not part of the content.
  for (const tir::Inst& inst : program.insts) key.add(inst.site.value);
  for (const tir::Function& fn : program.functions) key.add(fn.site.value);
  return key.hex();
}

std::string ObjectCache::kernelKey(tir::DsdOpcode op, target::Fp16Format fp16) const {
  KeyHash key;
  key.add(base_);
  key.add(0x6b65726eull);
  key.add(static_cast<uint64_t>(op) << 8 | static_cast<uint64_t>(fp16));
  return key.hex();
}

std::unique_ptr<llvm::MemoryBuffer> ObjectCache::load(const std::string& key) const {
  if (!enabled()) return nullptr;
  std::ifstream file(folder_ + "/" + key + ".o", std::ios::binary);
  Header header{};
  if (!file.read(reinterpret_cast<char*>(&header), sizeof header)) return nullptr;
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0 || header.bytes > (1ull << 32)) return nullptr;
  auto buffer = llvm::WritableMemoryBuffer::getNewUninitMemBuffer(header.bytes, "weft");
  if (buffer == nullptr || !file.read(buffer->getBufferStart(), static_cast<std::streamsize>(header.bytes)))
    return nullptr;
  if (checksumOf(buffer->getBufferStart(), header.bytes) != header.checksum) return nullptr;
  return buffer;
}

void ObjectCache::store(const std::string& key, const llvm::MemoryBuffer& object) const {
  if (!enabled()) return;
  static std::atomic<uint64_t> serial{0};
  const std::string path = folder_ + "/" + key + ".o";
  const std::string temporary = path + "." + std::to_string(getpid()) + "." + std::to_string(serial++);
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.bytes = object.getBufferSize();
  header.checksum = checksumOf(object.getBufferStart(), object.getBufferSize());
  bool written = false;
  {
    std::ofstream file(temporary, std::ios::binary);
    file.write(reinterpret_cast<const char*>(&header), sizeof header);
    file.write(object.getBufferStart(), static_cast<std::streamsize>(object.getBufferSize()));
    written = file.good();
  }
  std::error_code error;
  if (written) std::filesystem::rename(temporary, path, error);
  if (!written || error) std::filesystem::remove(temporary, error);
}

}  // namespace weft::jit::orc
