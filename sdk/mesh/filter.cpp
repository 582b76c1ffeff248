// Filters: which words that routing delivers to the compute element are dropped at the ramp.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/mesh/mesh_impl.h"

namespace weft::mesh {

bool Block::filterPasses(const FilterState& f, const Slot& word) const {
  const plan::Filter& c = f.config;
  switch (c.kind) {
    case plan::FilterKind::None: return true;
    case plan::FilterKind::Range: {
      const uint32_t index = word.payload >> 16;
      return word.control() || (index >= c.min_index && index <= c.max_index);
    }
    case plan::FilterKind::Counter:
      if (c.filter_control && word.control()) return f.counter == c.max_counter;
      return f.counter <= c.max_counter;
    case plan::FilterKind::SparseCounter: return f.open || f.counter <= c.max_counter;
  }
  return true;
}

void Block::filterCount(FilterState& f, const Slot& word) {
  const plan::Filter& c = f.config;
  if (c.kind != plan::FilterKind::Counter && c.kind != plan::FilterKind::SparseCounter) return;
  if (f.open || !(word.control() ? c.count_control : c.count_data)) return;
  if (f.counter != f.limit1) {
    f.counter = (f.counter + 1) & 0xffff;
    return;
  }
  f.counter = 0;
  if (c.kind == plan::FilterKind::Counter) return;
  if (!f.second && c.limit2.has_value()) {
    f.second = true;
    f.limit1 = *c.limit2;
  } else {
    f.open = true;
  }
}

}  // namespace weft::mesh
