// The extension module weft._core: weft/runtime.h for Python. The `cerebras` package is written over it in Python.
// SPDX-License-Identifier: Apache-2.0
#include "weft/runtime.h"

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace py = pybind11;

namespace {

enum class SdkTarget { WSE2, WSE3 };
enum class Edge { TOP, BOTTOM, LEFT, RIGHT };
enum class Route { RAMP, EAST, WEST, NORTH, SOUTH };
enum class Fp16Type { F16, BF16, CB16 };

/// Turns a failed status into a Python exception. The GIL is held.
void check(const weft::Status& status) {
  // The poll callback has left the signal's own exception, normally KeyboardInterrupt.
  if (status.interrupted()) {
    if (PyErr_Occurred() != nullptr) {
      py::error_scope signal;
      py::print(status.text(), py::arg("file") = py::module_::import("sys").attr("stderr"));
    }
    if (PyErr_Occurred() != nullptr) throw py::error_already_set();
  }
  if (status.ok()) {
    for (const weft::Problem& p : status.problems())
      py::print(p.text, py::arg("file") = py::module_::import("sys").attr("stderr"));
    return;
  }
  py::list diagnostics;
  std::string code;
  for (const weft::Problem& p : status.problems()) {
    if (code.empty() && p.is_error) code = p.code;
    py::dict d;
    d["code"] = p.code;
    d["severity"] = p.is_error ? "error" : "warning";
    d["message"] = p.message;
    d["text"] = p.text;
    diagnostics.append(d);
  }
  const py::object type = py::module_::import("weft.errors").attr("WeftError");
  const py::object error = type(status.text(), code, diagnostics);
  PyErr_SetObject(type.ptr(), error.ptr());
  throw py::error_already_set();
}

/// Runs a call that may wait without the GIL.
template <class Call>
void checked(Call call) {
  weft::Status status;
  {
    const py::gil_scoped_release release;
    status = call();
  }
  check(status);
}

/// A mistake that is found before the runtime is asked.
[[noreturn]] void mistake(const char* code, const std::string& text) {
  const py::object error = py::module_::import("weft.errors").attr("error")(code, text);
  PyErr_SetObject(py::type::of(error).ptr(), error.ptr());
  throw py::error_already_set();
}

[[noreturn]] void wrongArray(const std::string& text) { mistake("E0611", text); }

/// Bits move unchanged, so an array in the other byte order would arrive as other numbers.
void checkByteOrder(const py::array& array) {
  if (!array.dtype().attr("isnative").cast<bool>())
    wrongArray("the array has the byte order of another machine (" + py::str(array.dtype()).cast<std::string>() +
               "): convert it with astype()");
}

void checkItems(const py::array& array) {
  if (array.itemsize() != 4 ||
      (array.dtype().kind() != 'f' && array.dtype().kind() != 'i' && array.dtype().kind() != 'u'))
    wrongArray("Internal data type of any memcpy_h2d() or memcpy_d2h() operation should be 32 bit; the array is " +
               py::str(array.dtype()).cast<std::string>());
  checkByteOrder(array);
}

/// Streams carry 32-bit words: an array must have as many bytes, whatever its type.
void checkStreamed(const py::array& array, size_t words) {
  checkByteOrder(array);
  if (array.dtype().kind() == 'O' || array.nbytes() % 4 != 0 || array.size() == 0)
    wrongArray("streams carry 32-bit words; the array is " + py::str(array.dtype()).cast<std::string>());
  if (static_cast<size_t>(array.nbytes()) < 4 * words)
    wrongArray("the array has " + std::to_string(array.nbytes() / 4) + " words, the transfer needs " +
               std::to_string(words));
}

/// A Python object that may be let go on a thread without the GIL.
std::shared_ptr<py::object> keep(py::object object) {
  return {new py::object(std::move(object)), [](py::object* held) {
            const py::gil_scoped_acquire acquire;
            delete held;
          }};
}

weft::LaunchArgument argument(const py::handle& value) {
  weft::LaunchArgument a;
  if (py::hasattr(value, "dtype") && py::hasattr(value, "tobytes")) {
    const py::object dtype = value.attr("dtype");
    const auto kind = dtype.attr("kind").cast<std::string>();
    const auto size = dtype.attr("itemsize").cast<int>();
    const auto bytes = value.attr("tobytes")().cast<std::string>();
    const bool one = static_cast<int>(bytes.size()) == size;
    if (one && (size == 2 || size == 4) && (kind == "f" || kind == "i" || kind == "u")) {
      a.type = kind + (size == 2 ? "16" : "32");
      std::memcpy(&a.bits, bytes.data(), static_cast<size_t>(size));
      return a;
    }
    // Other widths are numbers, as Python's own are (float64 is one of those).
    const bool number = one && (kind == "i" || kind == "u" || (kind == "f" && size == 8));
    if (!number) {
      a.type = py::str(dtype).cast<std::string>();
      return a;
    }
    return argument(value.attr("item")());
  }
  if (py::isinstance<py::float_>(value)) {
    a.type = "float";
    a.real = value.cast<double>();
    return a;
  }
  if (py::isinstance<py::int_>(value)) {
    int overflow = 0;
    a.type = "int";
    a.integer = PyLong_AsLongLongAndOverflow(value.ptr(), &overflow);
    if (overflow != 0) a.type = "int beyond 64 bits";
    return a;
  }
  a.type = py::str(py::type::of(value).attr("__name__")).cast<std::string>();
  return a;
}

class Runtime {
 public:
  Runtime(const std::string& directory, const weft::RuntimeOptions& options) {
    weft::Status status;
    runtime_ = weft::Runtime::open(directory, options, status);
    check(status);
    runtime_->setPoll([] {
      const py::gil_scoped_acquire acquire;
      return PyErr_CheckSignals() != 0;
    });
  }

