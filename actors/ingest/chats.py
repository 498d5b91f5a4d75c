"""Chats into chunks, one a turn: exports of ChatGPT and Claude, lists of roles, transcripts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mimo.actors.ingest.chunks import Chunk, divided
from mimo.config import limits

_SPEAKERS = {"human": "user", "ai": "assistant", "model": "assistant", "bot": "assistant"}
#: Roles whose turns are no conversation.
_SILENT = frozenset({"system", "tool", "function", "developer"})
_TURN = re.compile(
    r"(?:\[(?P<early>[^\]\n]{4,40})\]\s*)?"
    r"(?P<name>[^\W\d_][\w.'’ -]{0,39}?)"  # noqa: RUF001
    r"(?:\s*[(\[](?P<late>[^)\]\n]{4,40})[)\]])?\s*:(?:[ \t]+(?P<text>\S.*)|[ \t]*)"
)
#: A text is a transcript if so many of its paragraphs begin with a name that comes again.
_TURNS_MIN = 4
_TURNS_PART_MIN = 0.6
_SPEAKERS_MAX = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one said once.

    Args:
        speaker: Who; "user" and "assistant" where the export says no name.
        text: What.
        at_s: When, wall seconds UTC; None if it isn't said.
    """

    speaker: str
    text: str
    at_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Turns in their order.

    Args:
        id: From the export; "" if it has none.
        title: For people; may be empty.
        turns: At least one.
    """

    id: str
    title: str
    turns: tuple[Turn, ...] = field(default_factory=tuple)


def chunks(conversations: Sequence[Conversation]) -> Iterator[Chunk]:
    """Yield a chunk a turn; a long turn makes several."""
    for conversation in conversations:
        metadata = {"conversation": conversation.title[:300]} if conversation.title else {}
        session = (conversation.id or conversation.title)[: limits.NAME_CHARS_MAX]
        for turn in conversation.turns:
            for part in divided(turn.text, limits.CHUNK_CODE_CHARS_MAX):
                yield Chunk(
                    text=part,
                    metadata=metadata,
                    speaker=turn.speaker[: limits.NAME_CHARS_MAX],
                    session_id=session,
                    occurred_at_s=turn.at_s,
                )


def conversations(value: Any) -> list[Conversation]:
    """Return the conversations of an export that was read from JSON; none if it isn't one."""
    if isinstance(value, Mapping) and isinstance(value.get("conversations"), list):
        value = value["conversations"]
    given = value if isinstance(value, list) else [value]
    if given and all(_is_message(each) for each in given):
        return _kept([Conversation(id="", title="", turns=_turns(given))])
    found = [_conversation(each) for each in given if isinstance(each, Mapping)]
    return _kept([one for one in found if one is not None])


def _kept(found: list[Conversation]) -> list[Conversation]:
    return [one for one in found if one.turns]


def _conversation(value: Mapping[str, Any]) -> Conversation | None:
    """Return one conversation of any known form; None if it has none."""
    title = _first(value, "title", "name", "summary")
    identity = _first(value, "conversation_id", "uuid", "id", "session_id")
    if isinstance(value.get("mapping"), Mapping):
        messages = _branch(value["mapping"], value.get("current_node"))
    else:
        messages = next(
            (
                value[name]
                for name in ("chat_messages", "messages", "turns")
                if isinstance(value.get(name), list)
            ),
            [],
        )
    turns = _turns(messages)
    return Conversation(id=identity, title=title, turns=turns) if turns else None


def _branch(mapping: Mapping[str, Any], leaf: Any) -> list[Any]:
    """Return the messages from the root to the leaf that was shown last.

    Source: ChatGPT's conversations.json: a tree by `parent`; an answer made again is a branch.
    """
    if not isinstance(leaf, str) or leaf not in mapping:
        nodes = [node for node in mapping.values() if isinstance(node, Mapping)]
        return [node.get("message") for node in nodes]
    messages: list[Any] = []
    seen: set[str] = set()
    at: Any = leaf
    while isinstance(at, str) and at in mapping and at not in seen:
        seen.add(at)
        node = mapping[at]
        if not isinstance(node, Mapping):
            break
        messages.append(node.get("message"))
        at = node.get("parent")
    return messages[::-1]


