"""A node: one watchdog, its launcher and the generations they boot, for one data directory.

Nothing here imports Thespian, nor does the watchdog.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mimo.config import logs
from mimo.config.clock import SYSTEM_CLOCK, Clock
from mimo.config.errors import StartError
from mimo.supervision import launcher, platform
from mimo.supervision.card import NodeCard, NodeLock, holder_pid, read_card
from mimo.supervision.warm_types import settle_types
from mimo.supervision.watch_node import Watchdog

if TYPE_CHECKING:
    from mimo.config.paths import RunPaths
    from mimo.supervision.specs import ChildSpec

_LOOK_S = 0.02


class NodeSettings(Protocol):
    """What a node needs of the settings."""

    @property
    def paths(self) -> RunPaths:
        """Return the files of the data directory."""

    @property
    def log_level(self) -> str:
        """Return debug, info, warning or error."""

    @property
    def portable(self) -> bool:
        """Return whether the portable fallbacks are to be used."""


def run_node(settings: NodeSettings, root_spec: ChildSpec, preload: tuple[str, ...] = ()) -> int:
    """Be the node of a data directory until it is asked to stop; return the exit code.

    Changes the current directory to the run folder. Ends with 0 after SIGTERM, with 70 when too
    many generations were lost, and with the error's own code when no further one can start; then
    one sentence on stderr says why.

    Args:
        settings: Where the data directory is.
        root_spec: The root supervisor with its tree.
        preload: Modules that the launcher imports once for all actors.

    Raises:
        StartError: Another node serves the data directory, or its folders can't be made.
    """
    paths = settings.paths
    if settings.portable:
        os.environ["MIMO_PORTABLE"] = "1"
    try:
        for folder in (paths.data_dir, paths.run, paths.logs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        paths.run.chmod(0o700)
        os.chdir(paths.run)
        lock = NodeLock(paths.run)
        is_ours = lock.acquire()
    except OSError as error:
        raise _unusable(paths, error) from error
    if not is_ours:
        raise StartError(
            f"expected {paths.data_dir} to be free, but the node with pid {holder_pid(paths.run)}"
            " serves it; use that one, or end it with `mimo stop`"
        )
    logs.configure(paths.log, settings.log_level)
    logs.get_logger("node").info("node.started", data_dir=str(paths.data_dir))
    site = launcher.Site(
        root_spec=root_spec, preload=preload, log_dir=paths.logs, watchdog_pid=os.getpid()
    )
    # The launcher's turn would come too late for these: it would copy what it shares with us.
    settle_types()
    try:
        watchdog = Watchdog(paths.run, lambda: _fork_launcher(site, lock))
    except OSError as error:
        raise _unusable(paths, error) from error
    exit_code = watchdog.run()
    lock.let_go()
    if exit_code:
        sys.stderr.write(f"mimo: {watchdog.last_words}\n")
    return exit_code


def _unusable(paths: RunPaths, error: OSError) -> StartError:
    return StartError(
        f"expected to write in {paths.data_dir}, got: {error.strerror}; make room or mend its"
        " rights, or choose another with --data-dir"
    )


def _fork_launcher(site: launcher.Site, lock: NodeLock) -> tuple[int, socket.socket]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    lifeline = platform.new_lifeline()
    pid = os.fork()
    if pid == 0:
        try:
            platform.die_with_parent(site.watchdog_pid, lifeline)
            lock.let_go()
            launcher.serve(theirs, site, lifeline)
        finally:
            # Nobody else tells why: this process has no parent that waits for an exception.
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
    theirs.close()
    if lifeline is not None:
        lifeline.keep()
        _launcher_lifelines.append(lifeline)
    return pid, ours


#: The watchdog's ends, which must stay open as long as it lives.
_launcher_lifelines: list[platform.Lifeline] = []


def find_node(run_dir: Path) -> NodeCard | None:
    """Return the card of the node that serves this data directory now; None when none is up."""
    pid = holder_pid(run_dir)
    card = read_card(run_dir)
    return card if card is not None and pid == card.watchdog_pid else None


def request_node_stop(run_dir: Path) -> int | None:
    """Ask the node to stop in order and return its pid; None when no node runs."""
    pid = holder_pid(run_dir)
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    return pid


def wait_for_stop(run_dir: Path, within_s: float, clock: Clock = SYSTEM_CLOCK) -> bool:
    """Wait until no node holds the data directory; tell whether that came true."""
    end_s = clock.monotonic_s() + within_s
    while holder_pid(run_dir) is not None:
        if clock.monotonic_s() > end_s:
            return False
        select.select([], [], [], _LOOK_S)
    return True
