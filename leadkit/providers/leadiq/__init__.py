"""LeadIQ: its class, and a module for each thing that it does."""

from leadkit.providers.leadiq.provider import LeadIQ

__all__ = ["LeadIQ"]
