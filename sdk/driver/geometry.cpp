// Where the program rectangle may sit: 4 columns west and 3 east of it belong to the host interface, 1 row above and below.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/driver/build.h"

namespace weft::driver {

namespace {
constexpr uint32_t kWestColumns = 4;
constexpr uint32_t kEastColumns = 3;
constexpr uint32_t kHaloRows = 1;
}  // namespace

FabricCoord defaultOffset(const CompileOptions& options) {
  if (options.offset) return *options.offset;
  return options.memcpy ? FabricCoord{kWestColumns + options.west_buffer, kHaloRows} : FabricCoord{};
}

Extent2 smallestFabric(const CompileOptions& options, Extent2 program) {
  const FabricCoord offset = defaultOffset(options);
  const bool host = options.memcpy;
  return {offset.x + program.width + (host ? kEastColumns + options.east_buffer : 0),
          offset.y + program.height + (host ? kHaloRows : 0)};
}

Result<void> checkGeometry(const CompileOptions& options, Extent2 program, diag::Sink& sink) {
  const FabricCoord offset = defaultOffset(options);
  if (options.memcpy && (offset.x < kWestColumns + options.west_buffer || offset.y < kHaloRows)) {
    sink.error(diag::Code::E0621, {}, "RuntimeError: Fabric offsets must be at least {},{}",
               kWestColumns + options.west_buffer, kHaloRows)
        .note("the columns west of the program belong to the host interface")
        .emit();
    return Reported{};
  }
  const Extent2 least = smallestFabric(options, program);
  const Extent2 fabric = options.fabric.value_or(least);
  if (fabric.width >= least.width && fabric.height >= least.height) return {};
  sink.error(diag::Code::E0621, {}, "RuntimeError: Fabric dimension must be at least {}-by-{}", least.width, least.height)
      .note(fmt::format("the program has {} x {} PEs at {},{}; --fabric-dims says {},{}", program.width, program.height,
                        offset.x, offset.y, fabric.width, fabric.height))
      .emit();
  return Reported{};
}

}  // namespace weft::driver
