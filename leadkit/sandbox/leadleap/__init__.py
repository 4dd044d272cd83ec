"""LeadLeap as its contract reads. Contract: https://leadleap.net/docs/api, read 2026-11-20.

Where the contract leaves something open, the strict reading is taken, in a comment that begins with UNKNOWN.
"""

from leadkit.sandbox.leadleap.api import PREFIX, LeadLeap

__all__ = ["PREFIX", "LeadLeap"]
