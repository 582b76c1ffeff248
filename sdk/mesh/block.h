// One rectangle of the mesh with all its state; run by one worker at a time. The members are split by construct over
// router.cpp, switch.cpp, filter.cpp, queues.cpp, microthread.cpp, dsd_issue.cpp, dsd_memory.cpp, scheduler.cpp ...
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "sdk/mesh/express.h"
#include "sdk/mesh/params.h"
#include "sdk/mesh/slabs.h"
#include "sdk/mesh/state.h"
#include "sdk/mesh/wheel.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weft::mesh {

class MeshImpl;

/// A word or a credit on its way to a neighbouring block.
struct Message {
  Cycles at = 0;
  uint32_t pe = 0;  // index in the receiving block
  uint32_t payload = 0;
  uint8_t port = 0;  // input port at the receiver of words, for both kinds
  uint8_t color = 0;
  uint8_t flags = 0;
  bool credit = false;
  uint8_t slot = 0;
};

/// Something the user must hear of; merged over blocks by (cycle, y, x).
struct Report {
  Cycles cycle = 0;
  PeCoord at;
  /// Warnings with the same key are given once; 0 = always.
  uint64_t key = 0;
  diag::Diagnostic diagnostic;
};
struct LogLine {
  Cycles cycle = 0;
  PeCoord at;
  std::string text;
};

/// Where an event happened, for messages.
struct Where {
  uint32_t pe = 0;
  Cycles cycle = 0;
  uint32_t site = kNone;
};

class Block {
 public:
  Block(MeshImpl& mesh, uint32_t x0, uint32_t y0, uint32_t width, uint32_t height);
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  // ---- block.cpp: running ----
  /// Fills in the PEs' programs and enters those that have work at cycle 0.
  void load();
  void runWindow(Cycles end);
  /// Windows of one hop, one after the other, until `stop`, until something happened that the mesh must look at, or
  /// until enough were run. Returns the end of the last one. For a mesh of a single block.
  Cycles runWindows(Cycles stop, uint32_t most);
  void drain(const std::vector<Message>& inbox);
  [[nodiscard]] Cycles nextEvent() const { return wheel_.next(); }
  void schedule(uint32_t pe, Cycles at) {
    if (pe == self_ && at - time_ < 64) {
      self_wake_ |= 1ull << (at & 63);
    } else {
      wheel_.schedule(pe, at);
    }
  }
  /// Moves an idle block's clock so that entries for `at` can be made.
  void catchUp(Cycles at) {
    if (wheel_.now() < at && wheel_.next() >= at) wheel_.moveTo(at);
  }
  [[nodiscard]] uint32_t indexOf(PeCoord at) const { return (at.y - y0_) * width_ + (at.x - x0_); }
  [[nodiscard]] PeCoord coordOf(uint32_t pe) const { return {x0_ + pes_[pe].x, y0_ + pes_[pe].y}; }
  [[nodiscard]] std::vector<Pe>& pes() { return pes_; }
  [[nodiscard]] const std::vector<Pe>& pes() const { return pes_; }
  [[nodiscard]] uint32_t x0() const { return x0_; }
  [[nodiscard]] uint32_t y0() const { return y0_; }
  [[nodiscard]] uint32_t width() const { return width_; }
  [[nodiscard]] uint32_t height() const { return height_; }
  [[nodiscard]] uint64_t stateBytes() const;
  [[nodiscard]] const ProgramInfo* programOf(const Pe& pe) const {
    return pe.program == plan::kNoProgram ? nullptr : programs_ + pe.program;
  }

  Core& core(uint32_t pe) { return pes_[pe].core != nullptr ? *pes_[pe].core : makeCore(pe); }
  Core& makeCore(uint32_t pe);
  /// Memory for a record of this PE, next to its others.
  void* carve(Core& core, size_t bytes, size_t align);
  Link* makeLink(Core& core);
  Queue* makeQueue(Core& core, int depth, uint32_t pipe);

  // ---- express.cpp ----
  /// Brings every record up to date. Whoever looks from outside, or changes what a PE has to do, calls it first.
  void settle();
  void arriveOutside(uint32_t pe, const Link& link);

