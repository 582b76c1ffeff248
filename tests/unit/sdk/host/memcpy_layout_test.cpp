// The order mapping against a worked example: width 3, height 2, 2 elements per PE.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/host/memcpy_layout.h"

#include <catch2/catch_test_macros.hpp>

#include <numeric>
#include <vector>

namespace weft::host {
namespace {

Transfer transfer(Order order, Spread spread = Spread::Each) {
  Transfer t;
  t.width = 3;
  t.height = 2;
  t.elements_per_pe = 2;
  t.order = order;
  t.spread = spread;
  return t;
}

std::vector<uint32_t> device(const Transfer& t) {
  std::vector<uint32_t> host(hostShape(t).words());
  std::iota(host.begin(), host.end(), 0u);
  std::vector<uint32_t> out(12);
  toDevice(t, host.data(), out.data());
  return out;
}

using Words = std::vector<uint32_t>;

TEST_CASE("row order keeps a PE's elements together") {
  CHECK(device(transfer(Order::RowMajor)) == Words{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
}

TEST_CASE("column order runs down the rows first, then columns, then elements") {
  CHECK(device(transfer(Order::ColMajor)) == Words{0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11});
}

TEST_CASE("a row broadcast gives one column of data to every column") {
  CHECK(device(transfer(Order::RowMajor, Spread::RowBroadcast)) == Words{0, 1, 0, 1, 0, 1, 2, 3, 2, 3, 2, 3});
}

TEST_CASE("a column broadcast gives one row of data to every row, in both orders") {
  CHECK(device(transfer(Order::RowMajor, Spread::ColumnBroadcast)) == Words{0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5});
  CHECK(device(transfer(Order::ColMajor, Spread::ColumnBroadcast)) == Words{0, 3, 1, 4, 2, 5, 0, 3, 1, 4, 2, 5});
}

TEST_CASE("a strided copy has data only for the PEs that take part") {
  Transfer t = transfer(Order::RowMajor, Spread::Strided);
  t.row_stride = 2;
  t.col_stride = 2;
  CHECK(hostShape(t).columns == 2);
  CHECK(hostShape(t).rows == 1);
  CHECK(hostShape(t).words() == 4);
}

TEST_CASE("a copy back is the reverse of a copy in") {
  for (const Order order : {Order::RowMajor, Order::ColMajor}) {
    const Transfer t = transfer(order);
    Words host(12);
    std::iota(host.begin(), host.end(), 100u);
    Words there(12);
    Words back(12);
    toDevice(t, host.data(), there.data());
    toHost(t, there.data(), back.data());
    CHECK(back == host);
  }
}

}  // namespace
}  // namespace weft::host
