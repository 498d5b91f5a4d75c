"""Where the node of a data directory is, and how to start one; standard library only."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import struct
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mimo.config.paths import (
    SOCKET_NAME,
    RunPaths,
    absolute,
    default_config_file,
    default_data_dir,
)

#: How much of a node's last words is told to a client, in characters.
_WORDS_CHARS_MAX = 500

# macOS: <sys/un.h>, LOCAL_PEERCRED at level SOL_LOCAL; a `struct xucred` comes back.
_SOL_LOCAL, _LOCAL_PEERCRED = 0, 1


class Choice:
    """Which data directory and settings were chosen on the command line.

    Args:
        data_dir: `--data-dir`, or None.
        config: `--config`, or None.
        settings: Settings for a node that has to be started, as `key=value`.
        offer: What this client is restricted to, as the greeting says it: `tools`, `read_only`,
            `no_exec`; empty: nothing is left out.
    """

    __slots__ = ("config", "data_dir", "offer", "settings")

    def __init__(
        self,
        data_dir: str | None,
        config: str | None,
        settings: list[str],
        offer: dict[str, Any] | None = None,
    ) -> None:
        self.offer = offer or {}
        self.data_dir = data_dir
        self.config = config
        self.settings = settings


class Place:
    """The data directory, and how its node is started.

    Args:
        paths: Its files.
        arguments: What the node is started with.
        tools_are_usual: Whether no setting may have changed which tools are offered.
        offer: As in `Choice`.
    """

    __slots__ = ("arguments", "offer", "paths", "tools_are_usual")

    def __init__(
        self,
        paths: RunPaths,
        arguments: list[str],
        *,
        tools_are_usual: bool,
        offer: dict[str, Any] | None = None,
    ) -> None:
        self.offer = offer or {}
        self.paths = paths
        self.arguments = arguments
        self.tools_are_usual = tools_are_usual


def find_place(choice: Choice, environ: Mapping[str, str]) -> Place:
    """Return the data directory: by flag, else MIMO_DATA_DIR, else the settings file, else default.

    A settings file that can't be read is the node's to complain about.
    """
    named = choice.config or environ.get("MIMO_CONFIG", "")
    file = _from_here(named) if named else default_config_file(environ)
    settings = _settings(file)
    chosen, set_there = choice.data_dir or environ.get("MIMO_DATA_DIR"), settings.get("data_dir")
    if chosen:
        data_dir = _from_here(chosen)
    elif isinstance(set_there, str) and set_there:
        data_dir = absolute(set_there, file.parent)
    else:
        data_dir = default_data_dir(environ)
    arguments = ["node", "--data-dir", str(data_dir)]
    if choice.config:
        arguments += ["--config", str(file)]
    for setting in choice.settings:
        arguments += ["--set", setting]
    is_usual = (
        not choice.offer
        and "tools" not in settings
        and not any(name.startswith("MIMO_TOOLS_") for name in environ)
        and not any(setting.startswith("tools.") for setting in choice.settings)
        # The tools of skills, which only the node knows.
        and not (data_dir / "skills" / "manifest.json").exists()
    )
    return Place(RunPaths(data_dir), arguments, tools_are_usual=is_usual, offer=choice.offer)


def _from_here(text: str) -> Path:
    """Return the path; the working directory, which may be gone, only matters to a relative one."""
    base = "/" if text.startswith(("/", "~")) else os.getcwd()  # noqa: PTH109  no object of it
    return absolute(text, Path(base))


def _settings(file: Path) -> dict[str, Any]:
    try:
        raw = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    import tomllib

    try:
        return tomllib.loads(raw)
    except tomllib.TOMLDecodeError:
        return {}


def connect(paths: RunPaths) -> socket.socket | None:
    """Return a connection to the node's socket, or None when nobody listens there.

    The process's current directory is `/` afterwards.

    Raises:
        PermissionError: Another user listens there.
    """
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    link.setblocking(False)
    try:
        # A socket's path is short, a data directory's need not be.
        os.chdir(paths.run)
        link.connect(SOCKET_NAME)
    except OSError:
        link.close()
        return None
    finally:
        os.chdir("/")
    owner = peer_uid(link)
    if owner != os.getuid():
        link.close()
        raise PermissionError(
            errno.EPERM, f"expected user {os.getuid()} behind {paths.socket}, got user {owner}"
        )
    return link


def peer_uid(link: socket.socket) -> int:
    """Return the user at the other end of a Unix socket."""
    if hasattr(socket, "SO_PEERCRED"):
        raw = link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", raw)[1])
    raw = link.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, 76)
    return int(struct.unpack_from("2I", raw)[1])


def is_held(paths: RunPaths) -> bool:
    """Tell whether a node holds the data directory, be it still on its way up."""
    try:
        lock = os.open(paths.lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def start_node(place: Place) -> int:
    """Start a node that outlives this process and its client; return its pid.

    It gets a session of its own, no descriptor of ours, and `logs/node.out` for its output.

    Raises:
        OSError: The data directory can't be made, or no process.
    """
    for folder in (place.paths.data_dir, place.paths.run, place.paths.logs):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    output = os.open(
        words_file(place.paths), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600
    )
    # -P: the client's working directory must not lend the node its modules.
    command = [sys.executable, "-P", "-m", "mimo", *place.arguments]
    pid = os.fork()
    if pid == 0:
        try:
            _become_node(command, output, place.paths.run)
        finally:
            os._exit(127)
    os.close(output)
    return pid


def _become_node(command: list[str], output: int, run: Path) -> None:
    os.setsid()
    os.chdir(run)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.closerange(3, 65_536)
    os.execv(command[0], command)  # noqa: S606


def words_file(paths: RunPaths) -> Path:
    """Return the file with what the last started node wrote to its stdout and stderr."""
    return paths.logs / "node.out"


def last_words(paths: RunPaths) -> str:
    """Return the last line that the node wrote, shortened; "" if none."""
    try:
        raw = words_file(paths).read_bytes()[-4096:]
    except OSError:
        return ""
    lines = raw.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:_WORDS_CHARS_MAX] if lines else ""


def ended(pid: int) -> int | None:
    """Return the exit code of a node that this process started, None while it runs."""
    try:
        found, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return 0
    return os.waitstatus_to_exitcode(status) if found == pid else None
