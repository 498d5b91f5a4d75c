"""`mimo stdio`: the relay between an MCP client and the node; standard library only.

An assistant starts it and speaks MCP over its stdin and stdout. It finds or starts the node,
carries lines both ways, answers what it knows while the node boots, and keeps what the client waits
for while the node or a part of it is replaced: the client sees a slower answer, not a failure.
One thread, no blocking call.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import socket
import stat
import time
from collections.abc import Callable
from pathlib import Path

from mimo.config.limits import LINE_BYTES_MAX
from mimo.interfaces.relay_answers import load
from mimo.interfaces.relay_lines import Lines
from mimo.interfaces.relay_link import Link, Outbox
from mimo.interfaces.relay_node import Choice, find_place
from mimo.interfaces.relay_session import Session

#: How long answers are waited for after the client closed stdin, in seconds.
DRAIN_EOF_S = 30.0
#: The same after SIGTERM, SIGINT or SIGHUP.
DRAIN_SIGNAL_S = 1.0
#: A side is not read while this much waits to be written to the other, in bytes.
WAITING_BYTES_MAX = 4_194_304

#: Exit code where the relay itself can't start, as `StartError` has.
START_EXIT_CODE = 78

# POSIX: a pipe that polls as writable takes this much without blocking.
_PIPE_BYTES = 4_096
_READ_BYTES = 262_144
_GONE = select.POLLERR | select.POLLHUP | select.POLLNVAL
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Relay:
    """One client, one node, one loop.

    Args:
        session: What is remembered of the client.
        link: The way to the node.
        client_in: Descriptor that the client writes to.
        client_out: Descriptor that the client reads from.
    """

    def __init__(self, session: Session, link: Link, client_in: int, client_out: int) -> None:
        self._session = session
        self._link = link
        self._client_in = client_in
        self._client_out = client_out
        self._lines = Lines(LINE_BYTES_MAX)
        self._outbox = Outbox(_writer(client_out))
        # poll() doesn't know regular files and devices everywhere; they are always ready.
        mode = os.fstat(client_in).st_mode
        self._is_polled = not (
            stat.S_ISREG(mode) or (stat.S_ISCHR(mode) and not os.isatty(client_in))
        )
        self._is_reading = True
        self._end_s: float | None = None
        self._wake_in, self._wake_out = os.pipe()
        os.set_blocking(self._wake_in, False)
        os.set_blocking(self._wake_out, False)

    def run(self) -> int:
        """Serve until the client is gone or has been answered; return the exit code."""
        signal.set_wakeup_fd(self._wake_out, warn_on_full_buffer=False)
        for number in _SIGNALS:
            signal.signal(number, lambda *_: self._finish(DRAIN_SIGNAL_S))
        if os.isatty(self._client_in):
            say("waiting for an MCP client on standard input; Ctrl-D ends")
        try:
            while True:
                now_s = time.monotonic()
                self._link.tick(now_s, wants_node=self._session.wants_node)
                self._tell_operator()
                self._session.give_up(now_s)
                self._flush(now_s)
                if self._is_done(now_s):
                    break
                self._wait(now_s)
        except BrokenPipeError:
            pass
        return 0

    def _finish(self, within_s: float) -> None:
        """Read no more from the client and leave when it has its answers, or after `within_s`."""
        self._is_reading = False
        end_s = time.monotonic() + within_s
        self._end_s = end_s if self._end_s is None else min(end_s, self._end_s)

    def _is_done(self, now_s: float) -> bool:
        if self._end_s is None:
            return False
        waits = (
            self._session.has_open_requests
            or self._outbox.size
            or (self._link.is_open and self._link.waiting_bytes)
        )
        return not waits or now_s >= self._end_s

    def _tell_operator(self) -> None:
        for notice in self._link.notices:
            say(notice)
        self._link.notices.clear()
        if self._link.failure:
            self._session.fail_all(self._link.failure)
            say(self._link.failure)
            self._link.failure = ""

    def _flush(self, now_s: float) -> None:
        for line in self._session.to_node:
            self._link.put(line)
        self._session.to_node.clear()
        if not self._link.flush(now_s):
            self._session.disconnected(now_s)
        for line in self._session.to_client:
            self._outbox.put(line)
        self._session.to_client.clear()
        self._outbox.flush()

    def _wait(self, now_s: float) -> None:
        poller = select.poll()
        poller.register(self._wake_in, select.POLLIN)
        poller.register(self._client_out, select.POLLOUT if self._outbox.size else 0)
        reads = self._is_reading and not self._session.is_full and not self._is_choked()
        if reads and self._is_polled:
            poller.register(self._client_in, select.POLLIN)
        link = self._link.fileno()
        if link >= 0:
            wanted = 0 if self._outbox.size >= WAITING_BYTES_MAX else select.POLLIN
            wanted |= select.POLLOUT if self._link.waiting_bytes else 0
            poller.register(link, wanted)
        ready = dict(poller.poll(0 if reads and not self._is_polled else self._pause_ms(now_s)))
        now_s = time.monotonic()
        if ready.get(self._wake_in):
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake_in, 512)
        if ready.get(self._client_out, 0) & _GONE:
            raise BrokenPipeError
        if link >= 0 and ready.get(link, 0) & (select.POLLIN | _GONE):
            self._read_node(now_s)
        if reads and self._is_reading and (not self._is_polled or ready.get(self._client_in)):
            self._read_client(now_s)

    def _is_choked(self) -> bool:
        return max(self._outbox.size, self._link.waiting_bytes) >= WAITING_BYTES_MAX

    def _pause_ms(self, now_s: float) -> int | None:
        times = (self._link.next_s(), self._session.next_give_up_s(), self._end_s)
        due_s = min((each for each in times if each is not None), default=None)
        return None if due_s is None else max(0, int((due_s - now_s) * 1000) + 1)

    def _read_client(self, now_s: float) -> None:
        try:
            data = os.read(self._client_in, _READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        for line in self._lines.feed(data) if data else self._lines.end():
            self._session.client_line(line, now_s)
        if not data:
            self._finish(DRAIN_EOF_S)

    def _read_node(self, now_s: float) -> None:
        was_open = self._link.is_open
        lines = self._link.read(now_s)
        if lines is None:
            if was_open:
                self._session.disconnected(now_s)
            return
        if self._link.is_open and not was_open:
            self._session.connected()
        for line in lines:
            self._session.node_line(line)


def _writer(out: int) -> Callable[[memoryview], int]:
    """Return what writes to a descriptor without ever blocking and without changing its flags.

    The flags belong to everybody who has the same pipe, and O_NONBLOCK would surprise them.
    """
    if stat.S_ISSOCK(os.fstat(out).st_mode):
        channel = socket.socket(fileno=out)
        return lambda data: channel.send(data, socket.MSG_DONTWAIT)
    poller = select.poll()
    poller.register(out, select.POLLOUT)

    def write(data: memoryview) -> int:
        events = poller.poll(0)
        if not events:
            raise BlockingIOError
        return os.write(out, data[:_PIPE_BYTES])

    return write


def claim_stdout() -> int:
    """Return a descriptor that reaches the client; whatever else writes to fd 1 reaches stderr."""
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    out = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, 3)
    os.dup2(2, 1)
    return out


def say(sentence: str) -> None:
    """Write a line for people; nobody need be there to read it."""
    with contextlib.suppress(OSError):
        os.write(2, f"mimo: {sentence}\n".encode())


def read_choice(argv: list[str]) -> Choice:
    """Return what the command line chooses; ends the process with 2 where it can't be read."""
    if not argv:
        return Choice(None, None, [])
    import argparse

    parser = argparse.ArgumentParser(
        prog="mimo stdio",
        description="Serve one MCP client over stdin and stdout; finds or starts the node.",
        allow_abbrev=False,
    )
    parser.add_argument("--data-dir", metavar="DIR", help="where everything is kept")
    parser.add_argument("--config", metavar="FILE", help="settings file")
    client = parser.add_argument_group("for this client alone")
    client.add_argument("--tools", metavar="A,B", help="offer it only these tools")
    client.add_argument("--read-only", action="store_true", help="offer nothing that changes")
    client.add_argument("--no-exec", action="store_true", help="offer nothing that runs programs")
    node = parser.add_argument_group("for a node that has to be started")
    node.add_argument("--log-level", metavar="LEVEL", help="debug, info, warning or error")
    node.add_argument("--idle-exit", metavar="TIME", help="leave this long after the last client")
    node.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], dest="settings")
    given = parser.parse_args(argv)
    settings = list(given.settings)
    if given.log_level:
        settings.append(f"log_level={given.log_level}")
    if given.idle_exit:
        settings.append(f"idle_exit_s={given.idle_exit}")
    offer: dict[str, object] = {}
    if given.tools:
        offer["tools"] = [name.strip() for name in given.tools.split(",") if name.strip()]
    offer |= {name: True for name in ("read_only", "no_exec") if getattr(given, name)}
    return Choice(given.data_dir, given.config, settings, offer)


def main(argv: list[str]) -> int:
    """Run the relay and return its exit code."""
    choice = read_choice(argv)
    out = claim_stdout()
    try:
        place = find_place(choice, os.environ)
        baked = Path(__file__).with_name("baked.json").read_bytes()
    except (OSError, RuntimeError) as error:
        say(f"expected a home and a working directory, got: {error}; give --data-dir in full")
        return START_EXIT_CODE
    answers = load(baked, tools_are_usual=place.tools_are_usual)
    link = Link(place, answers.version)
    return Relay(Session(answers, LINE_BYTES_MAX), link, 0, out).run()