  // ---- memory.cpp ----
  uint8_t* memory(uint32_t pe);
  [[nodiscard]] const uint8_t* memoryIfTouched(uint32_t pe) const { return pes_[pe].memory; }
  /// Any access; never fails. Little-endian, wraps at 2^16.
  uint64_t loadAny(uint32_t pe, uint32_t address, uint32_t bytes, uint32_t site);
  void storeAny(uint32_t pe, uint32_t address, uint32_t bytes, uint64_t value, uint32_t site);
  /// For inspection and the host: does not warn, does not touch a page.
  [[nodiscard]] uint8_t peekByte(uint32_t pe, uint32_t address) const;
  void pokeBytes(uint32_t pe, uint32_t address, const uint8_t* bytes, uint32_t count);

  // ---- queues.cpp ----
  ColorState& colorState(uint32_t pe, Core& core, int color);
  /// What the layout says of a color at a PE.
  void configureColor(PeCoord at, int color, ColorState* cs) const;
  Queue* inputQueue(uint32_t pe, Core& core, int id);
  Queue* outputQueue(uint32_t pe, Core& core, int id);
  Queue* landingQueue(uint32_t pe, Core& core, ColorState& cs);
  Queue* implicitQueue(Core& core, ColorState& cs);
  void bindInputQueue(uint32_t pe, Core& core, int id, int color);
  void bindOutputQueue(uint32_t pe, Core& core, int id, int color);
  void popInput(Core& core, Queue& queue);
  void pushOutput(uint32_t pe, Core& core, Queue& queue, uint32_t payload, uint8_t flags, uint8_t color, Cycles ready);
  void queueDrained(uint32_t pe, Core& core, Queue& queue, Cycles t);
  bool dataChannelBlocked(const Pe& pe, const Queue& queue) const;

  // ---- router.cpp ----
  void route(uint32_t pe, Core& core, Cycles t);
  void routeFast(uint32_t pe, Core& core, Cycles t);
  void leaveOutput(uint32_t pe, Core& core, Queue& queue, Cycles t);
  /// Whether an output queue takes a word in cycle t; comes back to it when it is known to.
  bool hasRoom(uint32_t pe, const Queue& queue, Cycles t);
  void moveFast(uint32_t pe, Core& core, ColorState& cs, const Slot& word, Link* link, Queue* queue, int port,
                Cycles t);
  Link* outLink(uint32_t pe, Core& core, ColorState& cs, int port);
  Link* inLink(uint32_t pe, Core& core, int color, int port);
  void popLink(uint32_t pe, Core& core, Link& link, int port, Cycles t);
  void injectWord(uint32_t pe, int color, uint32_t payload, bool control, Cycles t);

  // ---- switch.cpp ----
  static void recomputeRoute(ColorState& cs);
  /// Executes the first command of a control wavelet; returns the payload that goes on.
  uint32_t executeControl(uint32_t pe, Core& core, ColorState& cs, uint32_t payload, Cycles t);
  bool advanceSwitch(ColorState& cs);
  /// The sender's own switch, behind its wavelet.
  void advanceBehind(uint32_t pe, ColorState& cs, uint8_t flags, uint32_t payload, Cycles t);
  void enterTeardown(uint32_t pe, Core& core, ColorState& cs, Cycles t);

  // ---- filter.cpp ----
  bool filterPasses(const FilterState& filter, const Slot& word) const;
  void filterCount(FilterState& filter, const Slot& word);

  // ---- registers.cpp ----
  /// `site` is the line that asks, or kNone.
  bool readRegister(uint32_t pe, uint16_t word_address, uint16_t* value, uint32_t site);
  std::vector<RegisterState> registersOf(uint32_t pe);
  bool writeRegister(uint32_t pe, uint16_t word_address, uint16_t value, Cycles t, uint32_t site);
  void noteWithoutModel(const Where& where, uint16_t address);
  void defer(uint32_t pe, Core& core, const Deferred& what);
  void performDeferred(uint32_t pe, Core& core, Cycles t);
  /// What a task that runs ahead has written there itself.
  [[nodiscard]] const Deferred* deferredRegister(const Core& core, uint16_t word_address) const;

  // ---- host_port.cpp ----
  void hostFeed(uint32_t pe, Core& core, Cycles t);
  void hostDrain(uint32_t pe, Core& core, Cycles t);
  /// Puts a word into the port of a color, or asks to be woken when there is room.
  bool giveHostWord(uint32_t pe, Core& core, int color, uint32_t word, Cycles t);
  /// The word at the port of a color, or nullptr; takeHostWord() removes it.
  Slot* hostWord(uint32_t pe, Core& core, int color, Cycles t);
  void takeHostWord(uint32_t pe, Core& core, int color, Cycles t);
  void startSystemTask(uint32_t pe, Core& core, Cycles t);
  void unblockCommandStream(uint32_t pe, Cycles t);

