"""Reads data sets of memories and questions: LoCoMo's JSON form, and a plain JSON Lines form.

The plain form has one object a line. A memory is `{"id": ..., "content": ...}` with any further
arguments of `memory store`; a question is `{"query": ..., "relevant": [ids]}` with an optional
`category` and `project`.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mimo.config.errors import InvalidRequest

#: LoCoMo's names of its question categories.
CATEGORIES: Final = {
    1: "multi-hop",
    2: "temporal",
    3: "open-domain",
    4: "single-hop",
    5: "adversarial",
}
#: What a line of the plain form may have besides the arguments of `store`.
_OWN_KEYS: Final = frozenset({"id"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question and the places, in its collection, of the memories that answer it."""

    query: str
    category: str
    relevant: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Memories of one project, as arguments of `memory store`, and questions about them."""

    name: str
    memories: tuple[dict[str, Any], ...]
    questions: tuple[Asked, ...]


def read(path: Path) -> list[Dataset]:
    """Return the collections of a file.

    Raises:
        InvalidRequest: It has neither of the two forms.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(
            f"expected --dataset to be a readable text file, got {error}"
        ) from None
    try:
        if text.lstrip().startswith("["):
            found = [_conversation(given) for given in json.loads(text)]
        else:
            found = _plain(text)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InvalidRequest(
            f"expected --dataset in LoCoMo's JSON form or as JSON Lines of memories and questions, "
            f"got {path.name}: {type(error).__name__}: {error}"
        ) from None
    if not any(one.questions for one in found):
        raise InvalidRequest(f"expected questions with relevant memories in {path.name}, got none")
    return found


def _plain(text: str) -> list[Dataset]:
    memories: dict[str, list[dict[str, Any]]] = defaultdict(list)
    place: dict[Any, tuple[str, int]] = {}
    questions: dict[str, list[Asked]] = defaultdict(list)
    for line in filter(str.strip, text.splitlines()):
        given = json.loads(line)
        if "content" in given:
            project = str(given.get("project", ""))
            place[given["id"]] = project, len(memories[project])
            memories[project].append(
                {key: value for key, value in given.items() if key not in _OWN_KEYS}
            )
            continue
        places = [place[one] for one in given["relevant"]]
        project = str(given.get("project", places[0][0] if places else ""))
        questions[project].append(
            Asked(
                query=given["query"],
                category=str(given.get("category", "all questions")),
                relevant=frozenset(at for name, at in places if name == project),
            )
        )
    return [
        Dataset(name=name, memories=tuple(kept), questions=tuple(questions[name]))
        for name, kept in memories.items()
    ]


def _conversation(given: dict[str, Any]) -> Dataset:
    """Return a LoCoMo conversation: a memory a turn, with speaker, session and time."""
    name = given["sample_id"]
    memories: list[dict[str, Any]] = []
    place: dict[str, int] = {}
    for key, moment, turns in sessions(given["conversation"]):
        for turn in turns:
            content = turn["text"]
            if turn.get("blip_caption"):
                content += f" [photo: {turn['blip_caption']}]"
            place[turn["dia_id"]] = len(memories)
            memories.append(
                {
                    "content": content,
                    "category": "episode",
                    "project": name,
                    "speaker": turn["speaker"],
                    "session_id": key,
                    "occurred_at": moment.isoformat(),
                }
            )
    questions = []
    for qa in given["qa"]:
        relevant = frozenset(place[turn] for turn in turn_ids(qa["evidence"]) if turn in place)
        if relevant:
            category = CATEGORIES.get(qa["category"], str(qa["category"]))
            questions.append(Asked(query=qa["question"], category=category, relevant=relevant))
    return Dataset(name=name, memories=tuple(memories), questions=tuple(questions))


def sessions(conversation: dict[str, Any]) -> list[tuple[str, dt.datetime, list[dict[str, Any]]]]:
    """Return (key, time, turns) of each session, in order."""
    keys = [key for key in conversation if re.fullmatch(r"session_\d+", key)]
    found = []
    for key in sorted(keys, key=lambda key: int(key.rpartition("_")[2])):
        said = conversation[f"{key}_date_time"]
        moment = dt.datetime.strptime(said, "%I:%M %p on %d %B, %Y").replace(tzinfo=dt.UTC)
        found.append((key, moment, conversation[key]))
    return found


def turn_ids(evidence: Any) -> list[str]:
    """Return the turn ids in what stands as evidence, such as ["D1:3; D2:05"]."""
    pairs = re.findall(r"D(\d+):(\d+)", json.dumps(evidence))
    return [f"D{int(session)}:{int(turn)}" for session, turn in pairs]
