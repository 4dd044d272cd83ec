"""What the apps in ``notebooks/`` share: everything of them that is not layout or words."""

from leadkit.app.server import serve

__all__ = ["serve"]
