"""A way around a fault of Python 3.11.0 to 3.11.7, where two threads that parse source text at once upset each other.

Twenty visitors who come at the same moment are twenty threads that read their notebook: some would find a page with
parts missing. Fixed in Python 3.11.8, https://github.com/python/cpython/issues/106905.
"""

import ast
import builtins
import functools
import sys
import threading
from typing import Any


def parse_one_at_a_time() -> None:
    """From now on, threads of this process wait for each other when they parse. Does nothing on other Pythons."""
    if sys.version_info >= (3, 11, 8) or hasattr(builtins.compile, "__wrapped__"):
        return
    plain, lock = builtins.compile, threading.RLock()

    @functools.wraps(plain)
    def compile_in_turn(*arguments: Any, **options: Any) -> Any:
        flags = options.get("flags", arguments[3] if len(arguments) > 3 else 0)
        if not flags & ast.PyCF_ONLY_AST:
            return plain(*arguments, **options)
        with lock:
            return plain(*arguments, **options)

    builtins.compile = compile_in_turn
