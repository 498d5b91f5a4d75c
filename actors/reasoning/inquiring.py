"""What is known, what isn't, and what was asked in vain: for `reason` and for `cognitive`."""

from __future__ import annotations

from typing import Any, Final

from mimo.actors.memory.messages import Contradictions, Synthesize
from mimo.actors.memory.presentation import iso_time
from mimo.actors.reasoning.asking import Answer, Ask, Found, Needs, Recipe, look
from mimo.actors.reasoning.knowing import assessed, counted, gap_of
from mimo.config import limits

#: Memories that an assessment looks at, and those that an answer is made of.
LOOKED_AT: Final = 20
#: Longest answer, in characters.
ANSWER_CHARS: Final = 1_200
#: Confidence from which a question counts as answerable. Source: the original.
MIN_CONFIDENCE: Final = 0.4
#: Topics that are suggested unless told otherwise. Source: the original.
SUGGESTED: Final = 5


def _topic_needs(ask: Ask) -> Needs:
    topic, project = ask.wanted("topic"), ask.text("project")
    return Needs(
        searches={"topic": look(topic, project, limit=LOOKED_AT)},
        facts=topic,
        project=project,
        conflicts=Contradictions(project=project or None, limit=limits.PAGE_MAX),
    )


def _known(ask: Ask, found: Found) -> dict[str, Any]:
    return assessed(ask.wanted("topic"), found, ask.now_s)


def _assess(ask: Ask, found: Found) -> Answer:
    known = _known(ask, found)
    return Answer(data=known, topic=counted(known))


def _gaps(ask: Ask, found: Found) -> Answer:
    known = _known(ask, found)
    return Answer(data=gap_of(known), topic=counted(known))


def _query_needs(ask: Ask) -> Needs:
    needs = _topic_needs(ask)
    search = look(ask.wanted("topic"), ask.text("project"), limit=LOOKED_AT)
    return Needs(
        searches=needs.searches,
        facts=needs.facts,
        project=needs.project,
        conflicts=needs.conflicts,
        answer=Synthesize(search=search, limit=10, chars_max=ANSWER_CHARS),
    )


def _query(ask: Ask, found: Found) -> Answer:
    known = _known(ask, found)
    gap = gap_of(known)
    told = found.answer or {}
    data = {
        "topic": known["topic"],
        "response": str(told.get("answer", "")) if known["n"] else "",
        "citations": [one["memory_id"] for one in known["evidence"]],
        "confidence": known["confidence"],
        "score": known["score"],
        "n": known["n"],
        "basis": known["basis"],
        "gap_type": gap["gap_type"],
        "suggestion": gap["suggestion"],
        "can_answer": known["score"] >= MIN_CONFIDENCE,
        "actions_taken": ["memory.search", "knowledge.query", "memory.synthesize"],
    }
    return Answer(data=data, topic=counted(known))


def _can_answer(ask: Ask, found: Found) -> Answer:
    known = _known(ask, found)
    least = float(ask.arguments.get("min_confidence", MIN_CONFIDENCE))
    data = {
        "topic": known["topic"],
        "can_answer": known["score"] >= least,
        "min_confidence": least,
        "confidence": known["confidence"],
        "score": known["score"],
        "n": known["n"],
        "basis": known["basis"],
        "recommendation": gap_of(known)["suggestion"],
    }
    return Answer(data=data, topic=counted(known))


def _suggest(ask: Ask, _found: Found) -> Answer:
    """Return what was asked in vain most often; the priority is a share of the questions."""
    topics = ask.stats["topics"][: ask.arguments.get("limit", SUGGESTED)]
    targets = [
        {
            "topic": each.topic,
            "priority": round(each.unsure / (each.asked + 1), 3),
            "asked": each.asked,
            "unsure": each.unsure,
            "reason": f"{each.unsure} of {each.asked} times too little was known: {each.last_gap}",
            "suggested_action": "look it up and store what you find with memory store",
            "last_asked_at": iso_time(each.last_at_s),
        }
        for each in topics
    ]
    ranked = sorted(targets, key=lambda each: -float(str(each["priority"])))
    total = ask.stats["topic_counts"]["unique_topics"]
    return Answer(data={"learning_targets": ranked, "count": len(ranked), "topics": total})


def _cognitive_stats(ask: Ask, _found: Found) -> Answer:
    told = ask.stats["topic_counts"]
    data = {
        "total_queries": told["total_queries"],
        "unique_topics": told["unique_topics"],
        "unsure_queries": told["unsure_queries"],
        "confidence_distribution": told["levels"],
        "gaps_detected": told["gaps"],
    }
    return Answer(data=data)


def _stats(ask: Ask, _found: Found) -> Answer:
    totals, counts = ask.stats["totals"], ask.stats["counts"]
    decided = totals["claims_held"] + totals["claims_refuted"]
    data = {
        **totals,
        "by_kind": counts["kind"],
        "by_strategy": counts["strategy"],
        "by_status": counts["status"],
        "by_outcome": counts["outcome"],
        "newest": ask.stats["newest"],
        "basis": f"{totals['claims_held']} of {decided} decided claims hold",
    }
    return Answer(data=data)


INQUIRING: Final = {
    "assess": Recipe(answer=_assess, needs=_topic_needs),
    "gaps": Recipe(answer=_gaps, needs=_topic_needs),
    "stats": Recipe(answer=_stats, counts=True),
    "query": Recipe(answer=_query, needs=_query_needs),
    "can_answer": Recipe(answer=_can_answer, needs=_topic_needs),
    "suggest": Recipe(answer=_suggest, counts=True),
    "cognitive_stats": Recipe(answer=_cognitive_stats, counts=True),
}
