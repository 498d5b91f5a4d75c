"""Reads conversations with questions in LoCoMo's JSON form; brings none of its data along."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mimo.actors.memory.building import new_memory_of
from mimo.interfaces.cli import bench_dataset
from mimo.storage.records import NewMemory


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
    return [_collection(one) for one in bench_dataset.read(path)]


def facts(path: Path) -> list[Collection]:
    """Return the extracted observations as plain facts: no speaker, no session.

    A fact answers a question if both name a common turn.
    """
    return [_facts(given) for given in json.loads(path.read_bytes())]


def _collection(given: bench_dataset.Dataset) -> Collection:
    return Collection(
        name=given.name,
        memories=tuple(new_memory_of(one, client="") for one in given.memories),
        questions=tuple(
            Question(text=one.query, category=one.category, evidence=one.relevant)
            for one in given.questions
        ),
    )


def _facts(given: dict[str, Any]) -> Collection:
    memories: list[NewMemory] = []
    sources: list[set[str]] = []
    for key, at, _ in bench_dataset.sessions(given["conversation"]):
        for entries in given["observation"].get(f"{key}_observation", {}).values():
            for text, *turns in entries:
                memories.append(
                    NewMemory(
                        content=text, project=given["sample_id"], occurred_at_s=at.timestamp()
                    )
                )
                sources.append(set(bench_dataset.turn_ids(turns)))
    asked = []
    for qa in given["qa"]:
        wanted = set(bench_dataset.turn_ids(qa["evidence"]))
        evidence = frozenset(n for n, source in enumerate(sources) if source & wanted)
        if evidence:
            category = bench_dataset.CATEGORIES[qa["category"]]
            asked.append(Question(text=qa["question"], category=category, evidence=evidence))
    return Collection(name=given["sample_id"], memories=tuple(memories), questions=tuple(asked))
