# Part of the `cerebras` names over Weft.
# SPDX-License-Identifier: Apache-2.0
