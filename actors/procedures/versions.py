"""Versions of a procedure: three numbers, compared as numbers."""

from __future__ import annotations

import re

from mimo.config.errors import InvalidRequest

Version = tuple[int, int, int]

#: Largest number in a version.
NUMBER_MAX = 999_999
_FORM = re.compile(r"(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?", re.ASCII)


def parsed(text: str) -> Version:
    """Return major, minor and patch of `1.2` or `1.2.3`; a missing patch is 0.

    Raises:
        InvalidRequest: It is no version.

    Source: Semantic Versioning 2.0.0, 2 and 11, without pre-releases.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise InvalidRequest(
            f"expected a version such as 1.2.0, got {text[:40]!r}; numbers are compared as numbers"
        )
    major, minor, patch = (int(part or 0) for part in found.groups())
    return major, minor, patch


def spelled(version: Version) -> str:
    """Return a version as text: `1.2.0`."""
    return ".".join(map(str, version))
