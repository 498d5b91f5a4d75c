"""The live tree below a supervisor, gathered on demand from the supervisors below it.

Asked for, not reported on each change: an idle tree sends nothing. Whoever doesn't answer in time,
because it is frozen or busy, is shown as it was known last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from mimo.config import limits
from mimo.config.errors import Busy
from mimo.supervision import messages as m
from mimo.supervision.children import Child

#: Makes a call: name, request, continuation, timeout in seconds.
Ask = Callable[[str, Any, Callable[[Any], None], float], None]
#: Takes the finished rows.
Done = Callable[[tuple[m.ChildStatus, ...]], None]


def row(child: Child, pid: int) -> m.ChildStatus:
    """Return one child as the world sees it."""
    return m.ChildStatus(
        name=child.name,
        state=child.state.value,
        pid=pid,
        incarnation=child.incarnation,
        restarts=child.restarts,
        since_s=child.since_s,
        type=child.spec.type,
        last_exit=child.last_exit,
    )


def row_of_registered(up: m.Up) -> m.ChildStatus:
    """Return what the registry knows of a process whose supervisor doesn't answer."""
    return m.ChildStatus(
        name=up.name,
        state="running",
        pid=up.pid,
        incarnation=up.incarnation,
        restarts=0,
        since_s=up.incarnation / 1e6,
        type="worker",
    )


@dataclass(slots=True, eq=False)
class _Gathering:
    rows: tuple[m.ChildStatus, ...]
    waiting: set[str]
    done: Done


class Rows:
    """Gather the rows of child supervisors and remember the last ones.

    Args:
        ask: Makes a call to a child.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._known: dict[str, tuple[m.ChildStatus, ...]] = {}

    def gather(
        self, rows: tuple[m.ChildStatus, ...], supervisors: list[str], left_s: float, done: Done
    ) -> None:
        """Complete `rows` with what the running `supervisors` among them have below; then `done`.

        Args:
            rows: The children.
            supervisors: Names of those to ask.
            left_s: How long the asker waits; half of it is ours.
            done: Gets the rows, at once when there is nobody to ask.
        """
        gathering = _Gathering(rows, set(supervisors), done)
        timeout_s = min(limits.ROWS_TIMEOUT_S, left_s / 2)
        for name in supervisors:
            try:
                self._ask(name, m.WhichChildren(), partial(self._came, gathering, name), timeout_s)
            except Busy:
                gathering.waiting.discard(name)
        self._finish_if_complete(gathering)

    def remember(self, name: str, rows: tuple[m.ChildStatus, ...]) -> None:
        """Note what is below a supervisor as somebody else knows it, unless it told us itself."""
        self._known.setdefault(name, rows)

    def forget(self, name: str) -> None:
        """Forget what is below a supervisor, because it ended."""
        self._known.pop(name, None)

    def _came(self, gathering: _Gathering, name: str, value: Any) -> None:
        if isinstance(value, tuple):
            self._known[name] = value
        gathering.waiting.discard(name)
        self._finish_if_complete(gathering)

    def _finish_if_complete(self, gathering: _Gathering) -> None:
        if not gathering.waiting:
            gathering.done(tuple(replace(one, children=self._below(one)) for one in gathering.rows))

    def _below(self, one: m.ChildStatus) -> tuple[m.ChildStatus, ...]:
        return self._known.get(one.name, ()) if one.pid else ()
