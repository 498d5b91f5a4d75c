"""Measure every bar and print the README's table: `python -m tests.load [--short] [GROUP ...]`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.load.groups import GROUPS
from tests.load.rows import Row, record, table


def main() -> int:
    """Run the groups that are named, or all, and print one table."""
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    names = ", ".join(GROUPS)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"what to measure: {names}")
    parser.add_argument("--short", action="store_true", help="the amounts of the test suite")
    given = parser.parse_args()
    if unknown := set(given.groups) - set(GROUPS):
        parser.error(f"expected groups of {names}, got {', '.join(sorted(unknown))}")
    found: list[Row] = []
    for name in given.groups or GROUPS:
        with tempfile.TemporaryDirectory(prefix="mimo-load-") as folder:
            sys.stderr.write(f"{name} ...\n")
            found += record(name, GROUPS[name](Path(folder), is_short=given.short))
    sys.stdout.write(table(found) + "\n")
    return 0 if all(row.is_met for row in found) else 1


if __name__ == "__main__":
    sys.exit(main())
