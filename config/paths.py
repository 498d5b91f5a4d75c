"""Where Mimo keeps things: standard library only, imported by the relay, light to import.

Nothing here touches the disk. Only HOME may be counted on: a host starts its servers with an
almost empty environment.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

#: Name of the socket on which a node serves its relays, inside the run directory. Bound and
#: connected from within that directory: a socket's path may have 107 characters at most (103 on
#: macOS), a data directory's any number.
SOCKET_NAME = "mimo.sock"


def home(environ: Mapping[str, str]) -> Path:
    """Return the user's home directory: HOME, else what the password database says."""
    given = environ.get("HOME", "")
    return Path(given) if given.startswith("/") else Path("~").expanduser()


def _base(environ: Mapping[str, str], variable: str, *fallback: str) -> Path:
    """Return the XDG base directory `variable`, else `fallback` below home.

    Source: XDG Base Directory Specification, "must be absolute"; relative values are ignored.
    """
    given = environ.get(variable, "")
    return Path(given) if given.startswith("/") else home(environ).joinpath(*fallback)


def default_data_dir(environ: Mapping[str, str], platform: str = sys.platform) -> Path:
    """Return where a user's memories are kept unless `data_dir` is set."""
    if platform == "darwin":
        return home(environ) / "Library" / "Application Support" / "mimo"
    return _base(environ, "XDG_DATA_HOME", ".local", "share") / "mimo"


def default_config_file(environ: Mapping[str, str], platform: str = sys.platform) -> Path:
    """Return the settings file that is read when it exists and no other one is named."""
    if platform == "darwin":
        return home(environ) / "Library" / "Application Support" / "mimo" / "mimo.toml"
    return _base(environ, "XDG_CONFIG_HOME", ".config") / "mimo" / "mimo.toml"


def absolute(text: str, base: Path) -> Path:
    """Return `text` as an absolute path: `~` expanded, from `base`, `..` resolved by name."""
    # Path.expanduser raises where there is no such user; a folder may well be called "~x".
    return Path(os.path.normpath(base / os.path.expanduser(text)))  # noqa: PTH111


class RunPaths:
    """The files of one data directory.

    No dataclass: importing `dataclasses` costs the relay more than all the rest of this module.

    Args:
        data_dir: Absolute; one node serves it at a time.
    """

    __slots__ = ("data_dir",)

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir

    @property
    def database(self) -> Path:
        """Return the database; its `-wal` and `-shm` stand beside it."""
        return self.data_dir / "mimo.db"

    @property
    def backups(self) -> Path:
        """Return the folder of verified backups."""
        return self.data_dir / "backups"

    @property
    def logs(self) -> Path:
        """Return the folder of logs."""
        return self.data_dir / "logs"

    @property
    def log(self) -> Path:
        """Return the log: one JSON object a line."""
        return self.logs / "mimo.log"

    @property
    def run(self) -> Path:
        """Return the folder (mode 0700) of what a running node needs; its current directory."""
        return self.data_dir / "run"

    @property
    def lock(self) -> Path:
        """Return the file that a node holds locked; it contains the holder's pid."""
        return self.run / "node.lock"

    @property
    def socket(self) -> Path:
        """Return the relays' socket; connect to `SOCKET_NAME` from inside `run` instead."""
        return self.run / SOCKET_NAME

    @property
    def node(self) -> Path:
        """Return the generation's card (mode 0600): pids, port, signing key, root address."""
        return self.run / "node.json"

    @property
    def tables(self) -> Path:
        """Return the folder of shared tables on hosts without shared memory."""
        return self.run / "tables"

    @property
    def snapshots(self) -> Path:
        """Return the folder of the tables' snapshots."""
        return self.data_dir / "snapshots"

    @property
    def code_index(self) -> Path:
        """Return the index of code; it can be made anew."""
        return self.data_dir / "cache" / "code_index.db"

    @property
    def edits(self) -> Path:
        """Return the journal of file edits, with what stood in the files before."""
        return self.data_dir / "edits" / "edits.db"

    @property
    def libraries(self) -> Path:
        """Return the cache of what registries said of packages."""
        return self.data_dir / "cache" / "library"

    @property
    def models(self) -> Path:
        """Return the cache of unpacked models."""
        return self.data_dir / "models"
