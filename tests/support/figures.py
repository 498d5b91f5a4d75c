"""The measured figures of a run: `build/chaos.json` and `build/load.json`, one entry a case."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

#: Where the figures go: beside the tests, in the project's `build` folder.
BUILD = Path(__file__).resolve().parents[2] / "build"
CHAOS = BUILD / "chaos.json"
LOAD = BUILD / "load.json"


def record(path: Path, case: str, **figures: Any) -> None:
    """Put a case's figures into the file, in place of its former ones; others are kept.

    Safe for several processes at once: the file's lock is held from read to rename.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with (path.parent / f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = read(path)
        found[case] = {name: _rounded(value) for name, value in figures.items()}
        draft = path.with_suffix(f".{os.getpid()}.draft")
        draft.write_text(json.dumps(found, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        draft.replace(path)


def record_chaos(  # noqa: D417  the names say it
    case: str,
    *,
    detect_ms: float | None = None,
    recover_ms: float | None = None,
    errors: int = 0,
    lost: int = 0,
    duplicated: int = 0,
    restarts: dict[str, int] | None = None,
    seed: str = "",
    **more: Any,
) -> None:
    """Record what reliability.md section 3 asks of each chaos case.

    Args:
        case: The catalogue id, such as `A1`, and a part where a case has several.
        detect_ms: From the fault to the log line that reports it.
        recover_ms: From the fault to the end of the first operation that began after it.
    """
    record(
        CHAOS,
        case,
        detect_ms=detect_ms,
        recover_ms=recover_ms,
        errors=errors,
        lost=lost,
        duplicated=duplicated,
        restarts=restarts or {},
        seed=seed,
        **more,
    )


def read(path: Path) -> dict[str, Any]:
    """Return the figures recorded so far; none when there is no such file or it is broken."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def quantile(values: Iterable[float], share: float) -> float:
    """Return the value below which `share` (0 to 1) of the values lie, by the nearest rank.

    Raises:
        ValueError: There are no values.
    """
    ordered = sorted(values)
    if not ordered:
        raise ValueError("expected at least one value, got none")
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Iterable[float]) -> float:
    """Return the value in the middle.

    Raises:
        ValueError: There are no values.
    """
    return quantile(values, 0.5)


def _rounded(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else value
