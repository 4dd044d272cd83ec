"""Leadey: its class, and a module for each thing that it does."""

from leadkit.providers.leadey.provider import Leadey

__all__ = ["Leadey"]
