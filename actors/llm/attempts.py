"""What to do next about one question: whom to ask, how long to wait, when to give up.

Pure: the caller passes monotonic seconds and brings back what came of each attempt. A provider that
names a time is left alone that long by every question; one that fails is tried again a little later
and then makes way for the next in order.

Source: RFC 9110, 10.2.3 (Retry-After); Brooker 2015, "Exponential Backoff And Jitter": full jitter.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from mimo.actors.llm.providers import Provider

#: Most attempts at one provider for one question.
TRIES_MAX: Final = 3
#: Longest wait before the second attempt, in seconds; doubled each time up to the most.
BACKOFF_S: Final = 0.5
BACKOFF_S_MAX: Final = 8.0
#: How long a provider is left alone that refuses the key, or sends elsewhere, in seconds.
REFUSED_REST_S: Final = 60.0
#: An attempt with less time than this isn't worth its tokens, in seconds.
ATTEMPT_S_MIN: Final = 0.05

#: said: well. not_json: text, though JSON was asked for. transient: may pass. late: no answer in
#: time. wait: it named a time. refused: asking again is of no use.
Kind = Literal["said", "not_json", "transient", "late", "wait", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of an attempt.

    Args:
        kind: See `Kind`.
        why: For the error and the log; never with a key or an address.
        retry_after_s: The time that was named, where `kind` is wait.
    """

    kind: Kind
    why: str = ""
    retry_after_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Send the question to this provider now.

    Args:
        provider: Who is asked.
        timeout_s: When to give the attempt up, in seconds.
        is_repair: Whether to say that the answer before was no JSON.
    """

    provider: Provider
    timeout_s: float
    is_repair: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """Do nothing for so many seconds."""

    delay_s: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Nobody answers; why, and when it may be worth another try."""

    reason: str
    retry_after_s: float | None


#: Provider's place -> until when it is left alone, in monotonic seconds; shared by all questions.
Rests = dict[str, float]


class Attempts:
    """The course of one question.

    Args:
        providers: In order; at least one.
        rests: Who is left alone until when; changed here.
        deadline_s: When the question must be over, in monotonic seconds.
        attempt_s: Longest time for one attempt.
        chance: For the jitter.
    """

    def __init__(
        self,
        providers: Sequence[Provider],
        rests: Rests,
        *,
        deadline_s: float,
        attempt_s: float,
        chance: random.Random,
    ) -> None:
        self._left = list(providers)
        self._rests = rests
        self._deadline_s = deadline_s
        self._attempt_s = attempt_s
        self._chance = chance
        self._tries = 0
        self._ready_s = 0.0
        self._has_repaired = False
        self._is_repair = False
        self._reasons: dict[str, str] = {}

    def next(self, now_s: float) -> Ask | Pause | GiveUp:
        """Return what to do now."""
        left_s = self._deadline_s - now_s
        if not self._left or left_s < ATTEMPT_S_MIN:
            return self._given_up(now_s)
        self._prefer_rested(now_s)
        provider = self._left[0]
        wait_s = max(self._ready_s, self._rests.get(provider.place, 0.0)) - now_s
        if wait_s > 0:
            if wait_s + ATTEMPT_S_MIN >= left_s:
                self._reasons.setdefault(
                    provider.place, f"it wants to be left alone {wait_s:.0f} s"
                )
                return self._given_up(now_s)
            return Pause(wait_s)
        return Ask(
            provider=provider,
            timeout_s=min(self._attempt_s, left_s),
            is_repair=self._is_repair,
        )

    def note(self, outcome: Outcome, now_s: float) -> None:
        """Learn from an attempt that didn't succeed."""
        provider = self._left[0]
        self._reasons[provider.place] = outcome.why
        self._tries += 1
        self._is_repair = False
        match outcome.kind:
            case "not_json" if not self._has_repaired:
                self._has_repaired = self._is_repair = True
            case "wait":
                until_s = now_s + outcome.retry_after_s
                self._rests[provider.place] = max(self._rests.get(provider.place, 0.0), until_s)
                self._drop_if(self._tries >= TRIES_MAX)
            case "refused":
                self._rests[provider.place] = now_s + REFUSED_REST_S
                self._drop_if(True)
            case "transient":
                longest_s = min(BACKOFF_S * 2 ** (self._tries - 1), BACKOFF_S_MAX)
                self._ready_s = now_s + self._chance.uniform(0.0, longest_s)
                self._drop_if(self._tries >= TRIES_MAX)
            case "late":
                self._drop_if(len(self._left) > 1 or self._tries >= TRIES_MAX)
            case _:
                self._drop_if(True)

    def _drop_if(self, is_over: bool) -> None:  # noqa: FBT001
        """Go on with the next provider."""
        if is_over:
            del self._left[0]
            self._begin_next()

    def _begin_next(self) -> None:
        self._tries, self._ready_s, self._is_repair = 0, 0.0, False

    def _prefer_rested(self, now_s: float) -> None:
        """Take the first provider that may be asked now; else the one that may be asked soonest."""
        first = self._left[0]
        if self._rests.get(first.place, 0.0) <= now_s:
            return
        best = min(self._left, key=lambda each: max(self._rests.get(each.place, 0.0), now_s))
        if best is not first:
            self._left.remove(best)
            self._left.insert(0, best)
            self._begin_next()

    def _given_up(self, now_s: float) -> GiveUp:
        told = "; ".join(f"{place}: {why}" for place, why in self._reasons.items() if why)
        waits_s = [until_s - now_s for until_s in self._rests.values() if until_s > now_s]
        return GiveUp(
            told or "the time was over before anybody answered", min(waits_s, default=None)
        )