  // ---- host_streams.cpp ----
  void feedStreams(uint32_t pe, Core& core, Cycles t);
  void drainStreams(uint32_t pe, Core& core, Cycles t);

  // ---- hang_report.cpp, snapshot.cpp ----
  struct Stuck {
    PeCoord at;
    std::string key;      // PEs with equal keys form a group
    std::string message;  // for the first of the group
    std::string cause;
    bool primary = true;
  };
  void collectStuck(std::vector<Stuck>& out);
  PeSnapshot snapshot(uint32_t pe);
  std::string siteText(uint32_t pe, uint32_t site) const;
  std::string mainText(uint32_t pe) const;

  // ---- trap.cpp ----
  void trap(const Where& where, diag::Code code, std::string message, std::vector<std::string> notes = {});
  /// Given once per `key`; 0: once per program and source line, or always where there is no line.
  void warn(const Where& where, diag::Code code, std::string message, uint64_t key = 0);
  std::vector<diag::TraceFrame> traceOf(const Where& where) const;

  // Results of a window, read by the mesh behind the barrier.
  std::vector<Message> outbox[4];
  std::vector<Report> reports;
  std::vector<LogLine> log;
  std::vector<WaveletEvent> events;
  std::vector<InstructionEvent> instructions;
  std::vector<SwitchEvent> switches;
  uint64_t host_done = 0;
  Cycles host_done_cycle = 0;
  bool stream_done = false;
  uint64_t trace_hash = 0;
  MeshStats stats;
  bool trapped = false;

 private:
  friend class MeshImpl;
  struct DeviceEntry;
  using Args = uint64_t[8];

  // block.cpp
  bool runCycle(Cycles t, uint32_t first, uint32_t last);
  Cycles runSkewed(Cycles start, Cycles end);
  void chooseLookahead();
  bool closed(Cycles start, Cycles end);
  /// Whether the mesh has something to look at: the window ends.
  [[nodiscard]] bool happened() const {
    return host_done != 0 || stream_done || !reports.empty() || !log.empty() || !events.empty();
  }
  void visit(uint32_t pe, Cycles t);
  void endVisit(uint32_t pe, Core& core, Cycles t);
  void finishVisit(uint32_t pe, Core& core, Cycles t);

  // express.cpp
  static constexpr uint8_t kExpressed = 0x80;
  struct ExpressMemory {
    void operator()(uint8_t* p) const;
  };
  void makeExpress();
  [[nodiscard]] Express& expressOf(uint32_t pe) const {
    return *reinterpret_cast<Express*>(express_.get() + pe * express_stride_);
  }
  [[nodiscard]] bool expressWay(const ColorState& cs, int port) const;
  [[nodiscard]] bool expressed(uint32_t pe) const { return express_of_[pe] == kExpressed; }
  [[nodiscard]] Cycles expressUntil(Cycles from) const;
  bool tryExpress(uint32_t pe, Core& core, Cycles t);
  void leaveExpress(uint32_t pe, Cycles t);
  struct Beat;
  bool endExpressMain(uint32_t pe, Express& e, Cycles t);
  bool stepExpress(uint32_t pe, Express& e, const Beat& beat);
  void fetchAhead(const uint32_t* list, size_t left);

  // microthread.cpp
  bool stepWorkers(uint32_t pe, Core& core, Cycles t);
  enum class Step : uint8_t { Issued, Waiting, Later };
  Step stepWorker(uint32_t pe, Core& core, Worker& worker, Cycles t);
  template <bool simd>
  Step stepSimple(uint32_t pe, Core& core, Worker& worker, Cycles t);
  void stepLone(uint32_t pe, Core& core, Cycles t);
  Step stepNext(uint32_t pe, Core& core, Worker& worker, Cycles t);
  uint64_t kernelElement(Worker& worker, uint64_t a, uint64_t b);
  void makeSimple(Worker& worker) const;
  static void syncCursors(Worker& worker);
  static void findLone(Core& core);
  bool sourceReady(Core& core, Worker& worker, Operand& operand, Cycles t, bool* control_end);
  uint64_t readElement(uint32_t pe, Core& core, Worker& worker, Operand& operand, int part);
  void advance(Operand& operand);
  void finishWorker(uint32_t pe, Core& core, Worker& worker, Cycles t);
  void runCallbacks(uint32_t pe, Core& core, Cycles t);
  void complete(uint32_t pe, Core& core, int activate, int unblock, Cycles t);
  bool fifoReadable(Core& core, const Worker& worker, const Operand& operand, uint32_t bytes) const;

