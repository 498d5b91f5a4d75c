"""What a problem asks for, read off its text: how complex it is, its parts, a fitting strategy.

Every signal that counts is named with the words that gave it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from mimo.actors.memory.wording import telling_words
from mimo.actors.reasoning.terms import statements, terms_of

STRATEGIES: Final = ("cot", "tot", "react", "reflexion")
#: Most parts that a problem is split into.
PARTS_MAX: Final = 12
#: From how many words a problem is long, and very long. Source: the original's analyser.
LONG_WORDS, VERY_LONG_WORDS = 20, 50
#: A problem with less telling words than this, that points at something unsaid, is ambiguous.
AMBIGUOUS_TERMS: Final = 4

_FORMS: Final = {
    "branching": r"\b(?:either|alternatives?|options?|versus|vs\.?|trade-?offs?|choose|which (?:of|"
    r"one|way)|compare|decide|should (?:we|i)|whether|best|pros and cons|instead of)\b",
    "tools": r"\b(?:file|files|folder|run|execute|search|look up|fetch|download|install|logs?|"
    r"database|command|terminal|website|url|api|read the|find (?:out|the|all)|list all)\b",
    "programming": r"\b(?:code|function|class|method|bug|test|tests|compile|exception|traceback|"
    r"stack ?trace|refactor|module|library|script|deploy|commit|regex|query|endpoint|crash\w*|"
    r"builds?|pipeline|server|docker|cache|"
    r"python|javascript|typescript|rust|java|sql|elixir|git)\b",
    "trial": r"\b(?:fix|debug|flaky|fails?|failing|failed|broken|again|retry|why does|until it|"
    r"try|keeps? \w+ing|doesn't work|does not work|crash\w*)\b",
    "calculation": r"\b(?:calculate|compute|how (?:many|much)|sum|average|percent\w*|total|"
    r"probability|equation|solve for)\b|\d\s*[-+*/^%]\s*\d",
    "steps": r"\b(?:steps?|first|then|finally|in order|one by one|stage|phase)\b|^\s*\d+[.)]\s",
    "vague": r"\b(?:something|somehow|stuff|things?|better|improve|it|this|that|etc)\b",
    "meta": r"\b(?:write|make up|invent|generate) (?:\w+ ){0,3}(?:questions?|problems?|puzzles?|"
    r"tests?|riddles?)\b|\b(?:how would you|your own|predict (?:your|what you))\b",
}
_SIGNALS: Final = {
    name: re.compile(form, re.IGNORECASE | re.MULTILINE) for name, form in _FORMS.items()
}
_SPLIT: Final = re.compile(
    r"\s*(?:;|\band then\b|\bthen\b|, and\b|\bafter that\b|\bfinally\b|\bas well as\b|\bbut also\b)"
    r"\s*",
    re.IGNORECASE,
)
_AND: Final = re.compile(r"\s+and\s+", re.IGNORECASE)
_SEQUENCE: Final = re.compile(
    r"\b(?:then|after|finally|next|once|before|afterwards)\b", re.IGNORECASE
)
_ITEM: Final = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+", re.MULTILINE)
#: What is worth asking about a problem of a kind; offered, never counted. Source: ours.
CHECKLISTS: Final = {
    "programming": (
        "reproduce it or state the expected behaviour",
        "find the place in the code",
        "name the cause before the change",
        "make the smallest change",
        "run what would show a failure",
    ),
    "calculation": (
        "name the given values with units",
        "write the formula",
        "check by another way",
    ),
    "decision": (
        "name the options",
        "name the criteria and what outweighs what",
        "judge each option by each criterion",
        "say what would change the choice",
    ),
    "general": ("say what is known", "say what is missing", "say how the answer will be checked"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What a problem's text shows.

    Args:
        signals: The words that gave each signal, by signal.
        points: Sum of the points; see `analyse`.
        complexity: trivial, simple, moderate, complex or very_complex.
        kind: programming, calculation, decision or general.
        terms: Stems of its telling words.
    """

    signals: dict[str, list[str]]
    points: int
    complexity: str
    kind: str
    terms: tuple[str, ...]

    def shown(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "complexity": self.complexity,
            "points": self.points,
            "kind": self.kind,
            "signals": self.signals,
            "involves_tools": "tools" in self.signals,
            "programming_task": "programming" in self.signals,
            "ambiguous": "ambiguous" in self.signals,
            "meta_task": "meta" in self.signals,
            "terms": len(self.terms),
        }


