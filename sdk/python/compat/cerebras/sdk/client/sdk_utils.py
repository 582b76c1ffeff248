"""The same helpers under the client's name."""
# SPDX-License-Identifier: Apache-2.0
from cerebras.sdk.sdk_utils import *  # noqa: F401,F403
from cerebras.sdk.sdk_utils import getOutputNameFromCompileOptions  # noqa: F401
