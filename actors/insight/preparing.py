"""`meta prepare_context`: what a reader should know, gathered and packed by worth; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from mimo.actors.insight.gathering import Ask, Gathered, Got
from mimo.actors.insight.messages_meta import PrepareContext
from mimo.actors.insight.packing import Item, pack, told
from mimo.actors.insight.wording import clipped
from mimo.actors.knowledge.mentions import mentions
from mimo.actors.reasoning.terms import terms_of
from mimo.config import limits

SOURCES: Final = ("memory", "knowledge", "code", "library")
#: Symbols and packages that are looked up.
_NAMES_MAX: Final = 4
_PACKAGES_MAX: Final = 3
_HITS: Final = 20
#: How much of an item's worth is the words it shares with the question, and how much its rank.
_BY_WORDS: Final = 0.6
#: What a hit is worth that shares no word, and stands first: somebody found it by its meaning.
_BY_RANK: Final = 1.0 - _BY_WORDS
#: What was asked for by its name is worth this.
_BY_NAME: Final = 0.9

_SYMBOL: Final = re.compile(
    r"`([A-Za-z_][\w.:]{1,100}?)(?:\(\))?`"
    r"|\b([a-z]\w*_\w+|[A-Z][a-z0-9]+[A-Z]\w*|[a-z]+[A-Z]\w*|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)\b"
)
_ECOSYSTEMS: Final = (
    (re.compile(r"\b(?:npm|node|javascript|typescript|yarn|pnpm)\b", re.IGNORECASE), "npm"),
    (re.compile(r"\b(?:crates?|cargo|rust)\b", re.IGNORECASE), "crates"),
    (re.compile(r"\b(?:hex|elixir|mix)\b", re.IGNORECASE), "hex"),
)


def symbols_in(text: str) -> tuple[str, ...]:
    """Return the words of a question that are written as symbols are."""
    named = mentions(text)
    libraries = set(named.libraries)
    written = [next(group for group in m.groups() if group) for m in _SYMBOL.finditer(text)]
    found = dict.fromkeys([*named.functions, *(each.replace("::", ".") for each in written)])
    return tuple(each for each in found if each not in libraries and each not in named.files)


def ecosystem_of(text: str) -> str:
    """Return the registry that a question speaks of; PyPI unless it says otherwise."""
    return next((name for pattern, name in _ECOSYSTEMS if pattern.search(text)), "pypi")


def asks(request: PrepareContext) -> dict[str, Ask]:
    """Return the calls to make; a source that the question gives nothing to ask gets none."""
    query = request.query
    found: dict[str, Ask] = {}
    if "memory" in request.sources:
        words = {"query": query, "limit": _HITS}
        found["memory"] = Ask("memory", "search", words, limits.META_SEARCH_S)
    if "knowledge" in request.sources:
        words = {"query": query, "limit": _HITS}
        found["knowledge"] = Ask("knowledge", "query", words, limits.META_SEARCH_S)
    if "code" in request.sources:
        for name in symbols_in(query)[:_NAMES_MAX]:
            found[f"code:{name}"] = Ask("code", "definition", {"name": name}, limits.META_CODE_S)
    if "library" in request.sources:
        for name in mentions(query).libraries[:_PACKAGES_MAX]:
            package = {"name": name[: limits.NAME_CHARS_MAX], "ecosystem": ecosystem_of(query)}
            found[f"library:{name}"] = Ask("code", "library_get", package, limits.META_CHECK_S)
    return found


def worth(query: str, text: str, rank: int) -> float:
    """Return what a hit is worth, 0 to 1: the share of the question's words it has, and its rank.

    Args:
        query: The question.
        text: The hit.
        rank: Its place in its list, from 0.
    """
    wanted = terms_of(query)
    have = frozenset(terms_of(text))
    share = sum(each in have for each in wanted) / len(wanted) if wanted else 0.0
    return round(_BY_WORDS * share + _BY_RANK / (rank + 1), 4)


def items(request: PrepareContext, found: Gathered) -> Iterator[Item]:
    """Yield what was found, each with its source, id and worth."""
    for name, got in found.items():
        source = name.partition(":")[0]
        match source:
            case "memory":
                yield from _memories(request.query, got)
            case "knowledge":
                yield from _facts(request.query, got)
            case "code":
                yield from _definition(got)
            case _:
                yield from _package(got)


def answer(request: PrepareContext, found: Gathered) -> dict[str, Any]:
    """Return what to tell within the budget, by tiers."""
    all_items = list(items(request, found))
    packed = pack(all_items, request.max_tokens)
    tiers = {
        f"tier{tier}": [_item_json(each) for each in packed.items if each.tier == tier]
        for tier in (1, 2, 3)
    }
    return {
        "query": request.query,
        "formatted_context": told(packed.items),
        **tiers,
        "total_context_items": len(packed.items),
        "left_off": packed.left_off,
        "tokens": packed.tokens,
        "max_tokens": request.max_tokens,
        "entities": list(symbols_in(request.query)[:_NAMES_MAX]),
        "sources": {
            source: _source_json(source, found, all_items, packed.items)
            for source in request.sources
        },
        "suggestion": _suggestion(packed.items, packed.left_off, request),
    }


def _memories(query: str, got: Got) -> Iterator[Item]:
    for rank, each in enumerate(got.data.get("memories", ())):
        text = clipped(str(each["content"]), limits.META_ITEM_CHARS)
        # Importance tells how much of its worth a memory keeps: between half of it and all.
        value = worth(query, text, rank) * (0.5 + 0.5 * float(each["importance"]))
        yield Item("memory", str(each["memory_id"]), text, round(value, 4))


def _facts(query: str, got: Got) -> Iterator[Item]:
    for rank, each in enumerate(got.data.get("facts", ())):
        text = f"{each['subject']} {each['predicate']} {each['object']}"
        text = clipped(text.replace("_", " "), limits.META_ITEM_CHARS)
        value = worth(query, text, rank) * float(each["confidence"])
        yield Item("knowledge", str(each["triple_id"]), text, round(value, 4))


def _definition(got: Got) -> Iterator[Item]:
    if not got.data.get("found"):
        return
    at = got.data["definition"]
    place = f"{at['path']}:{at['line']}"
    source = str(got.data.get("content", ""))[: limits.META_SOURCE_CHARS]
    # The signature costs little and says most; the source stands behind it if there is room.
    yield Item("code", place, clipped(f"{at['kind']} {at['signature']}", 300), _BY_NAME)
    yield Item("code", f"{place} source", source, _BY_NAME / 2)


def _package(got: Got) -> Iterator[Item]:
    if not got.data.get("found"):
        return
    data = got.data
    text = f"{data['name']} {data.get('version', '')}: {data.get('description', '')}"
    if data.get("docs_url"):
        text += f" ({data['docs_url']})"
    name = f"{data['ecosystem']}/{data['name']}"
    yield Item("library", name, clipped(text, limits.META_ITEM_CHARS), _BY_NAME)


def _item_json(item: Item) -> dict[str, Any]:
    return {"source": item.source, "id": item.id, "value": item.value, "tokens": item.tokens}


def _source_json(
    source: str, found: Gathered, all_items: Sequence[Item], packed: Sequence[Item]
) -> dict[str, Any]:
    """Return how a source did: one that failed is never told as one that has nothing."""
    calls = {name: got for name, got in found.items() if name.partition(":")[0] == source}
    shown: dict[str, Any] = {
        "found": sum(each.source == source for each in all_items),
        "packed": sum(each.source == source for each in packed),
    }
    failed = {name: got.code for name, got in calls.items() if got.code}
    if failed:
        return shown | {"status": "failed", "codes": failed, **_why(calls)}
    return shown | {"status": "answered" if calls else "the question names nothing to look up"}


def _why(calls: Mapping[str, Got]) -> dict[str, str]:
    return {"message": next(got.message[:300] for got in calls.values() if got.code)}


def _suggestion(packed: Sequence[Item], left_off: int, request: PrepareContext) -> str:
    if not packed:
        return "nothing that is known has to do with it; ask in other words"
    if left_off:
        return f"{left_off} more had no room in {request.max_tokens} tokens; raise max_tokens"
    return ""
