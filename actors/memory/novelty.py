"""How a new statement stands to an old one, by rules and without a model.

Nothing here replaces anything. `same` alone makes a store reuse what is there, and only for
statements with the same telling words; all else is a reason to link two memories and to say so.

Source: ours; precision and recall on labelled pairs: `python -m tests.load.novelty`.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from mimo.actors.memory.opposites import are_opposite
from mimo.actors.memory.wording import (
    EMPTY,
    MONTH_STEMS,
    Wording,
    is_worded_alike,
    stem,
    take_apart,
    telling_words,
)
from mimo.storage.commands import Finding, Neighbour

Kind = Literal["same", "update", "correction", "contradiction", "refinement", "similar", "other"]

#: Share of the old statement's telling words that the new one must have for each decision.
OVERLAP_SIMILAR: Final = 0.5
OVERLAP_CUE: Final = 0.3
#: Telling words that a statement with a cue must share, unless its vector says that it is close:
#: "Ada moved" is no news of where she works.
SHARED_CUE: Final = 2
#: Cosines of MiniLM from which two statements are close, and from which they may say the same. Of
#: 24,000 unrelated pairs one in a thousand is as close; of those that say the same nine in ten.
COSINE_SIMILAR: Final = 0.6
COSINE_SAME: Final = 0.85
#: Most telling words in which two contradicting statements differ, on each side.
DIFFERENCE_MAX: Final = 3


def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in text.split())


_CORRECTION: Final = re.compile(
    r"\b(?:actually|correction|corrected|correct myself|to correct|correct \w+ \w+:|erratum|typo|"
    r"in fact|in reality|really|"
    r"wrong|wrongly|incorrect|mistaken|mistake|mistook|miscalculat\w+|misread|misheard|misspel\w+|"
    r"misunderst\w+|mix(?:ed)? (?:that|it|them|this|up)|confused|confusion|scratch that|"
    r"turn(?:s|ed) out|contrary to|after all|double-?checked|measured again|checked again|"
    r"i meant|(?:is|was) (?:an error|false|inaccurate)|so the note|was off|as i said|"
    r"rather than)\b|^(?:no|nope|sorry)\b[,:;]|\bnot \w+ but\b"
)
_UPDATE: Final = re.compile(
    r"\b(?:now|no longer|not \w+(?: \w+){0,4} any ?more|any ?more|as of|from now on|"
    r"from next \w+|starting|since (?:this|last|yesterday|today|the (?:summer|winter|spring|autumn|"
    r"release|update|change)|january|february|march|april|may|june|july|august|september|october|"
    r"november|december|monday|20\d\d)|again|instead|meanwhile|recently|"
    r"moved|moves to|switched|changed|upgraded|downgraded|migrated|renamed|postponed|rescheduled|"
    r"(?:increased|decreased|raised|lowered|reduced|extended|shortened|cut)(?: \w+ \w+)? "
    r"(?:to|from|by|until)|replaced by|reopened|reassigned|"
    r"promoted|resigned|retired|quit|(?:^\w+|and|has|have|who) left|sold|bought|"
    r"went (?:up|down)|is (?:up|down|back)|came (?:home|back)|(?:is|are) back|broke up|divorced|"
    r"turned \d+|became|has become|have become|grown|grew|passed|released|deprecated|painted|"
    r"closed today|was closed|was reopened|started a new|have a new|has a new|got a new|new \w+ is|"
    r"used to|previously|formerly|until recently|took over|will \w+ from)\b"
)
#: What may be said of one subject several times, of different objects, and be true each time.
_MANY: Final = _stems(
    "like love enjoy hate own know speak visit read buy meet watch call pay play use used "
    "review recommend replace plant add fix give win travel run ran go went eat drink cook attend "
    "study learn teach support contain include depend sell write wrote sing collect try tried "
    "see saw talk discuss deliver return carry tell help invite plan mention ask prefer fear "
    "flow pass lead implement create delete remove install test "
    "make made follow cover drive drove walk swim"
)
_IDENTIFIED: Final = _stems(
    "ticket issue invoice order version room sprint chapter line floor page pr step phase "
    "level section unit item building flight gate bug case task track lesson exercise episode day "
    "week module sensor lot part layer house apartment account patient customer test run job "
    "request commit pull story epic milestone "
    " season volume article paragraph question row column slot channel"
)
#: One may have many things, but only one number of each.
_OWNING: Final = _stems("have has had")
_VERBS: Final = _stems(
    "is are was were be has have had do does did will can needs need lives live runs run uses use "
    "listens works work costs cost takes take takes place requires require returns return starts "
    "start ends end opens open closes close belongs belong faces face wore wear wears allows allow "
    "forbids arrived arrive prefers prefer likes like speaks speak plays play drives drive ships "
    "ship leaves leave stops stop lasts last weighs weigh contains contain supports support agreed "
    "agree rejected increased decreased increase decrease smokes smoke studied joined wrote knows "
    "owns keeps keep stores store accepts accept expires expire replies stays sleeps eats drinks "
    "means holds gets got got met visited bought paid called gave won read watched passes fails "
    "comes goes sits stands begins began lies flows carries lets "
    "becomes became reports named called released located hashed encoded built born"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a new statement stands to an old one.

    Args:
        kind: `same`, `update`, `correction`, `contradiction`, `refinement`, `similar`, or `other`
            when they have little to do with each other.
        score: How much they have in common, 0 to 1.
        why: What it was told by, in a few words.
    """

    kind: Kind
    score: float
    why: str = ""


