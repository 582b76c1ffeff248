// What a layout block tells the outside. Implemented by frontend/layout, called by sema/builtin_layout.cpp.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/comptime/value.h"
#include "frontend/diag/diag.h"
#include "frontend/plan/fabric_plan.h"
#include "frontend/sema/module_loader.h"

#include <optional>
#include <string>

namespace weft::sema {

/// Why a layout call is refused; the caller reports it with its comptime call stack.
struct LayoutError {
  diag::Code code;
  std::string message;
  /// The other half of the contradiction, if there is one.
  source::Span other;
  std::string other_text;
};
using LayoutVerdict = std::optional<LayoutError>;

class LayoutHooks {
 public:
  virtual ~LayoutHooks() = default;
  virtual LayoutVerdict setRectangle(Extent2 extent, source::Span span) = 0;
  /// Set by setRectangle; nullopt before.
  [[nodiscard]] virtual std::optional<Extent2> rectangle() const = 0;
  [[nodiscard]] virtual Extent2 fabric() const = 0;
  [[nodiscard]] virtual FabricCoord offset() const = 0;
  virtual LayoutVerdict setTileCode(int64_t x, int64_t y, const SourceFile& file, const comptime::Value& params,
                                    source::Span span) = 0;
  /// `config` stays valid only during the call.
  virtual LayoutVerdict setColorConfig(int64_t x, int64_t y, int color, const plan::ColorConfig& config,
                                       source::Span span) = 0;
  virtual LayoutVerdict exportName(plan::Export name, source::Span span) = 0;
  /// Streaming colors given to memcpy's get_params (-1: none).
  virtual void memcpyConfig(const std::array<int, 4>& h2d, const std::array<int, 4>& d2h) = 0;
};

}  // namespace weft::sema
