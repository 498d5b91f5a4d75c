"""The procedures that are shipped: JSON files beside this module, registered when asked for."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from mimo.config.errors import NotFound

_PACKAGE = "mimo.actors.procedures"
_PREFIX, _SUFFIX = "example_", ".json"


def names() -> list[str]:
    """Return their names."""
    return sorted(
        entry.name.removeprefix(_PREFIX).removesuffix(_SUFFIX)
        for entry in resources.files(_PACKAGE).iterdir()
        if entry.name.startswith(_PREFIX) and entry.name.endswith(_SUFFIX)
    )


def load(name: str) -> Any:
    """Return a shipped definition: JSON values.

    Raises:
        NotFound: None has this name.
    """
    known = names()
    if name not in known:
        raise NotFound(f"expected one of {', '.join(known)}, got {name[:64]!r}")
    text = (resources.files(_PACKAGE) / f"{_PREFIX}{name}{_SUFFIX}").read_text(encoding="utf-8")
    return json.loads(text)
