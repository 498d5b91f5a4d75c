"""Pictures for a language model: where they come from, how they are sent, what comes back."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import mcp_types as types
import pytest

from mimo.actors.llm import wire
from mimo.actors.llm.cache import digest_of
from mimo.actors.llm.messages import Complete
from mimo.actors.llm.providers import Form, Provider
from mimo.actors.operations import Result
from mimo.actors.web import pictures
from mimo.config import limits
from mimo.config.errors import InvalidRequest, MimoError
from mimo.config.settings import Settings, load_settings
from mimo.interfaces.mcp.rendering import rendered

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
QUESTION = Complete(system="", prompt="What is it?", image="data:image/png;base64,AAAA")


def provider(form: Form) -> Provider:
    return Provider(name="p", model="m", url="http://127.0.0.1:1/v1", form=form)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace with a picture."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "a.png").write_bytes(PNG)
    (tmp_path / "work" / "b.png").write_bytes(b"text")
    return load_settings(
        {"workspace.roots": str(tmp_path / "work"), "data_dir": str(tmp_path / "data")}
    )


def test_a_picture_is_sent_in_the_providers_form() -> None:
    """As OpenAI and as Ollama write it. Source: platform.openai.com, docs.ollama.com."""
    openai: Any = wire.body_of(provider("openai"), QUESTION)["messages"][0]
    ollama: Any = wire.body_of(provider("ollama"), QUESTION)["messages"][0]

    assert openai["content"][0] == {"type": "text", "text": "What is it?"}
    assert openai["content"][1]["image_url"]["url"] == QUESTION.image
    assert ollama == {"role": "user", "content": "What is it?", "images": ["AAAA"]}
    assert wire.tokens_at_most(QUESTION) > 1_024 + 1_000


def test_another_picture_is_another_question() -> None:
    """Never the answer about the one before. Source: ours."""
    other = Complete(system="", prompt="What is it?", image="data:image/png;base64,BBBB")
    none = Complete(system="", prompt="What is it?")
    digests = {digest_of(each, [provider("openai")]) for each in (QUESTION, other, none)}

    assert len(digests) == 3


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
    ],
)
def test_a_picture_is_known_by_its_first_bytes(raw: bytes, kind: str) -> None:
    """Not by what a server says of it. Source: the formats' specifications."""
    assert pictures.kind_of(raw) == kind


@pytest.mark.parametrize("way", ["file", "data url", "base64"])
def test_a_picture_comes_from_the_workspace_or_as_data(settings: Settings, way: str) -> None:
    """And is the same. Source: original 1.5."""
    text = base64.b64encode(PNG).decode()
    given = {"file": "a.png", "data url": f"data:image/gif;base64,{text}", "base64": text}[way]

    assert pictures.picture_of(given, settings).data_url == f"data:image/png;base64,{text}"


@pytest.mark.parametrize(
    "given",
    ["b.png", "/etc/passwd", "../mimo.db", "data:image/png;base64,%%%", "data:,x", "", "\0"],
)
def test_what_is_no_picture_is_refused(settings: Settings, given: str) -> None:
    """Nor anything outside of the workspace. Source: mcp.md 7, files."""
    with pytest.raises(MimoError):
        pictures.picture_of(given, settings)


def test_a_picture_that_is_too_large_is_refused(settings: Settings) -> None:
    """It would not fit into one message. Source: ours."""
    large = base64.b64encode(PNG + bytes(limits.WEB_PICTURE_BYTES_MAX)).decode()

    with pytest.raises(InvalidRequest, match="scale it down"):
        pictures.picture_of(large, settings)


def test_what_is_attached_is_shown_as_what_it_is() -> None:
    """A picture to see, a document to keep. Source: MCP, "Tool Result"."""
    attached = (("image/png", "AAAA"), ("application/pdf", "BBBB"))

    text, picture, document = rendered(Result(data={"bytes": 3}, attachments=attached)).content

    assert isinstance(text, types.TextContent)
    assert isinstance(picture, types.ImageContent)
    assert (picture.data, picture.mime_type) == ("AAAA", "image/png")
    assert isinstance(document, types.EmbeddedResource)
    assert isinstance(document.resource, types.BlobResourceContents)
    assert document.resource.blob == "BBBB"
