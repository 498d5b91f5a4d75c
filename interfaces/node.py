"""`mimo node`: be the node of a data directory, in the foreground.

Started by the relay and by `mimo start`. It becomes the watchdog, which stays small: whatever is
heavy is imported by the launcher that it forks.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from mimo.actors.tree import tree
from mimo.config.errors import MimoError
from mimo.config.settings import load_settings
from mimo.supervision.node import run_node
from mimo.supervision.specs import ChildSpec

#: What actors import after their start, if the launcher hasn't done so before the forks.
LATE_IMPORTS = (
    "mimo.storage.shared_tables",
    # The bridge.
    "anyio._backends._asyncio",
    # Every process that forks.
    "multiprocessing.popen_fork",
    "resource",
)

#: Numeric libraries shall compute in the thread that calls them. Measured with 1,300 vectors: the
#: threads of OpenBLAS wait by spinning, 15 ms of CPU a search instead of 6; and whoever forks must
#: have no threads.
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def main(argv: list[str]) -> int:
    """Run the node until it is stopped; return its exit code.

    Args:
        argv: `--data-dir`, `--config` and `--set key=value`, as many as wanted.
    """
    options = _options(argv)
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")
    try:
        settings = load_settings(_overrides(options), os.environ, options.config)
        root = tree(settings)
        return run_node(settings, root, preload(root))
    except MimoError as error:
        sys.stderr.write(f"mimo: {error.message}\n")
        return error.exit_code


def preload(root: ChildSpec) -> tuple[str, ...]:
    """Return what the launcher imports once, before any actor is forked: each actor's module."""
    return (*dict.fromkeys(_modules(root)), *LATE_IMPORTS)


def _modules(spec: ChildSpec) -> Iterator[str]:
    yield spec.start.rpartition(".")[0]
    for child in spec.children:
        yield from _modules(child)


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mimo node", description=__doc__)
    parser.add_argument("--data-dir", help="where memories are kept")
    parser.add_argument("--config", type=Path, help="settings file")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="settings")
    return parser.parse_args(argv)


def _overrides(options: argparse.Namespace) -> dict[str, str]:
    overrides = dict(text.partition("=")[::2] for text in options.settings)
    if options.data_dir:
        overrides["data_dir"] = options.data_dir
    return overrides
