"""Facts out of plain sentences, by rules: few, and right where they are found.

What is asked, denied, wished or said of a pronoun is no fact and is left alone; the caller is told
which sentences gave none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mimo.storage.knowledge_names import predicate_of
from mimo.storage.knowledge_records import NewFact

#: How sure a fact is that a rule read out of a sentence, unless the caller knows better.
CONFIDENCE: Final = 0.8
#: Longest name of an entity in a sentence, in words.
WORDS_MAX: Final = 8

# Verb phrase -> predicate. Longer phrases stand first.
_VERBS: Final = {
    r"(?:is|are) (?:located|situated|based) in": "located_in",
    r"(?:is|are) (?:a )?part of": "part_of",
    r"(?:is|are) (?:a )?members? of": "member_of",
    r"(?:is|are) (?:an )?instances? of": "instance_of",
    r"(?:is|are) (?:a )?subclass(?:es)? of": "subclass_of",
    r"(?:is|are) married to": "married_to",
    r"(?:is|are) (?:also known as|also called)": "also_known_as",
    r"(?:is|are|was|were) (?:written|authored) by": "authored_by",
    r"(?:is|are|was|were) (?:created|made|built|founded) by": "created_by",
    r"(?:is|are|was|were) maintained by": "maintained_by",
    r"(?:is|are) owned by": "owned_by",
    r"(?:is|are) (?:managed|led) by": "managed_by",
    r"(?:is|are) written in": "written_in",
    r"(?:is|are|was|were) replaced by": "replaced_by",
    r"runs? on": "runs_on",
    r"depends? (?:on|upon)": "depends_on",
    r"reports? to": "reports_to",
    r"belongs? to": "belongs_to",
    r"(?:lives?|resides?) in": "lives_in",
    r"works? (?:at|for)": "works_at",
    r"works? on": "works_on",
    r"works? with": "works_with",
    r"consists? of": "contains",
    r"uses?": "uses",
    r"requires?": "requires",
    r"contains?": "contains",
    r"includes?": "includes",
    r"implements?": "implements",
    r"extends?": "extends",
    r"imports?": "imports",
    r"calls?": "calls",
    r"replaces?": "replaces",
    r"provides?": "provides",
    r"manages?": "manages",
    r"owns?": "owns",
    r"precedes?": "precedes",
    r"follows?": "follows",
    r"likes?": "likes",
    r"prefers?": "prefers",
    r"knows?": "knows",
    r"speaks?": "speaks",
    r"(?:is|are) (?:an?|the kind of)": "is_a",
}
_VERB: Final = re.compile(
    rf"\s+(?:now |also |currently |mainly |directly )?(?P<verb>{'|'.join(_VERBS)})\s+",
    re.IGNORECASE,
)
_PREDICATES: Final = [(re.compile(verb, re.IGNORECASE), name) for verb, name in _VERBS.items()]
_ROLE: Final = re.compile(
    r"^(?P<subject>.+?)\s+(?:is|are|was|were)\s+(?:the|a|an)\s+"
    r"(?P<role>[a-z][a-z-]*(?: [a-z][a-z-]*)?)\s+of\s+(?P<object>.+)$",
    re.IGNORECASE,
)
_OWNED_ROLE: Final = re.compile(
    r"^(?P<object>.+?)['\u2019]s\s+(?P<role>[a-z][a-z-]*(?: [a-z][a-z-]*)?)\s+is\s+(?P<subject>.+)$"
)
_SENTENCE: Final = re.compile(r"(?<=[.!?;])\s+(?=[A-Z`\"'(\d])|\n+|;\s+")
_NO_FACT: Final = re.compile(
    r"\b(?:not|never|no longer|cannot|neither|nor|if|unless|whether|maybe|perhaps|might|may|could"
    r"|would|should|wants?|wishes|hopes?)\b|n['\u2019]t\b|\?\s*$",
    re.IGNORECASE,
)
_CUT: Final = re.compile(
    r"\s*(?:,|\(|\b(?:because|which|who|that|when|while|since|although|though|so|for|to|by"
    r"|with|via|after|before|during|until|instead|as|but|from|in order|at|under|through|without"
    r"|where|in \d{4}|on \d)\b).*$",
    re.IGNORECASE | re.DOTALL,
)
_LIST: Final = re.compile(r"\s*,\s*(?:and\s+|or\s+)?|\s+and\s+|\s*&\s*")
_LEADING: Final = re.compile(
    r"^(?:(?:the|a|an|our|my|your|their|his|her|and|but|so|also|then|now|today|currently|note|both"
    r"|that|this)\s+)+",
    re.IGNORECASE,
)
_PRONOUNS: Final = frozenset(
    (
        *("i", "you", "he", "she", "it", "we", "they", "this", "that", "these", "those", "there"),
        *("who", "what", "which", "one", "everyone", "someone", "something", "everything"),
        *("nothing", "lot", "lots", "some", "many", "most", "few", "several", "all", "every", "no"),
        *("any", "each", "other", "others", "nobody", "people"),
    )
)
#: Roles that say what something is of something else, by themselves no fact of interest.
_VAGUE_ROLES: Final = frozenset({"lot", "part", "member", "kind", "type", "sort", "bit", "couple"})


@dataclass(frozen=True, slots=True)
class Extracted:
    """What was read: the facts, and the sentences that gave none."""

    facts: tuple[NewFact, ...]
    unread: tuple[str, ...]


def extract(text: str, confidence: float | None = None) -> Extracted:
    """Return the facts that the sentences of a text state.

    Args:
        text: Plain text; Markdown's bullets and backticks are looked through.
        confidence: How sure they are; `CONFIDENCE` unless given.
    """
    sure = CONFIDENCE if confidence is None else confidence
    found: dict[tuple[str, str, str], NewFact] = {}
    unread: list[str] = []
    for sentence in _sentences(text):
        triples = list(_read(sentence))
        if not triples:
            unread.append(sentence)
        for subject, predicate, object_ in triples:
            fact = NewFact(subject=subject, predicate=predicate, object=object_, confidence=sure)
            found.setdefault((subject, predicate, object_), fact)
    return Extracted(tuple(found.values()), tuple(unread))


def _sentences(text: str) -> Iterator[str]:
    for part in _SENTENCE.split(text):
        sentence = re.sub(r"^(?:[-*+•>#]+|\d+[.)])\s+", "", part.strip()).strip()
        if sentence:
            yield " ".join(sentence.replace("`", "").replace("**", "").split())


def _read(sentence: str) -> Iterator[tuple[str, str, str]]:
    if _NO_FACT.search(sentence):
        return
    sentence = sentence.rstrip(".! ")
    yield from _role(sentence) or _statements(sentence)


def _role(sentence: str) -> list[tuple[str, str, str]]:
    """Read "Ada is the mother of Bob" and "Bob's mother is Ada": both say `mother_of`."""
    found = _ROLE.match(sentence) or _OWNED_ROLE.match(sentence)
    if found is None or found["role"].lower() in _VAGUE_ROLES:
        return []
    if found["role"].split()[0].lower() in {"subclass", "instance"}:
        return []
    predicate = predicate_of(f"{found['role']} of")
    subjects, objects = _names(found["subject"]), _names(found["object"])
    return [(subject, predicate, object_) for subject in subjects for object_ in objects]


def _statements(sentence: str) -> Iterator[tuple[str, str, str]]:
    """Read "A depends on B and uses C, D": each verb has the first subject."""
    verbs = list(_VERB.finditer(f" {sentence} "))
    if not verbs:
        return
    padded = f" {sentence} "
    subjects = _names(padded[: verbs[0].start()])
    for place, verb in enumerate(verbs):
        end = verbs[place + 1].start() if place + 1 < len(verbs) else len(padded)
        clause = padded[verb.end() : end]
        if place + 1 < len(verbs):
            shorter = re.sub(r"(?:,|\band)(?:\s+(?:it|they|he|she))?\s*$", "", clause.strip())
            if shorter == clause.strip():
                # The next verb belongs to another subject, or to no fact at all.
                return
            clause = shorter
        predicate = next(name for form, name in _PREDICATES if form.fullmatch(verb["verb"]))
        for subject in subjects:
            for object_ in _names(clause):
                if object_ != subject:
                    yield subject, predicate, object_


def _names(span: str) -> list[str]:
    """Return the names in a span such as "the writer, recall and the bridge"."""
    parts = [part for part in _LIST.split(span.strip()) if part]
    found = []
    for part in parts:
        name = _LEADING.sub("", part.strip())
        name = (_CUT.sub("", name).strip() or "").strip("\"'\u201c\u201d() ")
        words = name.split()
        if not words or len(words) > WORDS_MAX or words[0].lower() in _PRONOUNS:
            break
        found.append(name)
        if _CUT.search(_LEADING.sub("", part.strip())):
            break
    return found
