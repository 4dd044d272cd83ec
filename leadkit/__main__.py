"""``python -m leadkit``."""

from leadkit.cli import main

main()
