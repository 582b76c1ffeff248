// The host's side of a compiled program: load it on an emulated mesh, copy arrays, launch functions, read results.
// Used by C++ host programs, the Python package and the commands. One thread at a time per Runtime.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "weft/status.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

/// How many bits of an element travel in each 32-bit host word (copy mode).
enum class DataType : uint8_t { Bits32 = 0, Bits16 = 1 };
/// Place of element e of PE (x, y) in the flat host array of a w x h region with l elements per PE:
/// RowMajor (y*w + x)*l + e; ColMajor y + x*h + e*h*w.
enum class Order : uint8_t { RowMajor = 0, ColMajor = 1 };
/// One copy per PE; one column of data for every column; one row of data for every row; every n-th PE only.
enum class Spread : uint8_t { Each, RowBroadcast, ColumnBroadcast, Strided };

struct RuntimeOptions {
  /// Accept programs compiled without --memcpy quietly.
  bool memcpy_required = true;
  /// Upper bound on threads; WEFT_THREADS, when set, is an order.
  int max_threads = 0;
  /// sim.log, sim_stats.json and simconfig.json in the current directory.
  bool write_logs = true;
  bool suppress_trace = false;
  /// DEBUG, INFO, WARNING or ERROR: what the runtime prints to standard error.
  std::string message_level = "WARNING";
  /// Written when the run ends; empty = no.
  std::string core_at_end;
};

/// One memcpy. `target` is an export's id, or a color number when streaming.
struct Transfer {
  int64_t target = 0;
  int64_t x = 0, y = 0, width = 0, height = 0;
  int64_t elements_per_pe = 0;
  bool streaming = false;
  DataType data_type = DataType::Bits32;
  Order order = Order::RowMajor;
  Spread spread = Spread::Each;
  /// Strided only: distance between columns and between rows that take part.
  int64_t row_stride = 1, col_stride = 1;
  bool nonblock = false;
};

/// One argument of launch(). `type` is a CSL type name (f16, f32, i16, u16, i32, u32), or "int" / "float" for a number
/// without a width, which takes the parameter's type if it fits.
struct LaunchArgument {
  std::string type;
  /// Raw bits for a CSL type.
  uint32_t bits = 0;
  int64_t integer = 0;
  double real = 0;
};

/// A number that names a submitted command or transfer; commands complete in order, transfers of a stream too.
using Task = uint64_t;

struct ExportInfo {
  int id = 0;
  std::string name;
  bool is_function = false;
  std::string type;
  std::vector<std::pair<std::string, std::string>> inputs;
};

/// A stream of a host-side layout; its id is its place in the list. Coordinates are those of the fabric.
struct StreamInfo {
  std::string name;
  bool input = false;
  int color = 0;
  uint32_t x = 0, y = 0;
  uint32_t buffer_words = 0;
};

struct RunFigures {
  uint64_t cycles = 0;
  uint64_t wavelet_hops = 0;
  uint64_t tasks_started = 0;
  uint64_t dsd_elements = 0;
  std::string engine;
};

class Runtime {
 public:
  /// Opens a compiled directory; reads its tables. Null on failure. The path is made absolute at once.
  static std::unique_ptr<Runtime> open(const std::string& directory, const RuntimeOptions& options, Status& status);
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  virtual ~Runtime() = default;

  /// Called about every 50 ms while a call waits; true interrupts it.
  virtual void setPoll(std::function<bool()> poll) = 0;

  [[nodiscard]] virtual std::string directory() const = 0;
  /// "wse2" or "wse3".
  [[nodiscard]] virtual std::string arch() const = 0;
  [[nodiscard]] virtual bool usesMemcpy() const = 0;
  /// Width, height of the program; width, height of the fabric; column, row of PE (0,0) on it.
  struct Geometry {
    uint32_t width, height, fabric_width, fabric_height, offset_x, offset_y;
  };
  [[nodiscard]] virtual Geometry geometry() const = 0;
  [[nodiscard]] virtual std::vector<ExportInfo> exports() const = 0;
  /// Id of an exported variable or function.
  [[nodiscard]] virtual std::optional<int> idOf(std::string_view name) const = 0;

  virtual Status load() = 0;
  virtual Status run() = 0;
  /// Completes what is pending (without memcpy: runs until nothing moves), then freezes the state for reading.
  virtual Status stop() = 0;

  /// Copies `count` 32-bit words at `words` to the PEs. The words are taken before the call returns.
  virtual Status copyIn(const Transfer& transfer, const uint32_t* words, size_t count, Task& task) = 0;
  /// Fills `words` from the PEs; they must live until the command is complete. `on_complete` (may be empty) runs on the
  /// thread of the call that completed the command and is destroyed with it, so it may own the memory.
  virtual Status copyOut(const Transfer& transfer, uint32_t* words, size_t count, std::function<void()> on_complete,
                         Task& task) = 0;
  /// Starts an exported function on all PEs, after checking the arguments against its signature.
  virtual Status launch(const std::string& name, const std::vector<LaunchArgument>& arguments, bool nonblock,
                        Task& task) = 0;
  /// The same without a check: one word per argument.
  virtual Status call(const std::string& name, const std::vector<uint32_t>& words, bool nonblock, Task& task) = 0;
  [[nodiscard]] virtual std::vector<StreamInfo> streams() const = 0;
  /// Words to an input stream; they are taken before the call returns. Complete when the stream's buffer holds them.
  virtual Status send(size_t stream, const uint32_t* words, size_t count, bool nonblock, Task& task) = 0;
  /// The next words of an output stream; `words` and `on_complete` as for copyOut().
  virtual Status receive(size_t stream, uint32_t* words, size_t count, std::function<void()> on_complete, bool nonblock,
                         Task& task) = 0;
  /// Every word of the stream that nobody receives goes to a file, little-endian: when nothing moves any more if
  /// blocking, else at stop().
  virtual Status receiveToFile(size_t stream, const std::string& path, bool nonblock) = 0;
  virtual Status wait(Task task) = 0;
  /// Moves simulated time on by at most 1,000 cycles.
  virtual Status isDone(Task task, bool& done) = 0;

  /// Bytes of a symbol on the PE at a fabric coordinate; between a blocking call or stop() and the next command.
  virtual Status readSymbol(int64_t fabric_x, int64_t fabric_y, const std::string& symbol,
                            std::vector<uint8_t>& bytes) = 0;
  virtual Status dumpCore(const std::string& path) = 0;
  [[nodiscard]] virtual RunFigures figures() const = 0;
  [[nodiscard]] virtual bool isLoaded() const = 0;
  [[nodiscard]] virtual bool isRunning() const = 0;
  [[nodiscard]] virtual bool isStopped() const = 0;

 protected:
  Runtime() = default;
};

}  // namespace weft
