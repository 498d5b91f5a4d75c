"""Vectors from a service: Ollama's form, or that of OpenAI, which many others speak.

A request has a deadline that nothing prolongs, neither a service that sends a byte a second nor one
that never answers; a service that fails is left alone for a while. Nothing that is wrong, short or
not a number becomes a vector. The key is read from the environment at each use and stands nowhere
else.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from mimo.actors.http_exchange import (
    OK,
    TOO_MANY,
    UNAUTHORISED,
    Exchange,
    open_session,
    seconds_of,
)
from mimo.config.clock import SYSTEM_CLOCK, Clock
from mimo.config.errors import NotAvailable
from mimo.config.settings import Embedding
from mimo.supervision.breaker import Breaker, BreakerRules, Permit, Refusal

if TYPE_CHECKING:
    import requests

Vectors = NDArray[np.float32]

#: Where a service stands unless a setting says otherwise, and what is asked for there.
BASES: Final = {"ollama": "http://127.0.0.1:11434", "openai": "https://api.openai.com/v1"}
PATHS: Final = {"ollama": "/api/embed", "openai": "/embeddings"}
#: Most vectors of questions remembered; 1.5 kB each.
QUERIES_KEPT_MAX: Final = 256
#: How much of a text is sent, in characters: what models take at least, if only just.
TEXT_CHARS_MAX: Final = 6_000
#: Longest answer: so many bytes a number of each vector, and so many besides.
_NUMBER_BYTES_MAX, _REST_BYTES_MAX = 64, 65_536
#: Most requests given up whose service still holds the line; then nothing is asked.
HANGING_MAX: Final = 4
#: Questions: two failures in a row, and for a while words alone decide.
_RULES: Final = BreakerRules(window=4, outcomes_min=2, slow_s=60.0, open_s=5.0, open_s_max=60.0)


class HttpEmbedder:
    """Asks one model of one service.

    Args:
        settings: `embedding.*`.
        clock: Measures how long a failing service is left alone.
        environ: Where the key stands.

    Raises:
        NotAvailable: The settings name no model or no length of vectors.
    """

    def __init__(
        self,
        settings: Embedding,
        clock: Clock = SYSTEM_CLOCK,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        if not settings.model or not settings.dimensions:
            raise NotAvailable(
                f"expected embedding.model and embedding.dimensions for {settings.provider},"
                f" got {settings.model!r} and {settings.dimensions}; set both"
            )
        self.model_id = _identify(settings)
        self.dim = settings.dimensions
        self._settings = settings
        self._url = _address(settings)
        self._clock = clock
        self._environ = environ
        self._session: requests.Session | None = None
        self._breaker = Breaker("embedding", _RULES)
        self._leave_alone_until_s = 0.0
        self._hanging: list[threading.Thread] = []
        self._queries: OrderedDict[str, Vectors] = OrderedDict()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return a (texts, dim) array of unit vectors, in the order of `texts`.

        Raises:
            NotAvailable: The service fails; with `retry_after_s` where it named a time.
        """
        prefix, most = self._settings.document_prefix, self._settings.batch
        parts = [
            self._ask([prefix + text for text in texts[at : at + most]], self._settings.timeout_s)
            for at in range(0, len(texts), most)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, self.dim), dtype=np.float32)

    def embed_query(self, text: str) -> Vectors:
        """Return the unit vector of one question; a repeated question costs nothing.

        Raises:
            NotAvailable: The service fails, or has failed a moment ago.
        """
        known = self._queries.pop(text, None)
        if known is None:
            known = self._ask_questions([text])[0]
        self._keep(text, known)
        return known

    def prepare_queries(self, texts: Sequence[str]) -> None:
        """Embed questions that came together, in one request.

        Raises:
            NotAvailable: The service fails, or has failed a moment ago.
        """
        new = [text for text in dict.fromkeys(texts) if text not in self._queries]
        if len(new) > 1:
            for text, vector in zip(new, self._ask_questions(new), strict=True):
                self._keep(text, vector)

    def release(self) -> None:
        """Close the connections; the next request opens one again."""
        if self._session is not None:
            self._session.close()
            self._session = None

    # -- Inside -----------------------------------------------------------------------------
    def _keep(self, text: str, vector: Vectors) -> None:
        self._queries[text] = vector
        if len(self._queries) > QUERIES_KEPT_MAX:
            self._queries.popitem(last=False)

    def _ask_questions(self, texts: Sequence[str]) -> Vectors:
        """Ask in the little time that a searcher has, unless the service fails anyway."""
        now_s = self._clock.monotonic_s()
        permit = self._breaker.acquire(now_s)
        if isinstance(permit, Refusal):
            raise NotAvailable(
                f"expected {self._place} to work, it failed; it is asked again in"
                f" {permit.retry_after_s:.0f} s",
                retry_after_s=permit.retry_after_s,
            )
        prefix = self._settings.query_prefix
        try:
            found = self._ask([prefix + text for text in texts], self._settings.query_timeout_s)
        except NotAvailable:
            self._note(permit, now_s, is_good=False)
            raise
        self._note(permit, now_s, is_good=True)
        return found

    def _note(self, permit: Permit, began_s: float, *, is_good: bool) -> None:
        now_s = self._clock.monotonic_s()
        self._breaker.record(permit, "success" if is_good else "failure", now_s - began_s, now_s)

    @property
    def _place(self) -> str:
        return f"{self._settings.model} at {urlsplit(self._url).netloc.rpartition('@')[2]}"

    def _ask(self, texts: list[str], timeout_s: float) -> Vectors:
        """Return the vectors of these texts, or say within the time why there are none."""
        left_s = self._leave_alone_until_s - self._clock.monotonic_s()
        if left_s > 0:
            raise NotAvailable(
                f"expected {self._place} to take requests, it asked to wait {left_s:.0f} s",
                retry_after_s=left_s,
            )
        self._hanging = [thread for thread in self._hanging if thread.is_alive()]
        if len(self._hanging) >= HANGING_MAX:
            raise NotAvailable(f"expected an answer of {self._place}, {HANGING_MAX} requests hang")
        given = [text[:TEXT_CHARS_MAX] for text in texts]
        exchange = Exchange(
            session=self._opened(),
            url=self._url,
            body={"model": self._settings.model, "input": given, **_extra(self._settings.provider)},
            key=self._environ.get(self._settings.key_variable, ""),
            timeout_s=timeout_s,
            bytes_max=_REST_BYTES_MAX + _NUMBER_BYTES_MAX * self.dim * len(texts),
        )
        worker = threading.Thread(target=exchange.run, daemon=True, name="embedding-request")
        worker.start()
        worker.join(timeout_s)
        if worker.is_alive():
            self._hanging.append(worker)
            # Its connection may still be in use by that thread.
            self._session = None
            raise NotAvailable(f"expected {self._place} to answer within {timeout_s:g} s")
        return self._vectors(self._checked(exchange), len(texts))

    def _opened(self) -> requests.Session:
        if self._session is None:
            self._session = open_session(self._url)
        return self._session

    def _checked(self, exchange: Exchange) -> bytes:
        """Return the answer's body if it is a good one."""
        if exchange.trouble:
            raise NotAvailable(f"expected an answer of {self._place}, got: {exchange.trouble}")
        if exchange.status == OK:
            return exchange.answer
        if exchange.status in UNAUTHORISED:
            named = self._settings.key_variable or "embedding.key_variable"
            raise NotAvailable(f"expected {self._place} to accept the key; set {named}")
        asked_s = seconds_of(exchange.retry_after, self._clock.wall_s())
        if exchange.status == TOO_MANY or asked_s:
            wait_s = asked_s or 1.0
            self._leave_alone_until_s = self._clock.monotonic_s() + wait_s
            raise NotAvailable(
                f"expected {self._place} to take requests, it asked to wait {wait_s:g} s",
                retry_after_s=wait_s,
            )
        raise NotAvailable(
            f"expected {self._place} to answer, got status {exchange.status}; look at its log"
        )

    def _vectors(self, answer: bytes, count: int) -> Vectors:
        """Return the vectors of an answer, of unit length; wrong ones are refused."""
        try:
            rows = _rows(self._settings.provider, json.loads(answer))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise NotAvailable(f"expected JSON with embeddings of {self._place}") from None
        if len(rows) != count:
            raise NotAvailable(f"expected {count} vectors of {self._place}, got {len(rows)}")
        lengths = {len(row) if isinstance(row, list) else 0 for row in rows}
        if lengths != {self.dim}:
            raise NotAvailable(
                f"expected vectors of {self.dim} numbers of {self._place}, got"
                f" {', '.join(map(str, sorted(lengths)))}; set embedding.dimensions"
            )
        if not all(type(number) in {int, float} for row in rows for number in row):
            raise NotAvailable(f"expected numbers in the vectors of {self._place}")
        with np.errstate(over="ignore", invalid="ignore"):
            made = np.array([[*map(_number, row)] for row in rows], dtype=np.float64)
            norms = np.linalg.norm(made, axis=1, keepdims=True)
            if not np.isfinite(norms).all() or not (norms > 0).all():
                raise NotAvailable(f"expected finite vectors of {self._place} that aren't zero")
            return np.asarray(made / norms, dtype=np.float32)


