"""Logging names that appliance scripts import."""
# SPDX-License-Identifier: Apache-2.0
import logging

__version__ = "2.10.0"
logger = logging.getLogger("cerebras")
log = logger