  // dsd_issue.cpp
  int32_t issueDsd(uint32_t pe, Core& core, uint32_t op, uint32_t site, const uint64_t* args, Cycles t, bool at_time);
  bool resolve(uint32_t pe, Core& core, const tir::DsdOperand& spec, const uint64_t*& args, int width, Operand* out,
               tir::DsrConfig* config, uint32_t site, Cycles t, bool is_dest);
  void place(uint32_t pe, Core& core, tir::Dsd dsd, Operand* out);
  bool bindFabric(uint32_t pe, Core& core, Operand& operand, uint32_t site, Cycles t);
  uint32_t operationLength(const Operand& dest, const Operand& src0, const Operand& src1, const Core& core) const;
  bool startWorker(uint32_t pe, Core& core, Worker& worker, int number, uint32_t site, Cycles t);
  int32_t fabricElement(uint32_t pe, Core& core, bool read, uint64_t dsd, uint32_t width, uint32_t value, uint32_t site,
                        Cycles t);
  void saveAddresses(Core& core, const Operand& operand);

  // exceptions.cpp
  void maskExceptions(uint32_t pe, Core& core, uint16_t mask, const Where& where);
  static bool beginsChecking(const WeftPe& wpe, tir::DeviceCall call, const uint64_t* args);
  bool elementStops(uint32_t pe, const Worker& worker, unsigned unmasked, uint64_t a, uint64_t b, uint64_t r, Cycles t);
  /// What a message calls an operation of scalar code.
  static std::string scalarOperation(tir::Op op);
  void trapException(const Where& where, unsigned stops, const std::string& operation);

  // dsd_memory.cpp
  /// False: an exception has stopped the PE.
  bool runMemory(uint32_t pe, Worker& w, uint32_t site, Cycles t);
  uint32_t memoryCost(const Worker& w) const;
  uint32_t runLength(const Operand& operand) const;
  void advanceBy(Operand& operand, uint32_t count);

  // device_calls.cpp
  int32_t deviceCall(WeftPe& wpe, uint32_t call, uint32_t site, const uint64_t* args);
  int32_t dsdOp(WeftPe& wpe, uint32_t op, uint32_t site, const uint64_t* args);
  int32_t backEdge(WeftPe& wpe, uint32_t site);
  int32_t fault(WeftPe& wpe, uint32_t kind, uint32_t site);
  int32_t dsrElement(uint32_t pe, Core& core, bool read, const uint64_t* args, uint32_t site, Cycles t);
  int32_t performCall(uint32_t pe, Core& core, uint32_t call, uint32_t site, const uint64_t* args, Cycles t);
  int32_t postpone(WeftPe& wpe, Core& core, RequestKind kind, uint32_t call, uint32_t site, const uint64_t* args,
                   int count);
  void print(uint32_t pe, Core& core, const std::string& text, Cycles t);
  uint32_t random16(Core& core);

  // scheduler.cpp
  void visitOn(uint32_t pe, Cycles t);
  void mainThread(uint32_t pe, Core& core, Cycles t);
  static void settleMain(Core& core);
  void pickTask(uint32_t pe, Core& core, Cycles t);
  void pickAmong(uint32_t pe, Core& core, Cycles t);
  void startTask(uint32_t pe, Core& core, uint32_t function, int task, std::span<const uint64_t> args, Cycles t,
                 bool system);
  void resumeTask(uint32_t pe, Core& core, uint64_t result, Cycles now);
  void openEngineView();
  void prepare(uint32_t pe, Core& core, Cycles now);
  void afterRun(uint32_t pe, Core& core, int32_t status);
  void endTask(uint32_t pe, Core& core, Cycles t);
  bool startTeardownHandler(uint32_t pe, Core& core, Cycles t);
  WeftFrame* allocFrame(uint32_t bytes);
  void freeFrame(WeftFrame* frame, uint32_t bytes);

  DsrState* dsrs(uint32_t pe, Core& core);
  void initializeCore(uint32_t pe, Core& core);
  void hashEvent(Cycles t, uint32_t pe, int color, int port, uint32_t payload, bool control);