  weft::Runtime& get() {
    if (runtime_ != nullptr) return *runtime_;
    mistake("E0610", "the runtime belongs to the process that made it, not to its fork");
  }
  [[nodiscard]] bool abandoned() const { return runtime_ == nullptr; }
  /// In a forked process: the threads of the simulation are not there to be joined, so nothing may be taken down.
  void abandon() { (void)runtime_.release(); }

  weft::Task copyIn(const weft::Transfer& transfer, const py::array& array) {
    checkItems(array);
    const auto packed = py::array::ensure(array, py::array::c_style);
    weft::Task task = 0;
    const auto* words = static_cast<const uint32_t*>(packed.data());
    const auto count = static_cast<size_t>(packed.size());
    weft::Runtime& runtime = get();
    checked([&] { return runtime.copyIn(transfer, words, count, task); });
    return task;
  }

  weft::Task copyOut(const weft::Transfer& transfer, py::array array) {
    checkItems(array);
    if (!array.writeable()) wrongArray("the array to copy into is read-only");
    weft::Task task = 0;
    const auto count = static_cast<size_t>(array.size());
    uint32_t* words = nullptr;
    std::function<void()> done;
    if ((array.flags() & py::array::c_style) != 0) {
      words = static_cast<uint32_t*>(array.mutable_data());
      done = [held = keep(array)] {};
    } else {
      // Filled packed, then spread into the caller's own array.
      auto packed = std::make_shared<std::vector<uint32_t>>(count);
      words = packed->data();
      done = [held = keep(array), packed] {
        const py::gil_scoped_acquire acquire;
        auto target = held->cast<py::array>();
        py::array flat(target.dtype(), {static_cast<py::ssize_t>(packed->size())}, packed->data());
        target.attr("__setitem__")(py::ellipsis(), flat.attr("reshape")(target.attr("shape")));
      };
    }
    weft::Runtime& runtime = get();
    checked([&] { return runtime.copyOut(transfer, words, count, std::move(done), task); });
    return task;
  }

  weft::Task send(size_t stream, const py::array& array, size_t count, bool nonblock) {
    const auto packed = py::array::ensure(array, py::array::c_style);
    checkStreamed(packed, count);
    weft::Task task = 0;
    const auto* words = static_cast<const uint32_t*>(packed.data());
    weft::Runtime& runtime = get();
    checked([&] { return runtime.send(stream, words, count, nonblock, task); });
    return task;
  }

  weft::Task receive(size_t stream, py::array array, size_t count, bool nonblock) {
    checkStreamed(array, count);
    if (!array.writeable()) wrongArray("the array to receive into is read-only");
    if ((array.flags() & py::array::c_style) == 0) wrongArray("the array to receive into is not contiguous");
    weft::Task task = 0;
    auto* words = static_cast<uint32_t*>(array.mutable_data());
    weft::Runtime& runtime = get();
    checked([&] { return runtime.receive(stream, words, count, [held = keep(array)] {}, nonblock, task); });
    return task;
  }

