"""Under which key an entity and a predicate are known, however they are written.

Keys are only for finding: what is shown is always the name as it was first given.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

#: What kinds of node there are; a `concept` is what nobody has said more about.
NODE_TYPES: Final = (
    "concept",
    "person",
    "place",
    "file",
    "function",
    "module",
    "library",
    "memory",
)
#: Kinds whose names are identifiers, in which case and plural tell things apart.
EXACT_TYPES: Final = frozenset({"file", "function", "module", "memory"})
#: Predicates that name an entity another way instead of stating a fact about it.
ALIAS_PREDICATES: Final = frozenset({"also_known_as", "alias", "aka"})

_ARTICLES: Final = frozenset({"the", "a", "an"})
_GAP = re.compile("[\\s_\\-\u2010-\u2015/\\\\.,;:!?'\u2019\"\u201c\u201d()\\[\\]{}]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_WORD = re.compile(r"[^\w]+")
_COPULA = re.compile(
    r"^(?:is|are|was|were|be|been)_(?=\w+_(?:of|in|on|at|by|to|with|from|for|as)$)"
)
_SAME: Final = {
    "an": "is_a",
    "are": "is_a",
    "is": "is_a",
    "is_an": "is_a",
    "isa": "is_a",
    "is_kind_of": "is_a",
    "kind_of": "is_a",
    "type_of": "is_a",
    "is_instance_of": "instance_of",
    "an_instance_of": "instance_of",
    "depend_on": "depends_on",
    "depends_upon": "depends_on",
    "dependent_on": "depends_on",
    "use": "uses",
    "require": "requires",
    "contain": "contains",
    "include": "includes",
    "import": "imports",
    "call": "calls",
    "manage": "manages",
    "own": "owns",
    "report_to": "reports_to",
    "like": "likes",
    "prefer": "prefers",
    "know": "knows",
    "live_in": "lives_in",
    "work_at": "works_at",
    "work_for": "works_for",
    "works_on_project": "works_on",
}


def concept_key(name: str) -> str:
    """Return the key of a name in plain language: case, accents, articles, plural don't count.

    Source: ours; `singular` is the S-stemmer of Harman, "How effective is suffixing?" (1991).
    """
    text = unicodedata.normalize("NFKD", name).casefold()
    text = "".join(each for each in text if not unicodedata.combining(each))
    words = _GAP.sub(" ", text).split()
    if len(words) > 1 and words[0] in _ARTICLES:
        words = words[1:]
    if words:
        words[-1] = singular(words[-1])
    return " ".join(words) or unicodedata.normalize("NFC", name).strip()


def singular(word: str) -> str:
    """Return an English word without the plural's ending; what isn't one stays."""
    if len(word) <= 3 or not word.isascii():
        return word
    if word.endswith("ies") and word[-4] not in "ae":
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zzes")):
        return word[:-2]
    if word.endswith("s") and word[-2] not in "suia":
        return word[:-1]
    return word


def key_of(name: str, kind: str) -> str:
    """Return the key under which a node of this kind is kept."""
    if kind in EXACT_TYPES:
        return name
    if kind == "library":
        return name.casefold()
    return concept_key(name)


def keys_of(name: str) -> tuple[str, ...]:
    """Return every key under which a name may be known when its kind isn't."""
    return tuple(dict.fromkeys((name, name.casefold(), concept_key(name))))


def predicate_of(text: str) -> str:
    """Return a predicate in its one form: `dependsOn`, "Depends on" -> `depends_on`.

    The result is "" when nothing of a word is in it.
    """
    text = unicodedata.normalize("NFKC", _CAMEL.sub("_", text.strip()))
    key = _NOT_WORD.sub("_", text.casefold()).strip("_")
    key = re.sub(r"_+", "_", key)
    key = _SAME.get(key, key)
    return _SAME.get(short := _COPULA.sub("", key), short)
