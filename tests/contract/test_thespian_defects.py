"""Sixteen defects of Thespian 4.0.1, shown on the plain library and cured in Mimo's runtime.

When a plain side fails after an upgrade, the library has changed: look whether the cure is still
needed. Each side runs in a process of its own (`tests/support/defects.py`). Source: an evaluation
of the library's source and behaviour; TCP, mpc, am, async and sb are its modules TCPTransport,
multiprocCommon, actorManager, asyncTransportBase and systemBase.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 120


def show(name: str, flavour: str, folder: Path) -> dict[str, Any]:
    """Run one scenario in its own process and return what it found."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.support.defects", name, flavour, str(folder)],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return found


def test_the_library_is_the_one_that_was_evaluated() -> None:
    """Everything below, and the runtime's use of private names, holds for 4.0.1 only."""
    assert importlib.metadata.version("thespian") == "4.0.1"


def test_d1_a_segmentation_fault_kills_and_is_told(tmp_path: Path) -> None:
    """A Python handler for SIGSEGV makes it an endless loop that nobody hears of (mpc:672)."""
    assert show("D1", "plain", tmp_path) == {"notices": 0, "still_alive": True}
    assert show("D1", "mimo", tmp_path) == {"notices": 1, "still_alive": False}


def test_d2_children_that_die_together_are_all_told(tmp_path: Path) -> None:
    """`_childExited` forgets every dead child, told or not (mpc:383)."""
    assert show("D2", "plain", tmp_path) == {"notices": 1}
    assert show("D2", "mimo", tmp_path) == {"notices": 5}


def test_d3_a_child_that_dies_before_it_connects_is_told(tmp_path: Path) -> None:
    """Its local address can't be pickled, so the notice is dropped (mpc:407)."""
    assert show("D3", "plain", tmp_path) == {"notices": 0}
    assert show("D3", "mimo", tmp_path) == {"notices": 1}


def test_d4_the_admin_survives_its_logger(tmp_path: Path) -> None:
    """The admin reads `logDefs`, its attribute is `logdefs` (mpc:403)."""
    assert show("D4", "plain", tmp_path) == {"admin_died": True}
    assert show("D4", "mimo", tmp_path) == {"admin_died": False, "logger_is_back": True}


def test_d5_a_dead_admin_frees_its_port(tmp_path: Path) -> None:
    """The logger inherits the admin's listener and outlives it."""
    assert show("D5", "plain", tmp_path) == {"port_is_held": True}
    assert show("D5", "mimo", tmp_path) == {"port_is_held": False}


def test_d6_the_starters_files_do_not_live_on(tmp_path: Path) -> None:
    """Admin and actors inherit the starter's sockets and stdout; its reader never gets an end."""
    held = {"stdout_is_held": True, "listener_is_held": True}
    assert show("D6", "plain", tmp_path) == held
    assert show("D6", "mimo", tmp_path) == dict.fromkeys(held, False)


def test_d7_children_die_with_their_parent(tmp_path: Path) -> None:
    """Actors whose parent or admin was killed go on working (verified at all levels)."""
    assert show("D7", "plain", tmp_path) == {"orphans": 4}
    assert show("D7", "mimo", tmp_path) == {"orphans": 0}


def test_d7_children_die_with_their_parent_without_the_kernels_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same by lifelines, as on macOS."""
    monkeypatch.setenv("MIMO_PORTABLE", "1")
    assert show("D7", "mimo", tmp_path) == {"orphans": 0}


def test_d8_messages_keep_their_order_when_both_sides_send(tmp_path: Path) -> None:
    """A message whose socket is lost waits for its retry, and a later one overtakes it.

    That happens when two actors connect to each other at once (0.1 to 2.3 % inversions measured);
    here the receiver closes the socket, which makes it certain.
    """
    assert show("D8", "plain", tmp_path) == {"order": ["second"]}
    assert show("D8", "mimo", tmp_path) == {"received": [2_000, 2_000], "inversions": 0}


def test_d9_one_receiver_that_stands_still_blocks_no_other(tmp_path: Path) -> None:
    """Twenty unacknowledged messages to one actor stop a sender's messages to all (async:37)."""
    assert show("D9", "plain", tmp_path) == {"answered_meanwhile": False}
    assert show("D9", "mimo", tmp_path) == {"answered_meanwhile": True}


def test_d10_messages_to_a_slow_receiver_do_not_expire_in_silence(tmp_path: Path) -> None:
    """One message is under way, the others are dropped after a while, and nobody is told (am:281).

    Mimo's transport hands them to the kernel at once; what it can't hand over expires as well,
    which is why every call has its own deadline and is answered when that has passed
    (`tests/unit/supervision/test_caller.py`).
    """
    assert show("D10", "plain", tmp_path) == {"arrived": 1, "sender_was_told": False}
    assert show("D10", "mimo", tmp_path)["arrived"] == 5


def test_d11_a_message_is_not_turned_into_text(tmp_path: Path) -> None:
    """Every hop makes a text of the whole message, even with logging off (am:133)."""
    assert show("D11", "plain", tmp_path)["texts"] > 0
    assert show("D11", "mimo", tmp_path) == {"texts": 0}


def test_d12_only_loopback_listens_and_no_strangers_pickle_is_opened(tmp_path: Path) -> None:
    """Every port binds all interfaces and unpickles what comes: code execution for anybody."""
    (tmp_path / "plain").mkdir()
    plain, mimo = show("D12", "plain", tmp_path / "plain"), show("D12", "mimo", tmp_path)
    assert (plain["interfaces"], plain["intruded"]) == (["0.0.0.0"], True)  # noqa: S104
    assert (mimo["interfaces"], mimo["intruded"]) == (["127.0.0.1"], False)
    assert mimo["ports"] == 3, "admin, logger and one actor"
    assert mimo["goes_on"]


def test_d13_a_file_watched_twice_harms_nobody_and_threads_may_send(tmp_path: Path) -> None:
    """`KeyError: FD already registered` kills the actor (TCP:1153).

    A send from another thread comes the same way by chance; here a file is watched twice, which
    makes it certain.
    """
    assert show("D13", "plain", tmp_path) == {"died": True}
    assert show("D13", "mimo", tmp_path) == {"died": False, "lost": 0, "in_order": True}


def test_d14_a_process_with_threads_does_not_fork_actors(tmp_path: Path) -> None:
    """A lock that a thread holds stays locked in every fork (40 of 100 hung in SQLite's)."""
    assert show("D14", "plain", tmp_path) == {"refused": ""}
    assert "one thread" in show("D14", "mimo", tmp_path)["refused"]


def test_d15_nothing_relies_on_news_of_a_lost_host(tmp_path: Path) -> None:
    """A remote host that dies abruptly is never reported (convention:85).

    Mimo has no cure and needs none: it binds loopback only and joins no convention.
    """
    assert show("D15", "plain", tmp_path) == {"far_was_up": True, "notices": 0}
    assert show("D15", "mimo", tmp_path) == {"joins": []}


def test_d16_a_handler_that_raises_is_called_once_and_its_process_ends(tmp_path: Path) -> None:
    """The library calls it again with the same message and keeps the actor (am:164)."""
    (tmp_path / "plain").mkdir()
    assert show("D16", "plain", tmp_path / "plain") == {"calls": 2, "process_ended": False}
    assert show("D16", "mimo", tmp_path) == {"calls": 1, "process_ended": True}
