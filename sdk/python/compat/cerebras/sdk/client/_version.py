"""The release whose client these names follow."""
# SPDX-License-Identifier: Apache-2.0
from cerebras.appliance import __version__  # noqa: F401