def _is_message(value: Any) -> bool:
    if not isinstance(value, Mapping) or not _speaker(value):
        return False
    return any(name in value for name in ("content", "text", "message"))


def _turns(messages: Sequence[Any]) -> tuple[Turn, ...]:
    found = []
    for message in messages:
        if not isinstance(message, Mapping):
            continue
        speaker, text = _speaker(message), _text(message).strip()
        if speaker and text and speaker not in _SILENT:
            found.append(Turn(speaker=speaker, text=text, at_s=_moment(message)))
    return tuple(found)


def _speaker(message: Mapping[str, Any]) -> str:
    author = message.get("author")
    if isinstance(author, Mapping):
        author = author.get("role")
    for value in (message.get("speaker"), message.get("sender"), message.get("role"), author):
        if isinstance(value, str) and value.strip():
            name = value.strip()
            return _SPEAKERS.get(name.lower(), name.lower() if name.lower() in _SILENT else name)
    return ""


def _text(message: Mapping[str, Any]) -> str:
    for name in ("content", "text", "message"):
        text = _plain(message.get(name))
        if text.strip():
            return text
    return ""


def _plain(value: Any) -> str:
    """Return the words of a text, a list of parts, or an object that has one of them."""
    match value:
        case str():
            return value
        case list():
            return "\n\n".join(part for each in value[:1_000] if (part := _plain(each)).strip())
        case {"type": str(kind)} if kind not in {"text", "input_text", "output_text"}:
            return ""
        case {"parts": list(parts)}:
            return _plain([part for part in parts if isinstance(part, str)])
        case {"text": str(text)}:
            return text
        case _:
            return ""


def _moment(message: Mapping[str, Any]) -> float | None:
    for name in ("create_time", "created_at", "timestamp", "time", "date"):
        value = message.get(name)
        if isinstance(value, bool) or value is None:
            continue
        if isinstance(value, int | float):
            # Milliseconds, where seconds would lie thousands of years ahead.
            seconds = value / 1000 if value > 10**11 else float(value)
            return seconds if 0 < seconds < 10**11 else None
        if isinstance(value, str) and (moment := moment_of(value)) is not None:
            return moment
    return None


def moment_of(text: str) -> float | None:
    """Return an ISO 8601 time (UTC without an offset) as wall seconds UTC; None if it isn't one."""
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.timestamp()
    except (ValueError, OverflowError):
        return None


def _first(value: Mapping[str, Any], *names: str) -> str:
    return next((value[name] for name in names if isinstance(value.get(name), str)), "")


def transcript(text: str) -> list[Turn]:
    """Return the turns of lines `Name: text`, what follows a line belonging to it."""
    turns: list[tuple[str, float | None, list[str]]] = []
    for line in text.split("\n"):
        found = _TURN.fullmatch(line.strip())
        if found:
            at_s = moment_of(found["early"] or found["late"] or "")
            turns.append((found["name"], at_s, [found["text"] or ""]))
        elif turns:
            turns[-1][2].append(line)
    return [
        Turn(speaker=_SPEAKERS.get(name.lower(), name), text=said, at_s=at_s)
        for name, at_s, lines in turns
        if (said := "\n".join(lines).strip())
    ]


def is_transcript(text: str) -> bool:
    """Tell whether a text is one: few speakers, each more than once, in most of its paragraphs."""
    starts = [part for part in text.split("\n") if part.strip()]
    names = [found["name"] for part in starts if (found := _TURN.fullmatch(part.strip()))]
    speakers = set(names)
    return (
        len(names) >= _TURNS_MIN
        and len(names) >= _TURNS_PART_MIN * len(starts)
        and 2 <= len(speakers) <= _SPEAKERS_MAX
        and len(speakers) * 2 <= len(names)
    )
