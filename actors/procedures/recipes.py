"""Known ways to do what is described in words: patterns that stand for one tool call each.

What matches nothing needs reasoning, and that is said; nothing is guessed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mimo.actors.procedures.definition import Catalogue

#: Most clauses of one description, and most operations suggested for a clause.
CLAUSES_MAX = 20
NEAR_MAX = 3


@dataclass(frozen=True, slots=True)
class Recipe:
    """A pattern over a whole clause; its named groups are the call's arguments."""

    pattern: re.Pattern[str]
    tool: str
    operation: str


def _recipe(pattern: str, tool: str, operation: str) -> Recipe:
    return Recipe(re.compile(pattern, re.IGNORECASE), tool, operation)


_MEMORY = r"(?:(?:in|from)\s+)?(?:the|my|your|all)?\s*(?:memory|memories)"
RECIPES: tuple[Recipe, ...] = (
    _recipe(rf"search\s+{_MEMORY}\s+(?:for|about)\s+(?P<query>.+)", "memory", "search"),
    _recipe(rf"(?:find|look up)\s+(?P<query>.+?)\s+in\s+{_MEMORY}", "memory", "search"),
    _recipe(r"recall\s+(?P<query>.+)", "memory", "search"),
    _recipe(
        r"what do (?:i|we|you) (?:know|remember) (?:about|of)\s+(?P<query>.+?)\??",
        *("memory", "search"),
    ),
    _recipe(r"remember\s+(?:that\s+|this:?\s+)?(?P<content>.+)", "memory", "store"),
    _recipe(rf"(?:count|summari[sz]e|describe)\s+{_MEMORY}", "memory", "stats"),
    _recipe(r"(?:fetch|download)\s+(?P<url>https?://\S+)", "web", "fetch"),
    _recipe(r"search the web (?:for|about)\s+(?P<query>.+)", "web", "search"),
    _recipe(r"(?:read|show)\s+(?:the\s+)?file\s+(?P<path>\S+)", "file", "read"),
    _recipe(r"list\s+(?:the\s+)?(?:folder|directory)\s+(?P<path>\S+)", "file", "list"),
    _recipe(r"lint\s+(?P<path>\S+)", "code", "lint"),
    _recipe(r"type-?\s?check\s+(?P<path>\S+)", "code", "typecheck"),
    _recipe(r"diagnose\s+(?P<path>\S+)", "code", "diagnose"),
    _recipe(r"run\s+(?:the\s+)?command:?\s+(?P<command>.+)", "terminal", "execute"),
)

_CLAUSES = re.compile(r"\s*(?:;|\n|(?:,\s*|\.\s+)?\b(?:and\s+)?then\b)\s*", re.IGNORECASE)
_NUMBERED = re.compile(r"^\s*(?:\d+[.)]|[-*])\s+")
_WORD = re.compile(r"[a-z]{2,}")
# fmt: off
_COMMON = frozenset((
    "an", "and", "as", "at", "by", "can", "do", "for", "from", "get", "has", "how", "in",
    "into", "is", "it", "its", "me", "my", "no", "of", "on", "one", "or", "our", "please",
    "run", "so", "some", "that", "the", "them", "this", "to", "up", "use", "we", "what",
    "when", "with", "you", "your",
))
# fmt: on


def clauses(description: str) -> list[str]:
    """Return what is to be done one after the other: cut at then, semicolons, lines."""
    found = [_NUMBERED.sub("", each).strip(" .,") for each in _CLAUSES.split(description)]
    return [each for each in found if each][:CLAUSES_MAX]


def step_of(clause: str, catalogue: Catalogue) -> dict[str, Any] | None:
    """Return the step of a plan that a clause stands for; None if no recipe fits."""
    for recipe in RECIPES:
        found = recipe.pattern.fullmatch(clause)
        facts = catalogue.get((recipe.tool, recipe.operation))
        if found is None or facts is None or not facts.callable:
            continue
        given = {name: text.strip(" \"'") for name, text in found.groupdict().items() if text}
        if facts.required <= set(given) <= facts.parameters:
            return {"tool": recipe.tool, "operation": recipe.operation, "args": given}
    return None


def procedure_of(description: str, names: Collection[str]) -> str:
    """Return the procedure that a description names, by all its words; "" if none or several.

    The one with the most words wins, so `release` doesn't take what `release_notes` is for.
    """
    said = Counter(_words(description.replace("_", " ").replace("-", " ")))
    found: dict[str, int] = {}
    for name in names:
        words = _words(name.replace("_", " ").replace("-", " "))
        if words and not Counter(words) - said:
            found[name] = len(words)
    most = max(found.values(), default=0)
    best = [name for name, count in found.items() if count == most]
    # One common word, such as a procedure `check`, is no name unless it is asked to be run.
    is_asked = re.search(r"\b(?:run|execute|start|procedure)\b", description, re.IGNORECASE)
    return best[0] if len(best) == 1 and (most > 1 or is_asked) else ""


def nearest(clause: str, summaries: Mapping[tuple[str, str], str]) -> list[dict[str, Any]]:
    """Return the operations whose names and summaries share most words with a clause.

    `shared` is how many; it measures likeness of words, not fitness.
    """
    said = set(_words(clause)) - _COMMON
    scored: list[tuple[int, str, str]] = []
    for (tool, operation), summary in summaries.items():
        known = set(_words(f"{tool} {operation.replace('_', ' ')} {summary}".lower()))
        if shared := len(said & known):
            scored.append((-shared, tool, operation))
    return [
        {"tool": tool, "operation": operation, "shared": -score}
        for score, tool, operation in sorted(scored)[:NEAR_MAX]
    ]


def plan_of(
    description: str, catalogue: Catalogue
) -> tuple[list[dict[str, Any]], list[str], Sequence[str]]:
    """Return the steps that are known, the clauses that aren't, and all clauses."""
    steps, unknown, every = [], [], clauses(description)
    for clause in every:
        step = step_of(clause, catalogue)
        if step is None:
            unknown.append(clause)
        else:
            steps.append(step)
    return steps, unknown, every


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())
