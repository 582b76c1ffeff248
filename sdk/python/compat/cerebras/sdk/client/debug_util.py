"""The same debug reader under the client's name."""
# SPDX-License-Identifier: Apache-2.0
from cerebras.sdk.debug.debug_util import debug_util, decode_trace  # noqa: F401
