// Keys: everything that decides what code comes out.
// SPDX-License-Identifier: Apache-2.0
#include "jit/orc/object_cache.h"

#include <llvm/ADT/StringExtras.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/Support/BLAKE3.h>

#ifndef WEFT_ORC_FINGERPRINT
#define WEFT_ORC_FINGERPRINT "0"
#endif

namespace weft::jit::orc {

namespace {

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

std::string ObjectCache::thunksKey() const {
  KeyHash key;
  key.add(base_);
  key.add(std::string("thunks"));
  return key.hex();
}

std::unique_ptr<llvm::MemoryBuffer> ObjectCache::load(const std::string& key) const {
  const auto bytes = folder_.load(key);
  return bytes ? llvm::MemoryBuffer::getMemBufferCopy(*bytes, "weft") : nullptr;
}

void ObjectCache::store(const std::string& key, const llvm::MemoryBuffer& object) const {
  folder_.store(key, {object.getBufferStart(), object.getBufferSize()});
}

}  // namespace weft::jit::orc
