"""Where the apps and the example workbooks lie: beside the package in a checkout, inside it when installed."""

from __future__ import annotations

from pathlib import Path

import leadkit
from leadkit.errors import SettingsError

_PACKAGE = Path(leadkit.__file__).parent


def notebooks_folder() -> Path:
    """The folder of the apps. Raises SettingsError when this installation has none."""
    return _folder("notebooks")


def data_folder() -> Path:
    """The folder of the example workbooks. Raises SettingsError when this installation has none."""
    return _folder("data")


def _folder(name: str) -> Path:
    for place in (_PACKAGE / f"_{name}", _PACKAGE.parent / name):
        if place.is_dir():
            return place
    msg = f"This installation of leadkit has no folder {name!r}. Install leadkit again."
    raise SettingsError(msg)
