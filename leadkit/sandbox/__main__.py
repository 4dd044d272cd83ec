"""``python -m leadkit.sandbox``: serve until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence

from leadkit.sandbox.account import MILLICREDITS_PER_CREDIT
from leadkit.sandbox.box import Sandbox


def main(argv: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    box = Sandbox(
        seed=options.seed,
        credits=options.credits,
        rate_limited=not options.no_limits,
        delay_seconds=options.delay_ms / 1000,
        validation_millicredits=round(options.validation_credits * MILLICREDITS_PER_CREDIT),
        port=options.port,
        key=options.key,
    )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        box.start()
    except OSError as error:
        print(
            f"Cannot listen on port {options.port}: {error.strerror}. Choose another --port.", file=sys.stderr
        )
        return 2
    print(f"The sandbox serves invented people at {box.url} until Ctrl-C. No real service is involved.\n")
    for name, value in box.environ.items():
        print(f"export {name}={value}")
    print(flush=True)
    stop.wait()
    box.stop()
    charged = ", ".join(
        f"{box.charged(name) / MILLICREDITS_PER_CREDIT:g} at {name}"
        for name in box.providers
        if box.charged(name)
    )
    print(f"{len(box.requests)} requests; credits charged: {charged or 'none'}.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="leadkit sandbox",
        description="Serve the providers' protocols on this machine, with invented people and invented credits.",
    )
    parser.add_argument("--port", type=int, default=0, metavar="N", help="default: a free one")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="which crowd of people (default: 1)")
    parser.add_argument(
        "--credits", type=int, default=5000, metavar="C", help="of each account (default: 5000)"
    )
    parser.add_argument("--delay-ms", type=float, default=0, metavar="D", help="added to every answer")
    parser.add_argument("--no-limits", action="store_true", help="lift the documented rate limits")
    parser.add_argument(
        "--validation-credits",
        type=float,
        default=0,
        metavar="X",
        help="price of validating one address (default: 0)",
    )
    parser.add_argument("--key", metavar="KEY", help="LeadLeap API key to accept (default: a random one)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
