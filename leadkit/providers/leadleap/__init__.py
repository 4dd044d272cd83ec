"""LeadLeap: its class, and a module for each thing that it does."""

from leadkit.providers.leadleap.provider import LeadLeap

__all__ = ["LeadLeap"]
