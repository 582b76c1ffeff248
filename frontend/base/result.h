// Result<T>: a T, or the fact that a diagnostic was already emitted. Read by every stage.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <utility>

namespace weft {

/// The empty token: the failure was reported to the session's sink; the caller only stops.
struct Reported {};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Reported) {}                            // NOLINT(google-explicit-constructor)
  explicit operator bool() const { return value_.has_value(); }
  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T&& operator*() && { return std::move(*value_); }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

 private:
  std::optional<T> value_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Reported) : ok_(false) {}  // NOLINT(google-explicit-constructor)
  explicit operator bool() const { return ok_; }

 private:
  bool ok_ = true;
};

}  // namespace weft

#define WEFT_CONCAT_(a, b) a##b
#define WEFT_CONCAT(a, b) WEFT_CONCAT_(a, b)
// WEFT_TRY(auto x, f()): x = *f(), or return Reported{}. WEFT_TRY_VOID(f()) when there is no value.
#define WEFT_TRY(decl, expr) WEFT_TRY_(decl, expr, WEFT_CONCAT(weft_try_, __LINE__))
#define WEFT_TRY_(decl, expr, tmp)     \
  auto tmp = (expr);                   \
  if (!tmp) return ::weft::Reported{}; \
  decl = *std::move(tmp)
#define WEFT_TRY_VOID(expr)                 \
  do {                                      \
    if (!(expr)) return ::weft::Reported{}; \
  } while (0)
