"""Reads conversations with questions in LoCoMo's JSON form; brings none of its data along."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mimo.storage.records import NewMemory

#: LoCoMo's names of its question categories.
CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop", 5: "adversarial"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question and the positions of the memories that answer it."""

    text: str
    category: str
    evidence: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """Memories of one project, in order, and questions about them."""

    name: str
    memories: tuple[NewMemory, ...]
    questions: tuple[Question, ...] = field(default=())


def conversations(path: Path) -> list[Collection]:
    """Return one collection a conversation: a memory a turn, with speaker, session and time."""
    return [_conversation(given) for given in json.loads(path.read_bytes())]


def facts(path: Path) -> list[Collection]:
    """Return the extracted observations as plain facts: no speaker, no session.

    A fact answers a question if both name a common turn.
    """
    return [_facts(given) for given in json.loads(path.read_bytes())]


def _conversation(given: dict[str, Any]) -> Collection:
    name = given["sample_id"]
    memories: list[NewMemory] = []
    place: dict[str, int] = {}
    for key, at_s, turns in _sessions(given["conversation"]):
        for turn in turns:
            text = turn["text"]
            if turn.get("blip_caption"):
                text += f" [photo: {turn['blip_caption']}]"
            place[turn["dia_id"]] = len(memories)
            memories.append(
                NewMemory(
                    content=text,
                    category="episode",
                    project=name,
                    speaker=turn["speaker"],
                    session_id=key,
                    occurred_at_s=at_s,
                )
            )
    asked = []
    for qa in given["qa"]:
        evidence = frozenset(place[turn] for turn in _turns(qa["evidence"]) if turn in place)
        if evidence:
            category = CATEGORIES[qa["category"]]
            asked.append(Question(text=qa["question"], category=category, evidence=evidence))
    return Collection(name=name, memories=tuple(memories), questions=tuple(asked))


def _facts(given: dict[str, Any]) -> Collection:
    memories: list[NewMemory] = []
    sources: list[set[str]] = []
    for key, at_s, _ in _sessions(given["conversation"]):
        for entries in given["observation"].get(f"{key}_observation", {}).values():
            for text, *turns in entries:
                memories.append(
                    NewMemory(content=text, project=given["sample_id"], occurred_at_s=at_s)
                )
                sources.append(set(_turns(turns)))
    asked = []
    for qa in given["qa"]:
        wanted = set(_turns(qa["evidence"]))
        evidence = frozenset(n for n, source in enumerate(sources) if source & wanted)
        if evidence:
            category = CATEGORIES[qa["category"]]
            asked.append(Question(text=qa["question"], category=category, evidence=evidence))
    return Collection(name=given["sample_id"], memories=tuple(memories), questions=tuple(asked))


def _sessions(conversation: dict[str, Any]) -> list[tuple[str, float, list[dict[str, Any]]]]:
    """Return (key, wall seconds UTC, turns) of each session, in order."""
    found = []
    for key in sorted(
        (key for key in conversation if re.fullmatch(r"session_\d+", key)),
        key=lambda key: int(key.rpartition("_")[2]),
    ):
        given = conversation[f"{key}_date_time"]
        at = dt.datetime.strptime(given, "%I:%M %p on %d %B, %Y").replace(tzinfo=dt.UTC)
        found.append((key, at.timestamp(), conversation[key]))
    return found


def _turns(evidence: Any) -> list[str]:
    """Return the turn ids in what stands as evidence, such as ["D1:3; D2:05"]."""
    pairs = re.findall(r"D(\d+):(\d+)", json.dumps(evidence))
    return [f"D{int(session)}:{int(turn)}" for session, turn in pairs]
