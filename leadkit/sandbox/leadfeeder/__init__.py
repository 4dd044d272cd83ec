"""Leadfeeder as its contract reads. Contract: https://docs.leadfeeder.com/api/public/getting-started-363633m0, read
2026-11-20. It prints three answers and no path; paths and request bodies are those that connectors written from the
vendor's OpenAPI file use.

Where the contract leaves something open, the strict reading is taken, in a comment that begins with UNKNOWN, or
there is an option for it (:class:`Options`).
"""

from leadkit.sandbox.leadfeeder.api import Leadfeeder
from leadkit.sandbox.leadfeeder.options import Options

__all__ = ["Leadfeeder", "Options"]
