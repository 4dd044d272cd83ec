"""Real processes that start fast: a server process has everything loaded and forks them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from typing import Any

import pytest

from tests.ledger.conftest import _postgres_server, postgres_url

__all__ = ["_postgres_server", "postgres_url"]

Start = Callable[..., BaseProcess]
Ask = Callable[..., Callable[[], Any]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a function in a process of its own; none outlives the test."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.processes.programs"])
    started: list[BaseProcess] = []

    def make(program: Callable[..., None], *arguments: Any) -> BaseProcess:
        process = context.Process(target=program, args=arguments, daemon=True)
        process.start()
        started.append(process)
        return process

    yield make
    for process in started:
        if process.is_alive():
            process.kill()
        process.join()


@pytest.fixture
def ask(start: Start) -> Ask:
    """Starts a program that tells something; returns what waits for what it tells."""

    def make(program: Callable[..., None], *arguments: Any) -> Callable[[], Any]:
        told, tell = multiprocessing.Pipe(duplex=False)
        start(program, *arguments, tell)
        tell.close()  # so that a program that ends without a word is noticed
        return told.recv

    return make
