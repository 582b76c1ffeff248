"""The old name of cerebras.sdk.sdk_utils, with the port map helpers that went with it."""
# SPDX-License-Identifier: Apache-2.0
from cerebras.sdk.runtime.port_maps import (  # noqa: F401
    convert_input_tensor,
    format_output_tensor,
    prepare_output_tensor,
)
from cerebras.sdk.sdk_utils import *  # noqa: F401,F403
