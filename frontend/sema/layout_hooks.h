// What a layout block tells the outside. Implemented by frontend/layout, called by sema/builtin_layout.cpp.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/comptime/value.h"
#include "frontend/plan/fabric_plan.h"
#include "frontend/sema/module_loader.h"

namespace weft::sema {

class Sema;

/// Owner of this file and of its methods: the layout helper (builtin_layout.cpp and frontend/layout).
class LayoutHooks {
 public:
  virtual ~LayoutHooks() = default;
};

}  // namespace weft::sema
