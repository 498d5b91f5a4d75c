"""What to call next: from recorded sequences, and from the words of the task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mimo.actors.insight.answers import success_of
from mimo.actors.insight.messages import SuggestNext
from mimo.actors.insight.sequences import (
    ORDER_MAX,
    SEEN_MIN,
    Chain,
    Guess,
    HitRate,
    measured,
    sequences_of,
)
from mimo.actors.insight.wording import Match, matches
from mimo.config import limits
from mimo.storage import usage
from mimo.storage.connection import Database
from mimo.storage.usage import Step

#: How long a basis is used before it is made anew, in calls that were recorded since.
STALE_CALLS: Final = 50


class Habits:
    """What was learnt of the record, kept until enough has been recorded since.

    Args:
        db: Where to read.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._made_at = -STALE_CALLS
        self._steps: list[Step] = []
        self._chain = Chain(())
        self._rate = HitRate(0, 0, 0, 0, 0)

    def suggestion(self, request: SuggestNext, described: Mapping[str, str]) -> dict[str, Any]:
        """Return what to call next.

        Args:
            request: What is asked.
            described: The operations on offer, with their descriptions, by label.
        """
        self._refresh()
        recent = self._recent(request)
        # What isn't offered any more is no suggestion.
        guesses = [
            each
            for each in self._chain.guesses(recent, limits.USAGE_ROWS_MAX)
            if each.label in described
        ][: request.limit]
        words = matches(request.task, described, request.limit) if request.task else []
        success = success_of(
            self._steps, {each.label for each in guesses} | {each.label for each in words}
        )
        label, reason = chosen(guesses, words)
        tool, _, operation = label.partition(".")
        return {
            "suggested_tool": tool,
            "suggested_operation": operation,
            "reason": reason,
            "suggestions": [_guess_json(each, success[each.label]) for each in guesses],
            "by_words": [
                {**_named(each.label), "words": list(each.words), "success": success[each.label]}
                for each in words
            ],
            "recent_tools": recent,
            "hit_rate": rate_json(self._rate),
            "recorded_calls": self._chain.calls,
        }

    def _refresh(self) -> None:
        ever = usage.ever(self._db)
        if ever - self._made_at < STALE_CALLS:
            return
        self._made_at = ever
        self._steps = usage.steps(self._db, limits.SEQUENCE_CALLS_MAX)
        sequences = sequences_of((each.session, each.label) for each in self._steps)
        self._chain = Chain(sequences)
        self._rate = measured(sequences)

    def _recent(self, request: SuggestNext) -> list[str]:
        """Return the calls that count as the last ones, `tool.operation` each."""
        if request.recent:
            named = (
                each if "." in each else self._chain.commonest(each) for each in request.recent
            )
            return [each for each in named if each][-ORDER_MAX:]
        own = usage.steps(self._db, ORDER_MAX * 8, connection=request.connection)
        return _folded([each.label for each in own])[-ORDER_MAX:]


def chosen(guesses: Sequence[Guess], words: Sequence[Match]) -> tuple[str, str]:
    """Return the label to suggest, and why; two empty texts where there is no reason for any.

    What followed the same calls goes first; then what the task's words speak of; how common a call
    is at all is the last resort.
    """
    followed = next((each for each in guesses if each.order > 0), None)
    if followed is not None and words:
        spoken = {each.label for each in words}
        followed = next((each for each in guesses if each.order and each.label in spoken), followed)
    if followed is not None:
        calls = "these two calls" if followed.order == ORDER_MAX else "this call"
        return followed.label, f"followed {calls} {followed.times} of {followed.seen} times"
    if words:
        return words[0].label, f"its description shares {', '.join(words[0].words)} with the task"
    if guesses and guesses[0].seen >= SEEN_MIN:
        return guesses[0].label, f"the commonest call: {guesses[0].times} of {guesses[0].seen}"
    return "", "too little is recorded, and no task was given"


def rate_json(rate: HitRate) -> dict[str, Any]:
    """Return the measured hit rate with its sample size."""
    of = rate.predictions
    return {
        "predictions": of,
        "first": round(rate.first / of, 4) if of else 0.0,
        "among_three": round(rate.among_three / of, 4) if of else 0.0,
        "baseline": round(rate.baseline / of, 4) if of else 0.0,
        "held_out_sessions": rate.sessions,
        "meaning": "share of held-out calls that were guessed; baseline: always the commonest call",
    }


def _folded(labels: Sequence[str]) -> list[str]:
    """Return the labels with repetitions in a row once."""
    sequences = sequences_of((0, each) for each in labels)
    return sequences[0] if sequences else []


def _guess_json(guess: Guess, success: dict[str, Any]) -> dict[str, Any]:
    return {
        **_named(guess.label),
        "times": guess.times,
        "seen": guess.seen,
        "share": round(guess.share, 4),
        "order": guess.order,
        "success": success,
    }


def _named(label: str) -> dict[str, str]:
    tool, _, operation = label.partition(".")
    return {"tool": tool, "operation": operation}
