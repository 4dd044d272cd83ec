"""Many pages that open at once read their notebooks at once."""

from __future__ import annotations

import subprocess
import sys

from leadkit.app.places import notebooks_folder

# Garbage collection lets other threads in at any point, as a busy server does; rarer than here.
PROGRAM = """
import ast, gc, sys, threading, time
from leadkit.app.parsing import parse_one_at_a_time
if sys.argv[2] == "in turn":
    parse_one_at_a_time()
source = open(sys.argv[1], encoding="utf-8").read()
gc.set_threshold(200)
gc.callbacks.append(lambda *_: time.sleep(0))
failed = []
def parse():
    for _ in range(10):
        try:
            ast.parse(source)
        except SystemError as error:
            failed.append(error)
threads = [threading.Thread(target=parse) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(failed))
"""


def test_notebooks_that_are_read_at_once_are_all_read() -> None:
    notebook = str(notebooks_folder() / "enrich.py")
    program = [sys.executable, "-c", PROGRAM, notebook, "in turn"]
    assert subprocess.run(program, capture_output=True, text=True, check=True).stdout == "0\n"
