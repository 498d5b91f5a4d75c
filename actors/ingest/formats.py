"""Which form a document has, and its chunks by the strategy that fits it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from mimo.actors.ingest import chats, code, html, markdown, pdf, prose, records
from mimo.actors.ingest.chunks import Chunk
from mimo.actors.ingest.decoding import decoded
from mimo.config.errors import InvalidRequest

#: Changes when the same document would be cut otherwise, so that it is read anew.
CUTTING_VERSION = 1

_HEADING = re.compile(r"^#{1,3} \S", re.MULTILINE)
_MARKDOWN = frozenset({".md", ".markdown", ".mdx", ".mkd"})
_PROSE = frozenset({".txt", ".text", ".rst", ".adoc", ".org", ".tex", ".srt", ".vtt", ""})
_LINES = frozenset({".log", ".toml", ".ini", ".cfg", ".conf", ".properties", ".diff", ".patch"})
_JSON = frozenset({".json", ".jsonl", ".ndjson", ".geojson"})
_YAML = frozenset({".yaml", ".yml"})
_CSV = frozenset({".csv", ".tsv"})
_HTML = frozenset({".html", ".htm", ".xhtml"})

#: Suffixes of files that are read from a directory; any other needs to be named itself.
READ_SUFFIXES = (
    _MARKDOWN | _PROSE | _LINES | _JSON | _YAML | _CSV | _HTML | set(code.LANGUAGES) | {".pdf"}
) | {".ipynb"}

#: Suffix that stands for what a web server says it sends.
SUFFIX_BY_TYPE = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/json": ".json",
    "application/ld+json": ".json",
    "application/x-ndjson": ".jsonl",
    "application/yaml": ".yaml",
    "text/yaml": ".yaml",
    "application/pdf": ".pdf",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A document that is being read.

    Args:
        title: From its content or its name.
        strategy: How it is cut.
        encoding: Of its text; "" for a PDF.
        chunks: Made as they are taken, so that a long document can be read in turns; taking one
            may raise `InvalidRequest`.
    """

    title: str
    strategy: str
    encoding: str
    chunks: Iterator[Chunk]


def read(raw: bytes, name: str, strategy: str = "auto", suffix: str = "") -> Reading:
    """Return how a document is cut, and its chunks.

    Args:
        raw: Its bytes.
        name: Of the file, or a title.
        strategy: One of `messages.STRATEGIES`.
        suffix: Its form, such as ".md"; "" to go by the name.

    Raises:
        InvalidRequest: It is binary, or isn't of the form that its name or strategy says.
    """
    suffix = suffix or PurePosixPath(name).suffix.lower()
    if suffix == ".pdf" or raw.startswith(b"%PDF-"):
        return _pdf(raw, name, strategy)
    text, encoding = decoded(raw)
    title = name
    if suffix in _HTML:
        page = html.readable(text)
        title, text, suffix = page.title or name, page.markdown, ".md"
    elif suffix == ".ipynb":
        text, suffix = records.notebook(records.parsed_json(text)), ".md"
    chosen, value = _chosen(strategy, suffix, text)
    return Reading(
        title=title,
        strategy=chosen,
        encoding=encoding,
        chunks=_cut(chosen, text, title, suffix, value),
    )


def _pdf(raw: bytes, name: str, strategy: str) -> Reading:
    if strategy not in {"auto", "paragraphs"}:
        raise InvalidRequest(
            f"expected strategy 'auto' or 'paragraphs' for a PDF, got {strategy!r}; use 'auto'"
        )
    return Reading(title=name, strategy="paragraphs", encoding="", chunks=pdf.pages(raw))


def _chosen(strategy: str, suffix: str, text: str) -> tuple[str, Any]:
    """Return the strategy, and what was parsed to find it; None if nothing was."""
    is_auto = strategy == "auto"
    if strategy == "json" or (is_auto and suffix in _JSON | _YAML | _CSV):
        value = _value(text, suffix)
        found = chats.conversations(value) if is_auto and suffix in _JSON else []
        return ("chat", found) if found else ("json", value)
    if strategy == "chat" or (is_auto and suffix in _PROSE and chats.is_transcript(text)):
        return "chat", _chat(text, suffix)
    return (_by_name(suffix, text) if is_auto else strategy), None


def _by_name(suffix: str, text: str) -> str:
    if suffix in code.LANGUAGES:
        return "code"
    if suffix in _LINES:
        return "lines"
    is_marked = suffix in _MARKDOWN or _HEADING.search(text)
    return "markdown" if is_marked else "paragraphs"


def _value(text: str, suffix: str) -> Any:
    if suffix in _CSV:
        return records.parsed_csv(text, is_tabbed=suffix == ".tsv")
    return records.parsed_yaml(text) if suffix in _YAML else records.parsed_json(text)


def _chat(text: str, suffix: str) -> list[chats.Conversation]:
    if suffix in _JSON or text.lstrip()[:1] in {"[", "{"}:
        found = chats.conversations(records.parsed_json(text))
    else:
        turns = tuple(chats.transcript(text))
        found = [chats.Conversation(id="", title="", turns=turns)] if turns else []
    if not found:
        raise InvalidRequest(
            "expected a chat (an export of ChatGPT or Claude, a list of {role, content}, or lines"
            " 'Name: text'), got something else; use strategy 'auto'"
        )
    return found


def _cut(strategy: str, text: str, title: str, suffix: str, value: Any) -> Iterator[Chunk]:
    cutters: dict[str, Callable[[], Iterator[Chunk]]] = {
        "markdown": lambda: markdown.markdown(text, title),
        "paragraphs": lambda: prose.paragraphs(text),
        "sentences": lambda: prose.by_sentences(text),
        "lines": lambda: prose.lines(text),
        "code": lambda: code.code(text, PurePosixPath(title).name, code.LANGUAGES.get(suffix, "")),
        "whole": lambda: prose.whole(text),
        "json": lambda: records.records(value),
        "chat": lambda: chats.chunks(value),
    }
    return cutters[strategy]()