def compare(old: str, new: str, cosine: float | None = None) -> Verdict:
    """Return how the new text stands to the old one; see `compared`."""
    return compared(take_apart(old), take_apart(new), cosine)


def compared(old: Wording, new: Wording, cosine: float | None = None) -> Verdict:
    """Return how the new statement stands to the old one.

    Args:
        old: The older statement.
        new: The newer one.
        cosine: Of their vectors, as further evidence; None if they have none yet.
    """
    verdict = _by_words(old, new, is_close=cosine is not None and cosine >= COSINE_SIMILAR)
    if cosine is None or verdict.kind not in ("similar", "other") or cosine < COSINE_SIMILAR:
        return verdict
    score = round(max(verdict.score, cosine), 3)
    if cosine >= COSINE_SAME and _may_be_same(old, new):
        return Verdict(kind="same", score=score, why="the same meaning")
    return Verdict(kind="similar", score=score, why=verdict.why or "close in meaning")


def _may_be_same(old: Wording, new: Wording) -> bool:
    """Tell whether names, numbers and negations agree, in which vectors see no difference."""
    return (
        old.numbers == new.numbers
        and old.negations == new.negations
        and not (old.names ^ new.names).difference(new.telling[:1], old.telling[:1])
        and not _swaps(old, new)
    )


def _by_words(  # noqa: PLR0911  a table
    old: Wording, new: Wording, *, is_close: bool
) -> Verdict:
    olds, news = Counter(old.telling), Counter(new.telling)
    shared = olds & news
    if not shared or not olds or not news:
        return Verdict(kind="other", score=0.0)
    overlap = shared.total() / olds.total()
    if overlap < OVERLAP_CUE and not is_close:
        return Verdict(kind="other", score=round(overlap, 3))
    only_old, only_new = olds - news, news - olds
    score = round(2 * shared.total() / (olds.total() + news.total()), 3)
    if not only_old and not only_new:
        return _of_equal_words(old, new, score)
    is_cued = is_close or shared.total() >= SHARED_CUE
    if is_cued and (why := _corrects(old, new, only_old, only_new)):
        return Verdict(kind="correction", score=score, why=why)
    if is_cued and (why := _updates(old, new, only_new)):
        return Verdict(kind="update", score=score, why=why)
    if why := _contradicts(old, new, only_old, only_new):
        return Verdict(kind="contradiction", score=score, why=why)
    if not only_old and old.negations == new.negations:
        more = " ".join(list(only_new)[:4])
        return Verdict(kind="refinement", score=score, why=f"adds {more}")
    kind: Kind = "similar" if overlap >= OVERLAP_SIMILAR else "other"
    return Verdict(kind=kind, score=score)


def _of_equal_words(old: Wording, new: Wording, score: float) -> Verdict:
    if old.negations != new.negations:
        return Verdict(kind="contradiction", score=score, why="one negates it")
    if old.telling != new.telling and _swaps(old, new):
        return Verdict(kind="similar", score=score, why="the same words in other roles")
    return Verdict(kind="same", score=score, why="the same words")


