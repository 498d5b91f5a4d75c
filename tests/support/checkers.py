"""The judges of a history: what was acknowledged against what stands in the reopened database.

C1 every `ok` write is there, exactly once, unchanged. C2 every `fail` write is absent. C3 an
`unknown` one is there at most once. C4 a read that began after an `ok` write ended sees it. C5
sequence numbers rise. C6 nothing is half applied. C7 SQLite finds nothing wrong. C8 nothing is
left. C9 the log tells of each fault, and of no other error. Source: reliability.md section 3.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from mimo.supervision.card import holder_pid
from tests.support import leftovers, processes
from tests.support.history import History, Op
from tests.support.stored import Stored, StoredMemory, read_database

#: Fields of a stored memory that are compared with what was asked, with their defaults.
COMPARED: dict[str, Any] = {"category": "fact", "importance": 0.5, "tags": [], "project": ""}
#: Fields that every log line of an error carries.
FOUR_FIELDS = ("supervisor", "child", "reason", "context")


@dataclass(slots=True)
class Verdict:
    """What the checkers found.

    Args:
        lost: Acknowledged writes that aren't there.
        duplicated: Writes that are there more than once.
        violations: One sentence each, beginning with the checker's id.
    """

    lost: int = 0
    duplicated: int = 0
    violations: list[str] = field(default_factory=list)

    def require_clean(self) -> None:
        """Fail with the first violations.

        Raises:
            AssertionError: There are any.
        """
        shown = "\n".join(self.violations[:10])
        assert not self.violations, f"{len(self.violations)} violations:\n{shown}"


@dataclass(frozen=True, slots=True)
class Write:
    """One memory that an operation wanted to store."""

    op: Op
    content: str
    arguments: Mapping[str, Any]
    memory_id: int | None


def judge(history: History, stored: Stored) -> Verdict:
    """Run C1 to C7 over a history that is closed and a database that was reopened."""
    verdict = Verdict()
    writes = stored_writes(history)
    check_writes(writes, stored, deleted=_deletions(history), verdict=verdict)
    verdict.violations += stale_reads(history, writes)
    verdict.violations += unordered(writes)
    verdict.violations += half_applied(stored)
    verdict.violations += [f"C7 {problem}" for problem in stored.problems]
    return verdict


def judge_file(history: History, path: Path) -> Verdict:
    """Run C1 to C7 over a history and a database file that nobody writes to any more."""
    history.close()
    return judge(history, read_database(path))


def stored_writes(history: History) -> list[Write]:
    """Return every memory that the history's clients wanted to store."""
    writes: list[Write] = []
    for op in history.ops("store"):
        found = op.value or {}
        writes.append(Write(op, str(op.arguments["content"]), op.arguments, found.get("memory_id")))
    for op in history.ops("store_many"):
        answers = (op.value or {}).get("stored", ())
        for index, given in enumerate(op.arguments["memories"]):
            memory_id = answers[index]["memory_id"] if index < len(answers) else None
            writes.append(Write(op, str(given["content"]), given, memory_id))
    return writes


def check_writes(
    writes: Iterable[Write],
    stored: Stored,
    *,
    verdict: Verdict,
    deleted: Mapping[int, str] | None = None,
) -> None:
    """C1, C2, C3: compare each write with the rows that hold its text."""
    present = stored.by_content()
    deleted = deleted or {}
    for write in writes:
        rows = present.get(write.content, [])
        if len(rows) > 1:
            verdict.duplicated += len(rows) - 1
            rule = "C1" if write.op.end == "ok" else "C3"
            verdict.violations.append(f"{rule} {_named(write)} is there {len(rows)} times")
        elif write.op.end == "ok" and not rows:
            verdict.lost += 1
            verdict.violations.append(f"C1 {_named(write)} was acknowledged and isn't there")
        elif write.op.end == "ok":
            wrong = _differences(write, rows[0], deleted)
            verdict.violations += [f"C1 {_named(write)}: {text}" for text in wrong]
        elif write.op.end == "fail" and rows:
            verdict.violations.append(
                f"C2 {_named(write)} failed with {write.op.code} and is there"
            )


def stale_reads(history: History, writes: Iterable[Write]) -> list[str]:
    """C4: a `get` or `search` for a text that began after its store had ended must show it."""
    known = {
        write.content: write
        for write in writes
        if write.op.end == "ok" and write.op.ended_s is not None
    }
    gone = {op.subject for op in history.ops("delete")}
    found = []
    for op in history.ops("get", "search"):
        write = known.get(op.subject)
        if write is None or op.subject in gone or (write.op.ended_s or 0) > op.began_s:
            continue
        if op.end == "ok" and op.subject not in _contents(op.value):
            found.append(f"C4 {op.kind} {op.id} doesn't show {_named(write)}")
        elif op.end == "fail" and op.code == "not_found":
            found.append(f"C4 {op.kind} {op.id} denies {_named(write)}")
    return found


def unordered(writes: Iterable[Write]) -> list[str]:
    """C5: ids of acknowledged writes are unique, and rise where one ended before another began."""
    acknowledged = [
        (write.memory_id, write)
        for write in writes
        if write.op.end == "ok" and write.memory_id is not None
    ]
    counts = Counter(memory_id for memory_id, _ in acknowledged)
    found = [
        f"C5 id {number} was given {count} times" for number, count in counts.items() if count > 1
    ]
    highest = -1
    ended: list[tuple[float, int]] = sorted(
        (write.op.ended_s or 0.0, memory_id) for memory_id, write in acknowledged
    )
    position = 0
    for memory_id, write in sorted(acknowledged, key=lambda pair: pair[1].op.began_s):
        while position < len(ended) and ended[position][0] < write.op.began_s:
            highest = max(highest, ended[position][1])
            position += 1
        if memory_id <= highest:
            found.append(f"C5 {_named(write)} got id {memory_id} after {highest} was given")
    return found


