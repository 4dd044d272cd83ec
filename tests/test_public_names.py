"""What ``import leadkit`` promises to have."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

import leadkit


def test_no_module_of_the_package_hides_a_public_name() -> None:
    for found in pkgutil.iter_modules(leadkit.__path__, "leadkit."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
    for name in set(leadkit.__all__) - {"errors"}:
        assert not isinstance(getattr(leadkit, name), ModuleType), name


def test_completion_offers_the_public_names_and_no_module() -> None:
    offered = dir(leadkit)
    assert set(offered) == {*leadkit.__all__, "__version__"}
