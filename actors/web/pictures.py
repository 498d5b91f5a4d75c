"""A picture that a language model shall see: where it comes from, and that it is one."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from mimo.actors.web.downloading import check_status
from mimo.actors.web.exchange import Head, Request, ask
from mimo.actors.workspace import opening, places
from mimo.config import limits
from mimo.config.clock import SYSTEM_CLOCK
from mimo.config.errors import InvalidRequest
from mimo.config.settings import Settings

#: First bytes of what models can see. Source: the formats' own specifications.
_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
#: Shorter than any picture in base64, longer than most names of files, in characters.
_PATH_CHARS_MAX = 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture.

    Args:
        raw: Its bytes.
        kind: Its content type, by its first bytes.
        source: Where it is from.
    """

    raw: bytes
    kind: str
    source: str

    @property
    def data_url(self) -> str:
        """Return it as a data URL."""
        return f"data:{self.kind};base64,{base64.b64encode(self.raw).decode()}"


def picture_of(given: str, settings: Settings) -> Picture:
    """Return the picture that was given: by URL, as data, or as a file of the workspace.

    Raises:
        MimoError: It can't be had, is none, or is too large.
    """
    if given.startswith(("http://", "https://")):
        raw, source = _downloaded(given, settings), given
    elif (data := _base64(given)) is not None:
        raw, source = data, "a picture that was given"
    else:
        place = places.workspace(settings).resolve(given)
        raw, source = opening.read(place, limits.WEB_PICTURE_BYTES_MAX).data, given
    if len(raw) > limits.WEB_PICTURE_BYTES_MAX:
        raise InvalidRequest(
            f"expected a picture of at most {limits.WEB_PICTURE_BYTES_MAX} bytes, got {len(raw)};"
            " scale it down"
        )
    return Picture(raw=raw, kind=kind_of(raw), source=source[:200])


def kind_of(raw: bytes) -> str:
    """Return the content type of a picture.

    Raises:
        InvalidRequest: It is none that models see.
    """
    for beginning, kind in _BEGINNINGS:
        if raw.startswith(beginning):
            return kind
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        return "image/webp"
    raise InvalidRequest("expected a PNG, JPEG, GIF or WebP picture, got something else")


def _downloaded(url: str, settings: Settings) -> bytes:
    def judge(head: Head) -> None:
        check_status(head)
        if not head.kind.startswith("image/") and head.kind != "application/octet-stream":
            raise InvalidRequest(f"expected a picture at {url[:200]}, got {head.kind[:80]}")

    request = Request(url=url, headers={"Accept": "image/*"})
    return ask(request, settings.web.allow, SYSTEM_CLOCK, judge=judge).body


def _base64(given: str) -> bytes | None:
    """Return what base64 stands for, with or without a data URL around it; None if it is none."""
    is_url = given.startswith("data:")
    if not is_url and len(given) <= _PATH_CHARS_MAX and given.startswith(("/", "~", ".")):
        return None
    text = given.partition(",")[2] if is_url else given
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        if is_url:
            raise InvalidRequest("expected base64 in the data URL, got something else") from None
        return None
