"""The old name of cerebras.sdk.sdk_utils."""
# SPDX-License-Identifier: Apache-2.0
from cerebras.sdk.sdk_utils import *  # noqa: F401,F403