def half_applied(stored: Stored) -> list[str]:
    """C6: memory, index entry, tags and vector exist together or not at all."""
    ids = set(stored.memories)
    found = [f"C6 memory {number} isn't indexed" for number in sorted(ids - stored.indexed)]
    found += [f"C6 index entry {number} has no memory" for number in sorted(stored.indexed - ids)]
    found += [f"C6 vector {number} has no memory" for number in sorted(set(stored.vectors) - ids)]
    found += [f"C6 tags of {number} have no memory" for number in sorted(stored.tagged - ids)]
    for number, memory in stored.memories.items():
        content_hash, _ = stored.vectors.get(number, ("", 0))
        if content_hash != memory.content_hash and number not in stored.queued:
            found.append(f"C6 memory {number} has no vector of its text and waits for none")
    changes = Counter(change for _, change in stored.vectors.values())
    found += [f"C5 change {seq} was given {n} times" for seq, n in changes.items() if n > 1]
    return found


def left_behind(data_dir: Path, test_id: str, *, has_stopped: bool = True) -> list[str]:
    """C8: return the processes, locks, drafts and shared tables that are still there.

    Args:
        data_dir: The node's data directory.
        test_id: Marks its processes.
        has_stopped: Whether it left in order; a killed one's tables wait for its successor.
    """
    found = [processes.command_line(pid) for pid in sorted(processes.marked(test_id))]
    holder = holder_pid(data_dir / "run")
    if holder is not None:
        found.append(f"the lock of {data_dir}, held by {holder}")
    found += [str(path) for path in data_dir.rglob("*.draft")]
    found += [str(path) for path in data_dir.rglob("*.tmp")]
    if has_stopped:
        found += [str(path) for path in leftovers.shared_memory(data_dir)]
    return found


# -- The log -------------------------------------------------------------------------------------
def log_lines(data_dir: Path) -> list[dict[str, Any]]:
    """Return the log's lines, oldest first; a torn last one is left out."""
    found = []
    for path in sorted((data_dir / "logs").glob("mimo.log*"), reverse=True):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
    return found


def moment_of(line: Mapping[str, Any]) -> float:
    """Return a log line's wall seconds; 0.0 without a time."""
    try:
        return datetime.fromisoformat(str(line["time"])).timestamp()
    except (KeyError, ValueError):
        return 0.0


def events(lines: Iterable[Mapping[str, Any]], name: str, **fields: Any) -> list[dict[str, Any]]:
    """Return the lines of one event whose fields have these values."""
    return [
        dict(line)
        for line in lines
        if line.get("event") == name
        and all(str(line.get(key)) == str(value) for key, value in fields.items())
    ]


def unreported(
    lines: Iterable[Mapping[str, Any]], faults: Mapping[str, Iterable[str]]
) -> list[str]:
    """C9, first half: return the faults that no line with the four fields tells of.

    Args:
        lines: The log.
        faults: Child's id -> events of which one must name it.
    """
    lines = list(lines)
    found = []
    for child, names in faults.items():
        told = [line for line in lines if line["event"] in names and line.get("child") == child]
        if not told:
            found.append(f"C9 no event of {', '.join(names)} tells of {child}")
            continue
        missing = [name for name in FOUR_FIELDS if name not in told[0]]
        if missing:
            found.append(f"C9 {told[0].get('event')} of {child} lacks {', '.join(missing)}")
    return found


def unexpected_errors(
    lines: Iterable[Mapping[str, Any]], expected: Iterable[str] = ()
) -> list[str]:
    """C9, second half: return the errors in the log that nobody injected."""
    allowed = set(expected)
    return [
        f"C9 unexpected {line.get('event')}: {json.dumps(line)[:300]}"
        f"{str(line.get('exception', ''))[-800:]}"
        for line in lines
        if line.get("level") in ("error", "critical") and line.get("event") not in allowed
    ]


# -- Details -------------------------------------------------------------------------------------
def _deletions(history: History) -> dict[int, str]:
    """Return how the last deletion of each memory ended, for those nobody restored."""
    found: dict[int, str] = {int(op.arguments["memory_id"]): op.end for op in history.ops("delete")}
    for op in history.ops("restore"):
        found.pop(int(op.arguments["memory_id"]), None)
    return found


def _differences(write: Write, row: StoredMemory, deleted: Mapping[int, str]) -> list[str]:
    found = []
    if write.memory_id is not None and row.id != write.memory_id:
        found.append(f"expected id {write.memory_id}, got {row.id}")
    for name, default in COMPARED.items():
        asked = write.arguments.get(name, default)
        kept = list(row.tags) if name == "tags" else getattr(row, name)
        if (sorted(asked) if name == "tags" else asked) != kept:
            found.append(f"expected {name} {asked!r}, got {kept!r}")
    wanted = deleted.get(row.id, "")
    if (wanted == "ok" and not row.is_deleted) or (wanted in ("", "fail") and row.is_deleted):
        found.append(f"expected deleted to be {wanted == 'ok'}, got {row.is_deleted}")
    return found


def _contents(value: Any) -> set[str]:
    if not isinstance(value, Mapping):
        return set()
    memories = list(value.get("memories", ()))
    if isinstance(value.get("memory"), Mapping):
        memories.append(value["memory"])
    return {str(memory["content"]) for memory in memories}


def _named(write: Write) -> str:
    return f"{write.op.kind} {write.op.id} by {write.op.client} of {write.content[:60]!r}"
