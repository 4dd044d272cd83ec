"""Leadey as its contract reads. Contract: https://api.leadey.ai/quickstart, read 2026-11-20, with the guides and the
API reference beside it.

Where the contract leaves something open, the strict reading is taken, in a comment that begins with UNKNOWN, or
there is an option for it (:class:`Options`).
"""

from leadkit.sandbox.leadey.api import Leadey
from leadkit.sandbox.leadey.options import Options

__all__ = ["Leadey", "Options"]
