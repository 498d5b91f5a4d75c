"""How much is known of a topic, counted: memories and facts on it, what they cover, how old.

Source: ours; levels and the order of the gaps are the original's.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from mimo.actors.reasoning.asking import Found
from mimo.actors.reasoning.evidence import LEVELS, Hit, excerpt, is_related
from mimo.actors.reasoning.terms import cover, terms_of, terms_of_all
from mimo.storage.reasoning import CountTopic

#: Memories on a topic that are shown.
SHOWN_MAX: Final = 5
#: Pieces of evidence below which it is sparse. Source: the original.
SPARSE: Final = 3
#: Median age of the memories from which they are stale, in days.
STALE_DAYS: Final = 90.0
#: Operations that help, by gap.
_ACTIONS: Final = {
    "none": [],
    "no_knowledge": ["ask_user", "web.search", "memory.store"],
    "weak_knowledge": ["web.search", "ask_user"],
    "contested_knowledge": ["memory.contradictions", "memory.supersede"],
    "sparse_evidence": ["present_with_caveat", "memory.search"],
    "stale_knowledge": ["memory.history", "web.search"],
    "partial_coverage": ["code.search", "web.search"],
}


def assessed(topic: str, found: Found, now_s: float) -> dict[str, Any]:
    """Return how much is known of a topic, as JSON values.

    score = coverage * n / (n + 1) * (1 - contested / n): coverage is the share of the topic's terms
    that the evidence names, n counts memories and facts, contested those that others contradict.

    Args:
        topic: In words.
        found: With the search `topic`, facts and conflicts.
        now_s: Wall seconds UTC.
    """
    terms = terms_of(topic)
    hits = [hit for hit in found.of("topic") if is_related(hit, terms)]
    facts = [said_by(fact) for fact in found.facts]
    n = len(hits) + len(facts)
    covered = cover(terms, terms_of_all([*(hit.content for hit in hits), *facts]))
    contested = sorted(
        {one for pair in found.conflicts for one in pair} & {hit.memory_id for hit in hits}
    )
    score = covered.share * n / (n + 1) * (1 - len(contested) / n) if n else 0.0
    shown: dict[str, Any] = {
        "topic": topic,
        "confidence": level_of(score),
        "score": round(score, 3),
        "n": n,
        "basis": (
            f"{len(hits)} memories and {len(facts)} facts name {len(covered.covered)} of"
            f" {len(terms)} terms; {len(contested)} memories are contested"
        ),
        "evidence_count": n,
        "source_types": [*(["memory"] if hits else []), *(["knowledge"] if facts else [])],
        "missing_terms": list(covered.missing),
        "contested": contested,
        "evidence": [
            {"memory_id": hit.memory_id, "text": excerpt(hit.content)} for hit in hits[:SHOWN_MAX]
        ],
        "facts": facts[:SHOWN_MAX],
    }
    if ages := _ages_days(hits, now_s):
        shown["median_age_days"] = round(statistics.median(ages), 1)
    return shown | {
        "has_gap": _gap(shown)[0] != "none",
        "gap_indicators": indicators(shown),
    }


def said_by(fact: dict[str, Any]) -> str:
    """Return a fact as a sentence."""
    names = [fact.get(end, "") for end in ("subject", "predicate", "object")]
    return " ".join(str(name).replace("_", " ") for name in names)


def level_of(score: float) -> str:
    """Return the word for a score."""
    return next((name for name, least in LEVELS if score >= least), "unknown")


def indicators(known: dict[str, Any]) -> list[str]:
    """Return what is lacking, a phrase each."""
    n, missing = known["n"], known["missing_terms"]
    if not n:
        return ["nothing is known"]
    found = [f"only {n} pieces of evidence"] if n < SPARSE else []
    if missing:
        found.append(f"nothing names {', '.join(missing[:5])}")
    if _is_stale(known):
        found.append(f"half of it is older than {known['median_age_days']:.0f} days")
    if known["contested"]:
        found.append(f"{len(known['contested'])} memories contradict others")
    return found


def gap_of(known: dict[str, Any]) -> dict[str, Any]:
    """Return what is lacking most, and what to do about it."""
    name, severity, suggestion = _gap(known)
    return {
        "topic": known["topic"],
        "gap_type": name,
        "severity": severity,
        "suggestion": suggestion,
        "actions": _ACTIONS[name],
        "details": "; ".join(indicators(known)) or known["basis"],
        "n": known["n"],
        "basis": known["basis"],
    }


def _gap(known: dict[str, Any]) -> tuple[str, str, str]:
    """Return gap, severity and advice; the first rule that applies decides."""
    level = known["confidence"]
    rules = (
        (not known["n"], "no_knowledge", "critical", "ask the user or look outside"),
        (known["contested"], "contested_knowledge", "moderate", "decide which memory holds"),
        (level == "unknown", "weak_knowledge", "critical", "look outside"),
        (level == "low", "weak_knowledge", "moderate", "look outside"),
        (known["n"] < SPARSE, "sparse_evidence", "minor", "say on how little this stands"),
        (_is_stale(known), "stale_knowledge", "moderate", "check that it still holds"),
        (known["missing_terms"], "partial_coverage", "minor", "look for what isn't named"),
    )
    for applies, name, severity, suggestion in rules:
        if applies:
            return name, severity, suggestion
    return "none", "none", "go on"


def counted(known: dict[str, Any]) -> CountTopic | None:
    """Return the command that counts that somebody asked; None for a topic without any term."""
    terms = sorted(terms_of(known["topic"]))[:8]
    if not terms:
        return None
    return CountTopic(
        terms=" ".join(terms)[:200],
        topic=known["topic"][:200],
        unsure=known["confidence"] in ("low", "unknown"),
        level=known["confidence"],
        gap=_gap(known)[0],
    )


def _is_stale(known: dict[str, Any]) -> bool:
    return bool(known.get("median_age_days", 0.0) >= STALE_DAYS)


def _ages_days(hits: Sequence[Hit], now_s: float) -> list[float]:
    found = []
    for hit in hits:
        try:
            moment = datetime.fromisoformat(hit.occurred_at)
        except ValueError:
            continue
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        found.append(max(now_s - moment.timestamp(), 0.0) / 86_400)
    return found
