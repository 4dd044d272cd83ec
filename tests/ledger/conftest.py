"""A PostgreSQL of the tests' own, on a socket in a temporary folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest


@pytest.fixture(scope="session")
def _postgres_server() -> Iterator[str]:
    """The folder of a running server's socket."""
    found = shutil.which("pg_ctl") or next(map(str, Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")), None)
    if found is None:
        pytest.skip("PostgreSQL is not installed")
    # It refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(
        dir="/tmp", ignore_cleanup_errors=True
    ) as folder:  # a socket's path is short
        if user:
            shutil.chown(folder, user)

        def pg_ctl(*arguments: str) -> None:
            command = [found, "-s", "-D", f"{folder}/data", *arguments]
            subprocess.run(command, user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL)

        pg_ctl("init", "-o", "-A trust -U tester --no-sync")
        pg_ctl("start", "-w", "-o", f"-F -k {folder} -c listen_addresses=''")
        yield folder
        pg_ctl("stop", "-m", "immediate")


@pytest.fixture
def postgres_url(_postgres_server: str, request: pytest.FixtureRequest) -> str:
    """The URL of an empty database for one test."""
    name = f"test_{abs(hash(request.node.nodeid))}"
    with psycopg.connect(f"host={_postgres_server} user=tester dbname=postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
    return f"postgresql:///{name}?host={_postgres_server}&user=tester"
