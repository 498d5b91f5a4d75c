"""The evidence must be right before anybody is judged by it. Source: reliability.md section 3."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support import figures
from tests.support.client import CallError, Client, failure_of
from tests.support.history import History

# A server that answers each line with its id, talks to itself, and leaves at `die`.
_SERVER = """
import json, sys
print("not protocol", flush=True)
for line in sys.stdin:
    call = json.loads(line)
    operation = call["params"]["arguments"]["operation"]
    if operation == "die":
        sys.exit(3)
    result = {"structuredContent": {"said": operation}}
    if operation == "busy":
        result = {"isError": True, "content": [{"type": "text", "text": "busy: full"}]}
    print(json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": result}), flush=True)
"""


def test_an_error_ends_an_operation_as_fail_or_unknown() -> None:
    """`fail` means not done; a timeout or a lost connection leaves the outcome open."""
    history = History()
    ends = {}
    for code in ("busy", "disk_full", "deadline_exceeded", "connection_closed"):
        op = history.begin("c", "store", code)
        history.error(op, code)
        ends[code] = op.end
    assert list(ends.values()) == ["fail", "fail", "unknown", "unknown"]


def test_what_is_open_at_the_end_is_unknown() -> None:
    """An operation that was never answered is neither stored nor lost."""
    history = History()
    op = history.begin("c", "store", "x")
    history.close()
    assert (op.end, op.code) == ("unknown", "no_answer")
    assert history.availability() == 0.0


def test_the_first_success_after_a_fault_began_after_it() -> None:
    """Recovery is measured by a call that began after the fault, not by one that was answered."""
    history = History()
    early = history.begin("c", "get", "")
    late = history.begin("c", "get", "")
    history.ok(late, {})
    history.ok(early, {})
    assert history.first_ok_after(late.began_s) is late
    assert history.first_ok_after(late.began_s, "store") is None


def test_the_client_records_answers_errors_strays_and_the_servers_end(tmp_path: Path) -> None:
    """Each call ends in the history as the wire said; what is no protocol is kept apart."""
    history = History()
    command = [sys.executable, "-c", _SERVER]
    with Client(tmp_path, command=command, history=history) as client:
        assert client.call("hello") == {"said": "hello"}
        with pytest.raises(CallError, match="busy"):
            client.call("busy")
        with pytest.raises(CallError, match="connection_closed"):
            client.call("die")
        assert client.wait() == 3
    assert [op.end for op in history] == ["ok", "fail", "unknown"]
    assert client.stray == [b"not protocol\n"]


def test_an_errors_code_comes_from_its_meta() -> None:
    """The machine-readable code wins over the text."""
    meta = {"mimo/error": {"code": "disk_full"}}
    result = {"isError": True, "_meta": meta, "content": [{"type": "text", "text": "other: x"}]}
    assert failure_of({"result": result}) == ("disk_full", "other: x")


def test_figures_of_other_cases_are_kept(tmp_path: Path) -> None:
    """A case replaces its own figures only; a broken file is begun anew."""
    path = tmp_path / "figures.json"
    path.write_text("{broken", encoding="utf-8")
    figures.record(path, "A1", recover_ms=12.3456)
    figures.record(path, "A2", recover_ms=1)
    figures.record(path, "A1", recover_ms=2)
    assert figures.read(path) == {"A1": {"recover_ms": 2}, "A2": {"recover_ms": 1}}


def test_quantiles_are_values_that_occurred() -> None:
    """Nearest rank: no value is invented, and none of nothing."""
    assert figures.median([3.0, 1.0, 2.0]) == 2.0
    assert figures.quantile(range(100), 0.99) == 99
    with pytest.raises(ValueError, match="at least one"):
        figures.median([])
