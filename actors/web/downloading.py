"""A document of the web: text, HTML, JSON or PDF that is really there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mimo.actors.ingest.formats import SUFFIX_BY_TYPE
from mimo.actors.web.exchange import Answer, Head, Request, ask
from mimo.config.clock import Clock
from mimo.config.errors import InvalidRequest, NotFound, Unavailable

_GONE = frozenset({404, 410})


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """What a server sent.

    Args:
        url: Of the last redirect.
        raw: The body, in UTF-8 if it is text.
        suffix: The form that its content type stands for, such as ".html".
    """

    url: str
    raw: bytes
    suffix: str


def download(url: str, allow: Sequence[str], clock: Clock) -> Downloaded:
    """Return a document; it waits, so it runs where waiting harms nobody.

    Args:
        url: What to read.
        allow: The setting `web.allow`.
        clock: Measures `limits.WEB_TIMEOUT_S`.

    Raises:
        MimoError: It isn't allowed, isn't there, is too large, is no text, or takes too long.
    """
    answer = ask(Request(url=url), allow, clock, judge=_judge)
    return Downloaded(url=answer.head.url, raw=as_utf8(answer), suffix=suffix_of(answer.head))


def suffix_of(head: Head) -> str:
    """Return the form that a content type stands for, such as ".html"; "" for no text at all."""
    return SUFFIX_BY_TYPE.get(head.kind, ".txt" if head.kind.startswith("text/") else "")


def _judge(head: Head) -> None:
    check_status(head)
    if not suffix_of(head) or head.coding != "identity":
        got = head.kind if not suffix_of(head) else f"it packed as {head.coding[:40]}"
        raise InvalidRequest(
            f"expected text, HTML, JSON or PDF at {head.url[:200]}, got {got[:80]}"
        )


def check_status(head: Head) -> None:
    """Refuse what is no success.

    Raises:
        NotFound: It isn't there.
        Unavailable: It may be there later.
        InvalidRequest: Any other status but 200.
    """
    where = f"expected a page at {head.url[:200]}, got status {head.status}"
    if head.status in _GONE:
        raise NotFound(f"{where}; correct the URL")
    if head.status == 429 or head.status >= 500:
        raise Unavailable(where, retry_after_s=30.0)
    if head.status != 200:
        raise InvalidRequest(where)


def as_utf8(answer: Answer) -> bytes:
    """Return the body in UTF-8 if the server named another encoding that this Python knows."""
    if answer.head.charset in {"", "utf-8", "utf8"}:
        return answer.body
    try:
        return answer.body.decode(answer.head.charset).encode()
    except (LookupError, ValueError):
        return answer.body
