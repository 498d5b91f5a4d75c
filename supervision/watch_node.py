"""The outer watchdog: owns every process of the node, boots the next generation on a loss.

One thread, no Thespian, little memory. It is the sub-reaper of the node, watches launcher, admin
and root supervisor by pidfd, and the root's heartbeat. What can't be repaired is replaced whole,
in about half a second.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from mimo.config import limits, logs
from mimo.config.clock import SYSTEM_CLOCK, Clock
from mimo.supervision import platform
from mimo.supervision.card import NodeCard, read_card, remove_card, write_card
from mimo.supervision.generation import Budget, Generation
from mimo.supervision.heartbeat import SOCKET_NAME, HeartbeatListener
from mimo.supervision.launcher import REPORT_BYTES_MAX
from mimo.supervision.lifeline import Lifeline
from mimo.supervision.loopback import free_port
from mimo.supervision.signing import new_key

#: Exit code of a node that lost too many generations. Source: sysexits.h EX_SOFTWARE.
GAVE_UP_EXIT_CODE = 70
_SWEEP_PAUSE_S = 0.005
#: How often deaths are looked for where they can't be watched, in seconds.
_POLL_S = 0.25


class Watchdog:
    """Runs a node until it is asked to stop, or can't keep a generation alive.

    Args:
        run_dir: The run folder, which must be the current directory.
        fork_launcher: Forks a launcher; returns its pid and the channel to it.
        clock: Measures ages.
    """

    def __init__(
        self,
        run_dir: Path,
        fork_launcher: Callable[[], tuple[int, socket.socket]],
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._run_dir = run_dir
        self._fork_launcher = fork_launcher
        self._clock = clock
        self._log = logs.get_logger("node/watchdog")
        former = read_card(run_dir)
        self._number = former.generation if former else 0
        self._budget = Budget()
        self._generation: Generation | None = None
        self._port, self._key = 0, b""
        self._card: NodeCard | None = None
        self._is_card_due = False
        self._lifeline: Lifeline | None = None
        self._sessions: frozenset[int] = frozenset()
        self._launcher_pid = 0
        self._channel: socket.socket | None = None
        self._pidfds: list[int] = []
        self._stop_wanted = 0
        self._looked_s = clock.monotonic_s()
        self._exit_code: int | None = None
        self._listener = HeartbeatListener(SOCKET_NAME)
        self._wake_read, self._wake_write = socket.socketpair()
        self.last_words = ""

    # -- The loop ----------------------------------------------------------------------------
    def run(self) -> int:
        """Serve until the end and return the exit code; `last_words` says why, in one sentence."""
        self._catch_signals()
        platform.become_subreaper()
        self._boot()
        while self._exit_code is None:
            self._wait()
            self._hear()
            self._obey()
            self._look()
        self._sweep()
        remove_card(self._run_dir)
        self._listener.close()
        self._log.info("node.stopped", reason=self.last_words)
        return self._exit_code

    def _wait(self) -> None:
        """Sleep until something happens, or until it is time to look."""
        files: list[Any] = [self._listener, self._wake_read, *self._pidfds]
        if self._channel is not None:
            files.append(self._channel)
        pause_s = _POLL_S if platform.is_portable() else limits.WATCH_S
        select.select(files, [], [], pause_s)
        with contextlib.suppress(BlockingIOError):
            while self._wake_read.recv(64):
                continue

    def _look(self) -> None:
        """Judge launcher and generation."""
        now_s = self._clock.monotonic_s()
        slept = now_s - self._looked_s > 2 * limits.WATCH_S
        self._looked_s = now_s
        generation = self._generation
        if self._launcher_pid in platform.reap() or not platform.is_alive(self._launcher_pid):
            self._replace_launcher()
            if generation is not None and generation.phase == "booting":
                self._lose("its launcher died")
                return
        if generation is None or self._exit_code is not None:
            return
        if self._card is not None and self._is_card_due:
            self._write_card(self._card)
        if self._listener.drain(generation.number):
            generation.beat(now_s)
        if slept:
            generation.forgive(now_s)
        pids = [pid for pid in (generation.admin_pid, generation.root_pid) if pid]
        reason = generation.verdict({pid: platform.process_state(pid) for pid in pids}, now_s)
        if reason and generation.phase == "stopping":
            self._finish(0, f"stopped; {reason}")
        elif reason:
            self._lose(reason)

    # -- Generations -------------------------------------------------------------------------
    def _boot(self) -> None:
        """Order the next generation."""
        if not platform.is_alive(self._launcher_pid):
            self._replace_launcher()
        self._number += 1
        now_s = self._clock.monotonic_s()
        self._generation = Generation(number=self._number, since_s=now_s)
        self._port, self._key = free_port(), new_key()
        self._lifeline = platform.new_lifeline()
        files = list(self._lifeline.files) if self._lifeline else []
        order = {
            "kind": "boot",
            "generation": self._number,
            "port": self._port,
            "key": self._key.hex(),
        }
        self._order(order, files)
        if self._lifeline is not None:
            self._lifeline.keep()

    def _order(self, order: dict[str, Any], files: list[int]) -> None:
        if self._channel is not None:
            with contextlib.suppress(OSError):
                socket.send_fds(self._channel, [json.dumps(order).encode()], files)

    def _hear(self) -> None:
        """Take the launcher's reports; those about a former generation mean nothing any more."""
        while self._channel is not None:
            try:
                report = json.loads(self._channel.recv(REPORT_BYTES_MAX, socket.MSG_DONTWAIT))
            except (BlockingIOError, ConnectionError):
                return
            generation = self._generation
            if report["kind"] == "useless":
                self._finish(GAVE_UP_EXIT_CODE, f"gave up: {report['detail']}")
            elif report["kind"] == "refused":
                self._refuse(report["exit_code"], report["detail"])
            elif generation is None or report["generation"] != generation.number:
                continue
            elif generation.phase == "booting" and report["kind"] == "started":
                self._accept(generation, report)
            elif generation.phase == "booting":
                self._lose(report["detail"])

    def _accept(self, generation: Generation, report: dict[str, Any]) -> None:
        """Take a generation that is up into service."""
        generation.started(report["admin_pid"], report["root_pid"], self._clock.monotonic_s())
        self._watch(generation)
        self._card = NodeCard(
            generation=generation.number,
            port=self._port,
            key=self._key.hex(),
            watchdog_pid=os.getpid(),
            launcher_pid=self._launcher_pid,
            admin_pid=generation.admin_pid,
            root_pid=generation.root_pid,
            root_address=report["root_address"],
            root_incarnation=report["root_incarnation"],
            started_at=self._clock.wall_s(),
        )
        self._write_card(self._card)
        self._log.info(
            "node.generation_started",
            generation=generation.number,
            admin_pid=generation.admin_pid,
            root_pid=generation.root_pid,
        )

    def _write_card(self, card: NodeCard) -> None:
        """Write the card; on a full disk it is tried again at each look, and told once."""
        try:
            write_card(self._run_dir, card)
        except OSError as error:
            if not self._is_card_due:
                self._log.error("node.card_unwritten", reason=error.strerror)
            self._is_card_due = True
        else:
            self._is_card_due = False

    def _watch(self, generation: Generation) -> None:
        for pid in (generation.admin_pid, generation.root_pid):
            with contextlib.suppress(ProcessLookupError):
                fd = platform.watch_process(pid)
                if fd is not None:
                    self._pidfds.append(fd)
                if platform.is_portable():
                    self._sessions |= {os.getsid(pid)} - {os.getsid(0)}

    def _lose(self, reason: str) -> None:
        """Kill what is left of this generation, and boot the next if the budget allows it."""
        self._log.error("node.generation_ended", generation=self._number, reason=reason)
        self._sweep(spare=frozenset({self._launcher_pid}))
        if self._budget.spend(self._clock.monotonic_s()):
            self._boot()
            return
        lost = limits.GENERATIONS_LOST_MAX + 1
        self._finish(
            GAVE_UP_EXIT_CODE,
            f"gave up: {lost} generations were lost within {limits.GENERATIONS_PERIOD_S:.0f} s,"
            f" the last one because {reason}",
        )
        self._log.critical("node.gave_up", reason=reason)

    def _refuse(self, exit_code: int, reason: str) -> None:
        """End the node for what no other generation would do better."""
        self._log.error("node.generation_ended", generation=self._number, reason=reason)
        self._finish(exit_code, reason)

    def _sweep(self, spare: frozenset[int] = frozenset()) -> None:
        """Kill everything below this process but `spare`, until nothing is left."""
        remove_card(self._run_dir)
        self._generation, self._card = None, None
        for fd in self._pidfds:
            os.close(fd)
        self._pidfds.clear()
        if self._lifeline is not None:
            self._lifeline.cut()
        end_s = self._clock.monotonic_s() + limits.SWEEP_S
        swept: set[int] = set()
        while left := platform.kill_tree(os.getpid(), spare=spare, sessions=self._sessions):
            swept.update(left)
            platform.reap()
            if self._clock.monotonic_s() > end_s:
                break
            select.select([], [], [], _SWEEP_PAUSE_S)
        self._sessions = frozenset()
        if swept:
            self._log.info("node.swept", count=len(swept), generation=self._number)

    # -- Launcher ----------------------------------------------------------------------------
    def _replace_launcher(self) -> None:
        if self._channel is not None:
            self._channel.close()
        self._launcher_pid, self._channel = self._fork_launcher()
        if self._card is not None:
            self._card = replace(self._card, launcher_pid=self._launcher_pid)
            self._write_card(self._card)

    # -- Stop --------------------------------------------------------------------------------
    def _catch_signals(self) -> None:
        self._wake_read.setblocking(False)
        self._wake_write.setblocking(False)
        signal.set_wakeup_fd(self._wake_write.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._want_stop)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def _want_stop(self, *_: object) -> None:
        self._stop_wanted += 1

    def _obey(self) -> None:
        """Stop in order when asked once; at once when asked again or while booting."""
        generation = self._generation
        if not self._stop_wanted or self._exit_code is not None:
            return
        if generation is None or self._card is None or self._stop_wanted > 1:
            self._finish(0, "stopped at once")
        elif generation.phase == "running":
            generation.stopping(self._clock.monotonic_s())
            order = {
                "kind": "stop",
                "generation": generation.number,
                "port": self._port,
                "key": self._key.hex(),
                "root_address": self._card.root_address,
                "root_incarnation": self._card.root_incarnation,
                "timeout_s": limits.SHUTDOWN_S,
            }
            self._order(order, [])

    def _finish(self, exit_code: int, last_words: str) -> None:
        self._exit_code, self.last_words = exit_code, last_words
