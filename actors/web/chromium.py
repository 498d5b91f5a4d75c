"""A headless Chromium for one job: confined, with a throw-away profile and one way out.

It is driven over two pipes, so no port is open for anybody else, and it ends when they close.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mimo.actors.web.confinement import PORT, SCRATCH, Confinement
from mimo.actors.web.proxy import Proxy, listening
from mimo.config import limits
from mimo.config.errors import InvalidRequest, NotAvailable
from mimo.config.settings import Settings
from mimo.supervision import platform

#: What the answer says where the kernel lends no network of its own.
UNCONFINED = "browser: no network namespace here; its proxy alone holds it"
#: The numbers at which Chromium reads and writes. Source: chromium, devtools_pipe_handler.cc.
_READS, _WRITES = 3, 4
_FLAGS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--disable-quic",
    "--disable-features=Translate,OptimizationHints,MediaRouter,AutofillServerCommunication",
    "--metrics-recording-only",
    "--no-pings",
    "--mute-audio",
    "--password-store=basic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--js-flags=--max-old-space-size=512",
    "--renderer-process-limit=4",
    "--window-size=1280,800",
    # Loopback too goes through the proxy, and no name is resolved but there.
    "--proxy-bypass-list=<-loopback>",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """A browser that runs.

    Args:
        pid: Of its first process.
        reads: Where its answers come.
        writes: Where it takes commands.
        proxy: Its way out; knows what was refused.
        is_confined: Whether it has a network of its own.
    """

    pid: int
    reads: int
    writes: int
    proxy: Proxy
    is_confined: bool

    def check_memory(self) -> None:
        """Refuse to go on when it has taken too much.

        Raises:
            InvalidRequest: It has.
        """
        taken = sum(map(_private_bytes, [self.pid, *platform.descendants_of(self.pid)]))
        if taken > limits.WEB_BROWSER_BYTES_MAX:
            raise InvalidRequest(
                f"expected a page that takes at most {limits.WEB_BROWSER_BYTES_MAX // 2**20} MiB"
                " of memory in the browser, got one that takes more"
            )


@contextlib.contextmanager
def browser(program: Path, settings: Settings) -> Iterator[Browser]:
    """Give a browser; all of it is gone afterwards.

    Raises:
        NotAvailable: It can't be started.
    """
    with contextlib.ExitStack() as stack:
        ours, theirs = socket.socketpair()
        stack.callback(ours.close)
        try:
            started = _started(program, _hidden(settings, program), SCRATCH, PORT, theirs)
            _, files, _, _ = socket.recv_fds(ours, 1, 1)
            listener = socket.socket(fileno=files[0])
        except (subprocess.SubprocessError, OSError, IndexError):
            listener = listening()
            profile = stack.enter_context(_profile())
            port = listener.getsockname()[1]
            started = _started(program, (), profile, port, None)
            is_confined = False
        else:
            is_confined = True
        finally:
            theirs.close()
        process, reads, writes = started
        stack.callback(_end, process, reads, writes)
        proxy = Proxy(listener, settings.web.allow)
        proxy.start()
        yield Browser(
            pid=process.pid, reads=reads, writes=writes, proxy=proxy, is_confined=is_confined
        )


def _started(
    program: Path, hidden: tuple[Path, ...], home: str, port: int, sender: socket.socket | None
) -> tuple[subprocess.Popen[bytes], int, int]:
    """Start the program; return it and our ends of its pipes.

    Raises:
        subprocess.SubprocessError: It could not be confined.
        NotAvailable: It could not be started.
    """
    held = _hold_low_numbers()
    its_reads, writes = os.pipe()
    reads, its_writes = os.pipe()
    confinement = Confinement(parent_pid=os.getpid(), hidden=hidden, sender=sender)

    def prepare() -> None:
        confinement.enter()
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (its_reads, its_writes)]
        os.dup2(high[0], _READS)
        os.dup2(high[1], _WRITES)

    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": home,
        "TMPDIR": home,
        "LANG": "C.UTF-8",
        "DBUS_SESSION_BUS_ADDRESS": "disabled:",
    }
    where = (f"--user-data-dir={home}/profile", f"--proxy-server=http://127.0.0.1:{port}")
    try:
        process = subprocess.Popen(
            [str(program), *_FLAGS, *where, "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # One thread so far: the proxy's begin later.
            preexec_fn=prepare,  # noqa: PLW1509
            pass_fds=(_READS, _WRITES),
            start_new_session=True,
            env=environment,
            cwd="/",
        )
    except (OSError, subprocess.SubprocessError) as error:
        os.close(reads)
        os.close(writes)
        if isinstance(error, OSError):
            raise NotAvailable(f"expected {program} to start, got: {error.strerror}") from None
        raise
    finally:
        for fd in (its_reads, its_writes, *held):
            os.close(fd)
    return process, reads, writes


def _hold_low_numbers() -> list[int]:
    """Take the numbers that Chromium's pipes will have, so that nothing of ours gets them."""
    held = []
    while (fd := os.open(os.devnull, os.O_RDONLY)) <= _WRITES:
        held.append(fd)
    os.close(fd)
    return held


def _hidden(settings: Settings, program: Path) -> tuple[Path, ...]:
    """Return the folders that are none of a browser's business and don't hold the program."""
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    real = program.resolve()
    return tuple(
        folder
        for folder in (settings.data_dir, home)
        if folder.is_dir() and folder != Path("/") and not real.is_relative_to(folder.resolve())
    )


@contextlib.contextmanager
def _profile() -> Iterator[str]:
    """Give a folder on disk, where the kernel gives no empty one in memory."""
    # A service's data and home stay out of it: the folder is this process's alone.
    folder = tempfile.mkdtemp(prefix=f"mimo-browser-{os.getpid()}-", dir=SCRATCH)
    if os.getuid() == 0:
        shutil.chown(folder, "nobody")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _end(process: subprocess.Popen[bytes], reads: int, writes: int) -> None:
    """Kill the browser with all its processes and collect it."""
    os.close(writes)
    os.close(reads)
    for pid in [*platform.descendants_of(process.pid), process.pid]:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _private_bytes(pid: int) -> int:
    """Return what a process shares with nobody, in bytes; 0 where the system doesn't tell."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    except OSError:
        return 0
    return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE")