  // listen.cpp
  struct Begun {
    uint32_t number = 0;
    int16_t task = -1;
  };
  /// Of a PE: what it has begun, by microthread and on the main thread.
  struct Heard {
    uint32_t count = 0;
    Begun running[9];
  };
  void listenToInstructions(bool on);
  void traceWavelet(Cycles t, uint32_t pe, int color, int port, uint32_t payload, bool control, uint8_t ways);
  void traceTask(Cycles t, uint32_t pe, Core& core, uint32_t function);
  void noteCall(uint32_t pe, Core& core, uint32_t call, uint32_t site, const uint64_t* args, Cycles t);
  /// `op`: nullptr for the element moves of @map.
  void noteIssue(uint32_t pe, Core& core, const Worker& worker, const tir::DsdOp* op, int thread, uint32_t site,
                 Cycles t);
  /// The operation just issued works on memory alone: it is over at cycle `end`.
  void noteMemoryEnd(uint32_t length, Cycles end);
  void noteElement(uint32_t pe, const Worker& worker, uint32_t lanes, const uint32_t (&values)[3], Cycles t);
  void noteIdle(uint32_t pe, Core& core, Cycles t);
  void noteSwitch(uint32_t pe, const ColorState& cs, const SwitchEvent::Position& from, SwitchEvent::Cause cause,
                  bool control, uint32_t payload, Cycles t);

  MeshImpl& mesh_;
  const Params& params_;
  uint32_t x0_, y0_, width_, height_;
  std::vector<Pe> pes_;
  Wheel wheel_;
  /// The PE being visited, and the cycles it has asked for so far (Core::wake).
  uint32_t self_ = kNone;
  uint64_t self_wake_ = 0;
  // Records of PEs in express state, and per PE whether it is, or how many visits it has until the next try.
  std::vector<uint8_t> express_of_;
  std::unique_ptr<uint8_t[], ExpressMemory> express_;
  size_t express_stride_ = 0;
  uint32_t express_places_ = 0;
  uint8_t express_after_ = 0;
  size_t express_count_ = 0;
  std::vector<ExpressHome> express_home_;
  /// Records count their cycles from here.
  Cycles epoch_ = 0;
  Slabs arena_;
  uint64_t arena_bytes_ = 0;
  uint64_t memory_bytes_ = 0;
  uint64_t near_bytes_ = 0;  // the block's share of a core's cache, by its area
  WeftPe wpe_{};
  // The PE of visitOn(), the cycle of its next task (0: none), and where the run ends (0: other blocks may send).
  uint32_t goes_on_ = kNone;
  Cycles again_ = 0;
  Cycles solo_until_ = 0;
  // Looked up once.
  const ProgramInfo* programs_ = nullptr;
  bool traces_ = false;    // someone wants to hear of tasks,
  bool listens_ = false;   // of instructions,
  bool switches_ = false;  // of switches
  std::vector<Heard> heard_;
  bool plain_schedule_ = true;
  bool has_slots_ = false;
  uint32_t running_ = kNone;  // PE whose main thread is inside the engine
  Cycles time_ = 0;           // cycle being run
  bool tracing_ = false;      // someone wants to hear of wavelets
  // runSkewed(): cycles and rows of a band, PEs in express state that make it worth while, and when to look again.
  uint32_t lookahead_ = 1;
  uint32_t band_rows_ = 1;
  size_t dense_ = 0;
  uint32_t closed_wait_ = 0;
  Cycles closed_at_ = 0;
  /// Counts what could end expressUntil(): PEs that enter or leave express state or are visited the general way; its
  /// last answer, and the count then.
  uint64_t disturbed_ = 0;
  uint64_t closed_count_ = ~0ull;
  Cycles closed_until_ = 0;
  std::array<std::vector<WeftFrame*>, 64> free_frames_;
  /// Objects with destructors (callback lists, print buffers) die with the block.
  std::vector<std::unique_ptr<std::vector<Callback>>> callback_pool_;
  std::vector<std::unique_ptr<std::vector<Deferred>>> deferred_pool_;
  std::vector<std::unique_ptr<std::string>> string_pool_;
  std::vector<std::unique_ptr<std::vector<std::pair<uint16_t, uint16_t>>>> register_pool_;
  std::vector<std::unique_ptr<uint8_t[]>> memory_pool_;
  uint8_t* memory_chunk_ = nullptr;
  size_t memory_left_ = 0;

  template <class T>
  T* make(size_t count = 1) {
    arena_bytes_ += sizeof(T) * count;
    T* p = static_cast<T*>(arena_.allocate(sizeof(T) * count, alignof(T) > 16 ? 16 : alignof(T)));
    for (size_t i = 0; i < count; ++i) new (p + i) T();
    return p;
  }
};

}  // namespace weft::mesh
