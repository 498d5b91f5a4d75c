"""The card of a running node, `run/node.json`: where its actor system is, and its key."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
from dataclasses import asdict, dataclass, fields
from pathlib import Path

LOCK_NAME = "node.lock"
CARD_NAME = "node.json"
#: Who looks whether the lock is held takes it for microseconds; that is no reason to give up.
_TRIES = 25
_TRY_S = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCard:
    """One generation of a node.

    Args:
        generation: Rises with each boot of the actor system, also over nodes.
        port: The admin's port on loopback.
        key: Signs every frame, as hex; the card's file is private.
        watchdog_pid: The process that `mimo stop` asks to leave.
        launcher_pid: The process that forks generations.
        admin_pid: Thespian's admin.
        root_pid: The root supervisor.
        root_address: The root supervisor's address, pickled, as hex.
        root_incarnation: The root supervisor's incarnation.
        started_at: Wall-clock seconds of the boot.
    """

    generation: int
    port: int
    key: str
    watchdog_pid: int
    launcher_pid: int
    admin_pid: int
    root_pid: int
    root_address: str
    root_incarnation: int
    started_at: float


def write_card(run_dir: Path, card: NodeCard) -> None:
    """Put the card in place atomically, readable by its owner only."""
    draft = run_dir / f"{CARD_NAME}.draft"
    draft.unlink(missing_ok=True)
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        json.dump(asdict(card), file)
    draft.replace(run_dir / CARD_NAME)


def read_card(run_dir: Path) -> NodeCard | None:
    """Return the card; None when there is none, or one of another version."""
    try:
        found = json.loads((run_dir / CARD_NAME).read_text(encoding="utf-8"))
        return NodeCard(**{field.name: found[field.name] for field in fields(NodeCard)})
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None


def remove_card(run_dir: Path) -> None:
    """Remove the card, if there is one."""
    (run_dir / CARD_NAME).unlink(missing_ok=True)


class NodeLock:
    """The lock that one node holds on its data directory; the kernel frees it when the holder dies.

    Args:
        run_dir: The run folder, which must exist.
    """

    def __init__(self, run_dir: Path) -> None:
        self._path = run_dir / LOCK_NAME
        self._fd = -1

    def acquire(self) -> bool:
        """Take the lock and write this process's pid into it; False when another node holds it."""
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        for _ in range(_TRIES):
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                select.select([], [], [], _TRY_S)
        else:
            os.close(fd)
            return False
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._fd = fd
        return True

    def let_go(self) -> None:
        """Close the lock's file: in a fork the parent keeps the lock, in the holder it is free."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def holder_pid(run_dir: Path) -> int | None:
    """Return the pid of the node that holds the data directory; None when none does."""
    try:
        fd = os.open(run_dir / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        with contextlib.suppress(ValueError):
            return int(os.pread(fd, 32, 0))
        return None
    else:
        return None
    finally:
        os.close(fd)