def _swaps(old: Wording, new: Wording) -> bool:
    """Tell whether names or numbers have changed places, as in "A called B" and "B called A"."""
    names = (old.names | new.names) - MONTH_STEMS
    return any(
        [word for word in old.telling if word in fixed]
        != [word for word in new.telling if word in fixed]
        for fixed in (names, old.numbers)
    )


def _corrects(old: Wording, new: Wording, only_old: Counter[str], only_new: Counter[str]) -> str:
    found = _CORRECTION.search(new.plain)
    if found and not _CORRECTION.search(old.plain):
        return f"says {found.group().strip()!r}"
    if new.negations > old.negations and not only_old and only_new:
        return "denies it and says what is so instead"
    return ""


def _updates(old: Wording, new: Wording, only_new: Counter[str]) -> str:
    found = _UPDATE.search(new.plain)
    if found and only_new and not _has(old, found.group()):
        return f"says {found.group().strip()!r}"
    return ""


def _has(old: Wording, cue: str) -> bool:
    return cue in old.plain


def _contradicts(old: Wording, new: Wording, only_old: Counter[str], only_new: Counter[str]) -> str:
    """Return what makes both impossible together; "" if nothing does."""
    if max(only_old.total(), only_new.total()) > DIFFERENCE_MAX:
        return ""
    for one in only_old:
        for other in only_new:
            if are_opposite(one, other) and min(only_old.total(), only_new.total()) == 1:
                return "" if old.negations != new.negations else f"{one} against {other}"
    if old.negations != new.negations and only_old.total() + only_new.total() <= 1:
        return "one negates it"
    if only_old and only_new and old.negations == new.negations:
        return _other_value(old, new, only_old, only_new)
    return ""


def _other_value(old: Wording, new: Wording, only_old: Counter[str], only_new: Counter[str]) -> str:
    """Return which value differs, where the same is said of the same subject but for that."""
    place = _first_difference(old, new)
    before = old.words[:place]
    verbs = [word for word in before if word in _VERBS]
    are_numbers = set(only_old) <= old.numbers and set(only_new) <= new.numbers
    if not verbs or any(word in _MANY for word in before) or set(before[-1:]) & _IDENTIFIED:
        return ""
    if not are_numbers and not _OWNING.isdisjoint(verbs):
        return ""
    return f"{' '.join(only_old)} against {' '.join(only_new)}"


def _first_difference(old: Wording, new: Wording) -> int:
    """Return the place of the first word of the old statement that the new one has otherwise."""
    matcher = difflib.SequenceMatcher(None, old.words, new.words, autojunk=False)
    for tag, start, _end, _other, _other_end in matcher.get_opcodes():
        if tag != "equal" and (
            tag == "insert" or any(word not in EMPTY for word in old.words[start:_end])
        ):
            return start
    return len(old.words)


# What a memory is told to be, by what a statement is to another; `other` is not reported.
_DECISIONS: Final[dict[Kind, str]] = {"same": "redundant"}
# Of several, the one that says most about the new memory comes first.
_FIRST: Final = ("same", "correction", "update", "contradiction", "refinement", "similar")


class NoveltyJudge:
    """The rules of this module as the writer asks for them."""

    def telling(self, content: str) -> Sequence[str]:
        """Return the words by which a memory is found again."""
        return telling_words(content)

    def findings(
        self,
        content: str,
        neighbours: Sequence[Neighbour],
        cosines: Mapping[int, float] | None = None,
    ) -> list[Finding]:
        """Return how a new text stands to those that have much to do with it, closest first."""
        new = take_apart(content)
        found: list[tuple[int, float, Finding]] = []
        for one in neighbours:
            old = take_apart(one.content)
            verdict = compared(old, new, (cosines or {}).get(one.id))
            if verdict.kind == "other":
                continue
            finding = Finding(
                one.id,
                _DECISIONS.get(verdict.kind, verdict.kind),
                verdict.score,
                verdict.why,
                is_certain=verdict.kind == "same" and is_worded_alike(old, new),
            )
            found.append((_FIRST.index(verdict.kind), -verdict.score, finding))
        found.sort(key=lambda one: one[:2])
        return [finding for _, _, finding in found]
