"""Answers of language models that are given again for exactly the same question."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from mimo.actors.llm.messages import Complete, Completion
from mimo.actors.llm.providers import Provider

#: What an answer takes besides its text, in bytes.
_ROW_BYTES: Final = 400


def digest_of(request: Complete, providers: Sequence[Provider]) -> str:
    """Return what tells questions apart: all that has an influence on the answer."""
    asked = [request.system, request.prompt, request.max_tokens, request.json]
    asked += [request.image] if request.image else []
    asked += [[each.name, each.model, each.url] for each in providers]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


class Cache:
    """The last answers, within bounds.

    Args:
        ttl_s: How long an answer is good; 0 keeps none.
        rows_max: Most answers.
        bytes_max: Most bytes of them.
    """

    def __init__(self, ttl_s: float, rows_max: int, bytes_max: int) -> None:
        self._ttl_s = ttl_s
        self._rows_max = rows_max
        self._bytes_max = bytes_max
        self._rows: OrderedDict[str, tuple[float, Completion]] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, digest: str, now_s: float) -> Completion | None:
        """Return the answer to a question, if it is still good."""
        found = self._rows.get(digest)
        if found is None:
            return None
        until_s, completion = found
        if now_s >= until_s:
            self._drop(digest)
            return None
        self._rows.move_to_end(digest)
        return completion

    def put(self, digest: str, completion: Completion, now_s: float) -> None:
        """Keep an answer; those that were used longest ago make room."""
        if self._ttl_s <= 0:
            return
        if digest in self._rows:
            self._drop(digest)
        self._rows[digest] = (now_s + self._ttl_s, completion)
        self._bytes += _size(completion)
        while self._rows and (len(self._rows) > self._rows_max or self._bytes > self._bytes_max):
            self._drop(next(iter(self._rows)))

    def _drop(self, digest: str) -> None:
        _, completion = self._rows.pop(digest)
        self._bytes -= _size(completion)


def _size(completion: Completion) -> int:
    return len(completion.text.encode()) + _ROW_BYTES