def _identify(settings: Embedding) -> str:
    """Return a model's id: another model, length or prefix makes other vectors."""
    name = f"{settings.provider}:{settings.model}:{settings.dimensions}"
    if not settings.document_prefix:
        return name
    return f"{name}:{hashlib.sha256(settings.document_prefix.encode()).hexdigest()[:8]}"


def _address(settings: Embedding) -> str:
    base = (settings.url or BASES[settings.provider]).rstrip("/")
    if urlsplit(base).scheme not in {"http", "https"}:
        raise NotAvailable("expected embedding.url to begin with http:// or https://; mend it")
    path = PATHS[settings.provider]
    return base if base.endswith(path) else base + path


def _extra(provider: str) -> dict[str, Any]:
    """Return what a form wants besides model and input.

    Source: docs.ollama.com/api/embed; platform.openai.com/docs/api-reference/embeddings.
    """
    return {"truncate": True} if provider == "ollama" else {"encoding_format": "float"}


def _rows(provider: str, answer: Any) -> list[Any]:
    """Return the vectors of an answer, in the order of the texts.

    Raises:
        ValueError, KeyError, TypeError: It isn't of the form.
    """
    if provider == "ollama":
        found = answer["embeddings"]
        if not isinstance(found, list):
            raise TypeError(provider)
        return found
    places = {int(one["index"]): one["embedding"] for one in answer["data"]}
    return [places[place] for place in range(len(answer["data"]))]


def _number(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("nan")
