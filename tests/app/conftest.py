"""What the tests of the apps share: jobs on the test's sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from leadkit.workspace import Workspace
from tests.app.desk import Desk


@pytest.fixture
def open_desk(open_workspace: Callable[..., Workspace]) -> Iterator[Callable[[], Desk]]:
    """Opens desks on the test's sandbox; each is like another server on the same folder."""
    desks: list[Desk] = []

    def make() -> Desk:
        desks.append(Desk(open_workspace()))
        return desks[-1]

    yield make
    for desk in desks:
        desk.jobs.close()


@pytest.fixture
def desk(open_desk: Callable[[], Desk]) -> Desk:
    return open_desk()
