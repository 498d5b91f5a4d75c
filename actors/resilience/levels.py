"""How much of Mimo works, as one word; pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Level(StrEnum):
    """From everything to hardly anything; each level lacks what those above it lack, and more."""

    FULL = "full"
    NO_LLM = "no_llm"
    NO_EMBEDDING_SERVICE = "no_embedding_service"
    KEYWORD_ONLY = "keyword_only"
    READ_ONLY = "read_only"
    MINIMAL = "minimal"


#: What a part may report about itself, and the level that it means.
FACTS: dict[str, Level] = {
    "embedder_unavailable": Level.KEYWORD_ONLY,
    "writer_read_only": Level.READ_ONLY,
    "disk_full": Level.READ_ONLY,
    "storage_unreadable": Level.MINIMAL,
}
#: What a breaker that isn't closed means; one that isn't named here lowers no level.
BREAKERS: dict[str, Level] = {
    "llm": Level.NO_LLM,
    "embedding": Level.NO_EMBEDDING_SERVICE,
    "database": Level.READ_ONLY,
}
_ORDER = tuple(Level)


def level_of(
    breakers: Mapping[str, str], facts: Mapping[str, str]
) -> tuple[Level, tuple[str, ...]]:
    """Return the level, and the reasons for it and for what else is missing, the worst first.

    A dependency that isn't configured has no breaker that opens, so its absence is no degradation.

    Args:
        breakers: State by name.
        facts: Detail by name, of those that are so.
    """
    found = [
        (BREAKERS[name], f"{name}: breaker {state.replace('_', ' ')}")
        for name, state in breakers.items()
        if name in BREAKERS and state != "closed"
    ]
    found += [
        (FACTS[name], f"{name}: {detail}" if detail else name) for name, detail in facts.items()
    ]
    found.sort(key=lambda entry: (-_ORDER.index(entry[0]), entry[1]))
    level = found[0][0] if found else Level.FULL
    return level, tuple(reason for _, reason in found)
