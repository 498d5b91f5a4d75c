"""The cache of what registries said: bounded, and harmless when damaged."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.library.cache import Cache
from mimo.actors.library.packages import ECOSYSTEMS, clean_name, clean_version
from mimo.config import limits
from mimo.config.errors import InvalidRequest


def test_what_is_kept_is_found_again(tmp_path: Path) -> None:
    """With its time, and whatever the key (ours)."""
    cache = Cache(tmp_path / "cache")
    cache.keep("../../x/\0y", {"a": [1]}, 5.0)

    found = cache.get("../../x/\0y")

    assert found is not None
    assert (found.value, found.at_s) == ({"a": [1]}, 5.0)
    assert cache.get("another") is None
    assert [path.parent for path in tmp_path.rglob("*.json")] == [tmp_path / "cache"]


def test_a_damaged_entry_is_none(tmp_path: Path) -> None:
    """It is asked for again (ours)."""
    cache = Cache(tmp_path)
    cache.keep("key", 1, 5.0)
    (path,) = tmp_path.glob("*.json")

    for text in ("", "{", "[]", '{"key": "other", "value": 1, "at_s": 1}'):
        path.write_text(text)
        assert cache.get("key") is None


def test_the_oldest_entries_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays below its limit (ours)."""
    monkeypatch.setattr(limits, "LIBRARY_ENTRIES_MAX", 20)
    cache = Cache(tmp_path)

    for number in range(100):
        cache.keep(f"key{number}", number, 5.0)

    assert cache.counts()["entries"] <= 20
    assert cache.get("key99") is not None


@given(st.sampled_from(ECOSYSTEMS), st.text(max_size=120))
def test_a_name_is_one_name_or_refused(ecosystem: str, name: str) -> None:
    """Nothing in it leads elsewhere in an address (mcp.md 7)."""
    try:
        clean = clean_name(ecosystem, name)
    except InvalidRequest:
        return

    assert clean
    assert ".." not in clean
    assert not set(clean) & set(" ?#%\\:\0\n")
    assert clean.count("/") == (1 if clean.startswith("@") else 0)


@given(st.text(max_size=80))
def test_a_version_is_one_or_refused(version: str) -> None:
    """Likewise (mcp.md 7)."""
    try:
        clean = clean_version(version)
    except InvalidRequest:
        return

    assert not set(clean) & set(" /?#%\\:\0\n")
