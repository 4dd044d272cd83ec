"""Leadfeeder: its class, and a module for each thing that it does."""

from leadkit.providers.leadfeeder.provider import Leadfeeder

__all__ = ["Leadfeeder"]
