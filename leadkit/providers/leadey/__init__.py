"""Leadey: its class, and a module for each thing that it does."""

from leadkit.providers.leadey.provider import Leadey, read_all, read_one

__all__ = ["Leadey", "read_all", "read_one"]
