"""What clients send to `orchestrate`, checked for form and size before it travels."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from mimo.config import limits
from mimo.config.errors import InvalidRequest

Arguments = Mapping[str, Any]

_NAME = re.compile(r"[\w.:/-]*", re.ASCII)

#: How long `run_procedure` waits for the end unless told otherwise, in seconds.
WAIT_S = 20.0
#: Lines of a journal shown unless told otherwise.
LINES = 20
#: Deepest nesting of what a client sends.
LEVELS_MAX = 64


def sized(value: Any, name: str, most: int) -> Any:
    """Return JSON values that aren't too large or nested too deeply to travel.

    Raises:
        InvalidRequest: They are.
    """
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > LEVELS_MAX:
            raise InvalidRequest(f"expected {name!r} of at most {LEVELS_MAX} levels, got more")
        level = [inner for each in level for inner in _inside(each)]
    size = len(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    if size > most:
        raise InvalidRequest(f"expected {name!r} of at most {most} bytes as JSON, got {size}")
    return value


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list) else ()


def named(arguments: Arguments, *names: str) -> dict[str, str]:
    """Return names as they were given; "" where one wasn't.

    Raises:
        InvalidRequest: One has characters that no such name has.
    """
    found = {name: arguments.get(name, "") for name in names}
    for name, text in found.items():
        if not _NAME.fullmatch(text):
            raise InvalidRequest(
                f"expected {name!r} of letters, digits and _ - . : /, got {ascii(text)[:80]}"
            )
    return found


def context_of(arguments: Arguments) -> dict[str, Any]:
    """Return the context that was given; an empty one where none was.

    Raises:
        InvalidRequest: It is too large, or nested too deeply.
    """
    given = arguments.get("context", {})
    return dict(sized(given, "context", limits.PROCEDURE_CONTEXT_BYTES_MAX))