  weft::Task launch(const std::string& name, const py::tuple& args, bool nonblock) {
    std::vector<weft::LaunchArgument> arguments;
    for (const py::handle& value : args) arguments.push_back(argument(value));
    weft::Task task = 0;
    weft::Runtime& runtime = get();
    checked([&] { return runtime.launch(name, arguments, nonblock, task); });
    return task;
  }

 private:
  std::unique_ptr<weft::Runtime> runtime_;
};

void bindEnums(py::module_& m) {
  py::enum_<weft::DataType>(m, "MemcpyDataType")
      .value("MEMCPY_32BIT", weft::DataType::Bits32)
      .value("MEMCPY_16BIT", weft::DataType::Bits16)
      .export_values();
  py::enum_<weft::Order>(m, "MemcpyOrder")
      .value("ROW_MAJOR", weft::Order::RowMajor)
      .value("COL_MAJOR", weft::Order::ColMajor)
      .export_values();
  py::enum_<weft::Spread>(m, "Spread")
      .value("EACH", weft::Spread::Each)
      .value("ROW_BROADCAST", weft::Spread::RowBroadcast)
      .value("COLUMN_BROADCAST", weft::Spread::ColumnBroadcast)
      .value("STRIDED", weft::Spread::Strided);
  py::enum_<SdkTarget>(m, "SdkTarget").value("WSE2", SdkTarget::WSE2).value("WSE3", SdkTarget::WSE3).export_values();
  py::enum_<Edge>(m, "Edge")
      .value("TOP", Edge::TOP)
      .value("BOTTOM", Edge::BOTTOM)
      .value("LEFT", Edge::LEFT)
      .value("RIGHT", Edge::RIGHT)
      .export_values();
  py::enum_<Route>(m, "Route")
      .value("RAMP", Route::RAMP)
      .value("EAST", Route::EAST)
      .value("WEST", Route::WEST)
      .value("NORTH", Route::NORTH)
      .value("SOUTH", Route::SOUTH)
      .export_values();
  py::enum_<Fp16Type>(m, "FP16TYPE")
      .value("F16", Fp16Type::F16)
      .value("BF16", Fp16Type::BF16)
      .value("CB16", Fp16Type::CB16)
      .export_values();
}

void bindData(py::module_& m) {
  py::class_<weft::RuntimeOptions>(m, "RuntimeOptions")
      .def(py::init<>())
      .def_readwrite("memcpy_required", &weft::RuntimeOptions::memcpy_required)
      .def_readwrite("max_threads", &weft::RuntimeOptions::max_threads)
      .def_readwrite("write_logs", &weft::RuntimeOptions::write_logs)
      .def_readwrite("suppress_trace", &weft::RuntimeOptions::suppress_trace)
      .def_readwrite("message_level", &weft::RuntimeOptions::message_level)
      .def_readwrite("core_at_end", &weft::RuntimeOptions::core_at_end);
  py::class_<weft::Transfer>(m, "Transfer")
      .def(py::init<>())
      .def_readwrite("target", &weft::Transfer::target)
      .def_readwrite("x", &weft::Transfer::x)
      .def_readwrite("y", &weft::Transfer::y)
      .def_readwrite("width", &weft::Transfer::width)
      .def_readwrite("height", &weft::Transfer::height)
      .def_readwrite("elements_per_pe", &weft::Transfer::elements_per_pe)
      .def_readwrite("streaming", &weft::Transfer::streaming)
      .def_readwrite("data_type", &weft::Transfer::data_type)
      .def_readwrite("order", &weft::Transfer::order)
      .def_readwrite("spread", &weft::Transfer::spread)
      .def_readwrite("row_stride", &weft::Transfer::row_stride)
      .def_readwrite("col_stride", &weft::Transfer::col_stride)
      .def_readwrite("nonblock", &weft::Transfer::nonblock);
}

void bindRuntime(py::module_& m) {
  py::class_<Runtime>(m, "Runtime")
      .def(py::init<const std::string&, const weft::RuntimeOptions&>(), py::arg("directory"),
           py::arg("options") = weft::RuntimeOptions())
      .def("load", [](Runtime& r) { checked([&, &runtime = r.get()] { return runtime.load(); }); })
      .def("run", [](Runtime& r) { checked([&, &runtime = r.get()] { return runtime.run(); }); })
      .def("stop", [](Runtime& r) { checked([&, &runtime = r.get()] { return runtime.stop(); }); })
      .def("abandon", &Runtime::abandon)
      .def("id_of", [](Runtime& r, const std::string& name) { return r.get().idOf(name); })
      .def("copy_in", &Runtime::copyIn)
      .def("copy_out", &Runtime::copyOut)
      .def("launch", &Runtime::launch)
      .def("send", &Runtime::send)
      .def("receive", &Runtime::receive)
      .def("receive_to_file",
           [](Runtime& r, size_t stream, const std::string& path, bool nonblock) {
             checked([&, &runtime = r.get()] { return runtime.receiveToFile(stream, path, nonblock); });
           })
      .def_property_readonly("streams",
                             [](Runtime& r) {
                               py::list all;
                               for (const weft::StreamInfo& s : r.get().streams()) {
                                 py::dict d;
                                 d["name"] = s.name;
                                 d["input"] = s.input;
                                 d["color"] = s.color;
                                 d["at"] = py::make_tuple(s.x, s.y);
                                 d["buffer_words"] = s.buffer_words;
                                 all.append(d);
                               }
                               return all;
                             })
      .def("call",
           [](Runtime& r, const std::string& name, const std::vector<uint32_t>& words, bool nonblock) {
             weft::Task task = 0;
             checked([&, &runtime = r.get()] { return runtime.call(name, words, nonblock, task); });
             return task;
           })
      .def("wait", [](Runtime& r, weft::Task task) { checked([&, &runtime = r.get()] { return runtime.wait(task); }); })
      .def("is_done",
           [](Runtime& r, weft::Task task) {
             bool done = false;
             checked([&, &runtime = r.get()] { return runtime.isDone(task, done); });
             return done;
           })
      .def("read_symbol",
           [](Runtime& r, int64_t x, int64_t y, const std::string& symbol) {
             std::vector<uint8_t> bytes;
             checked([&, &runtime = r.get()] { return runtime.readSymbol(x, y, symbol, bytes); });
             return py::array_t<uint8_t>(static_cast<py::ssize_t>(bytes.size()), bytes.data());
           })
      .def("dump_core",
           [](Runtime& r, const std::string& path) {
             checked([&, &runtime = r.get()] { return runtime.dumpCore(path); });
           })
      .def_property_readonly("directory", [](Runtime& r) { return r.get().directory(); })
      .def_property_readonly("arch", [](Runtime& r) { return r.get().arch(); })
      .def_property_readonly("uses_memcpy", [](Runtime& r) { return r.get().usesMemcpy(); })
      .def_property_readonly("is_loaded", [](Runtime& r) { return r.get().isLoaded(); })
      .def_property_readonly("is_running", [](Runtime& r) { return !r.abandoned() && r.get().isRunning(); })
      .def_property_readonly("is_stopped", [](Runtime& r) { return r.get().isStopped(); })
      .def_property_readonly("cycles", [](Runtime& r) { return r.get().figures().cycles; })
      .def_property_readonly("engine", [](Runtime& r) { return r.get().figures().engine; })
      .def_property_readonly("exports",
                             [](Runtime& r) {
                               py::list all;
                               for (const weft::ExportInfo& e : r.get().exports()) {
                                 py::dict d;
                                 d["id"] = e.id;
                                 d["name"] = e.name;
                                 d["is_function"] = e.is_function;
                                 d["type"] = e.type;
                                 d["inputs"] = e.inputs;
                                 all.append(d);
                               }
                               return all;
                             })
      .def_property_readonly("geometry", [](Runtime& r) {
        const weft::Runtime::Geometry g = r.get().geometry();
        return py::dict(py::arg("width") = g.width, py::arg("height") = g.height,
                        py::arg("fabric_width") = g.fabric_width, py::arg("fabric_height") = g.fabric_height,
                        py::arg("offset_x") = g.offset_x, py::arg("offset_y") = g.offset_y);
      });
}

}  // namespace

PYBIND11_MODULE(_core, m) {
  m.doc() = "Weft's runtime: see weft/runtime.h";
  bindEnums(m);
  bindData(m);
  bindRuntime(m);
}
