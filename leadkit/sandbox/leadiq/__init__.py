"""LeadIQ as its contract reads. Contract: https://leadiqhelp.zendesk.com/hc/en-us/articles/29375289152795, read
2026-11-20, with the samples at https://github.com/leadiq/api-samples and the schema that the service itself gives.

Where the contract leaves something open, the strict reading is taken, in a comment that begins with UNKNOWN, or
there is an option for it (:class:`Options`).
"""

from leadkit.sandbox.leadiq.api import LeadIQ
from leadkit.sandbox.leadiq.options import Options

__all__ = ["LeadIQ", "Options"]
