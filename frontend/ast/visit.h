// Calls a function for every direct child of a node, in source order where the syntax allows. For tools that walk whole
// trees: formatter, editor, lint.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/ast/nodes.h"

#include <functional>

namespace weft::ast {

using NodeFunction = std::function<void(const Node&)>;
using BlockFunction = std::function<void(const Block&)>;

/// Children that are null are left out; statements of blocks count as children of the block's owner.
void forEachChild(const Node& node, const NodeFunction& fn);

/// Every block of the file, outer ones first.
void forEachBlock(const File& file, const BlockFunction& fn);

}  // namespace weft::ast