def analyse(problem: str) -> Analysis:
    """Return what the text of a problem shows.

    Points: more than 50 words 2, than 20 words 1; more than one question 1; options 2; tools,
    programming, ambiguity and each two parts beyond the second 1.

    Source: the original's analyser, with the evidence kept; the points for parts are ours.
    """
    signals = {
        name: sorted({" ".join(each.group().lower().split()) for each in form.finditer(problem)})
        for name, form in _SIGNALS.items()
        if form.search(problem)
    }
    terms = terms_of(problem)
    vague = signals.pop("vague", [])
    if vague and len(terms) < AMBIGUOUS_TERMS:
        signals["ambiguous"] = vague
    words = len(problem.split())
    points = 2 if words > VERY_LONG_WORDS else int(words > LONG_WORDS)
    points += int(problem.count("?") > 1)
    points += 2 * ("branching" in signals)
    points += sum(name in signals for name in ("tools", "programming", "ambiguous"))
    points += max(len(parts_of(problem)) - 1, 0) // 2
    return Analysis(
        signals=signals,
        points=points,
        complexity=_complexity(points),
        kind=_kind(signals),
        terms=terms,
    )


def _complexity(points: int) -> str:
    for least, name in ((7, "very_complex"), (5, "complex"), (2, "moderate"), (1, "simple")):
        if points >= least:
            return name
    return "trivial"


def _kind(signals: dict[str, list[str]]) -> str:
    for name, kind in (
        ("programming", "programming"),
        ("calculation", "calculation"),
        ("branching", "decision"),
    ):
        if name in signals:
            return kind
    return "general"


def choose(analysis: Analysis) -> tuple[str, str]:  # noqa: PLR0911  a table
    """Return the strategy that fits and why; the first rule that applies decides.

    Source: the rules of the original's analyser, in its order.
    """
    has = analysis.signals
    if "trial" in has and "programming" in has:
        return "reflexion", f"trial and error ({', '.join(has['trial'][:2])}) on code"
    if "tools" in has:
        return "react", f"needs looking up or acting ({', '.join(has['tools'][:2])})"
    if "branching" in has:
        return "tot", f"weighs options ({', '.join(has['branching'][:2])})"
    if "calculation" in has:
        return "cot", f"a calculation ({', '.join(has['calculation'][:2])})"
    if "steps" in has:
        return "cot", f"says its own steps ({', '.join(has['steps'][:2])})"
    if "ambiguous" in has:
        return "tot", f"points at what isn't said ({', '.join(has['ambiguous'][:2])})"
    if "programming" in has:
        return "react", f"code to look at ({', '.join(has['programming'][:2])})"
    return "cot", "no signal of options, tools or trials"


def parts_of(problem: str) -> list[str]:
    """Return the parts that a problem's own text names: items, questions, clauses; at least one."""
    items = [each.strip() for each in _ITEM.split(problem)[1:] if each.strip()]
    pieces = items or statements(problem)
    found: list[str] = []
    for piece in pieces:
        found += [piece] if items else _clauses(piece)
    return list(dict.fromkeys(found))[:PARTS_MAX] or [problem.strip()]


def _clauses(sentence: str) -> list[str]:
    clauses = [each for each in _SPLIT.split(sentence) if telling_words(each)]
    found: list[str] = []
    for clause in clauses:
        halves = _AND.split(clause)
        are_whole = len(halves) == 2 and all(len(telling_words(half)) > 1 for half in halves)
        found += halves if are_whole else [clause]
    return [each.strip(" ,.") for each in found if each.strip(" ,.")]


def dependencies_of(problem: str, parts: list[str]) -> list[dict[str, Any]]:
    """Return which part needs which: by words of sequence, or by what an earlier part names.

    Numbers are those of the parts, from 1.
    """
    found: list[dict[str, Any]] = []
    in_sequence = _SEQUENCE.search(problem)
    for number, part in enumerate(parts[1:], 2):
        shared = [
            (len(common), before)
            for before in range(1, number)
            if (common := set(terms_of(part)) & set(terms_of(parts[before - 1])))
        ]
        if in_sequence:
            why = f"the text says {in_sequence.group().lower()!r}"
            found.append({"part": number, "needs": number - 1, "why": why})
        elif shared:
            count, before = max(shared)
            found.append({"part": number, "needs": before, "why": f"they share {count} terms"})
    return found
