"""Questions and answers as providers write them: the form of OpenAI's chat, and that of Ollama.

Source: platform.openai.com/docs/api-reference/chat; docs.ollama.com/api/chat.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from mimo.actors.llm.messages import Complete
from mimo.actors.llm.providers import Provider

#: Bytes of text that one token stands for, where nobody counted: fewer than the usual four.
_TOKEN_BYTES: Final = 3
#: What a picture takes at most. Source: platform.openai.com/docs/guides/images-vision.
_IMAGE_TOKENS: Final = 1_600
_THOUGHT: Final = re.compile(r"<(think|thinking)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_THOUGHT_END: Final = re.compile(r"\A.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_THOUGHT_OPEN: Final = re.compile(r"<think(?:ing)?>.*\Z", re.DOTALL | re.IGNORECASE)
_FENCED: Final = re.compile(r"\A```[a-z]*\s*\n(.*?)\n?```\Z", re.DOTALL | re.IGNORECASE)
_REPAIR: Final = (
    "\n\nYour last answer was not valid JSON. Answer again with one valid JSON value and nothing"
    " else: no explanation, no code fence."
)


class WrongForm(ValueError):  # noqa: N818  a fact
    """The answer isn't of the provider's form, or holds no text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a provider's answer holds.

    Args:
        text: Without what the model thought aloud.
        tokens: Of question and answer; 0 if the provider didn't count.
        is_whole: Whether the model came to its end, rather than to the limit of tokens.
    """

    text: str
    tokens: int
    is_whole: bool


def body_of(provider: Provider, request: Complete, *, is_repair: bool = False) -> dict[str, Any]:
    """Return a request's body.

    Args:
        provider: Who is asked.
        request: What is asked.
        is_repair: Whether the answer before wasn't the JSON that was asked for.
    """
    prompt = request.prompt + (_REPAIR if is_repair else "")
    messages: list[dict[str, Any]] = [_asked(provider, prompt, request.image)]
    if request.system:
        messages.insert(0, {"role": "system", "content": request.system})
    body: dict[str, Any] = {"model": provider.model, "messages": messages, "stream": False}
    if provider.form == "ollama":
        options = {"num_predict": request.max_tokens, "temperature": 0}
        return body | {"options": options} | ({"format": "json"} if request.json else {})
    body |= {"max_tokens": request.max_tokens, "temperature": 0}
    return body | ({"response_format": {"type": "json_object"}} if request.json else {})


def _asked(provider: Provider, prompt: str, image: str) -> dict[str, Any]:
    """Return the user's message, with its picture where there is one."""
    if not image:
        return {"role": "user", "content": prompt}
    if provider.form == "ollama":
        return {"role": "user", "content": prompt, "images": [image.partition(",")[2]]}
    parts = [
        {"type": "text", "text": prompt},
        {"type": "image_url", "image_url": {"url": image}},
    ]
    return {"role": "user", "content": parts}


def said_in(provider: Provider, answer: bytes) -> Said:
    """Return what an answer says.

    Raises:
        WrongForm: It is cut off, no JSON, of another form, or empty.
    """
    try:
        given = json.loads(answer)
        if provider.form == "ollama":
            text, reason = given["message"]["content"], given.get("done_reason", "stop")
            counts = (given.get("prompt_eval_count", 0), given.get("eval_count", 0))
        else:
            choice = given["choices"][0]
            text, reason = choice["message"]["content"], choice.get("finish_reason") or "stop"
            usage = given.get("usage") or {}
            counts = (usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        raise WrongForm("an answer of another form") from None
    if not isinstance(text, str):
        raise WrongForm("an answer without text")
    text = without_thoughts(text)
    if not text:
        raise WrongForm("an empty answer")
    tokens = sum(count for count in counts if type(count) is int and count > 0)
    return Said(text=text, tokens=tokens, is_whole=reason != "length")


def without_thoughts(text: str) -> str:
    """Return a text without its `<think>` blocks, also those that begin or end outside of it."""
    text = _THOUGHT.sub("", text)
    text = _THOUGHT_END.sub("", text)
    text = _THOUGHT_OPEN.sub("", text)
    return text.replace("\0", " ").encode("utf-8", "ignore").decode("utf-8").strip()


def json_in(text: str) -> str | None:
    """Return the JSON object or array that a text is, without a code fence; None if it is none."""
    text = text.strip()
    fenced = _FENCED.match(text)
    text = fenced.group(1) if fenced else text
    try:
        found = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return text if isinstance(found, dict | list) else None


def tokens_at_most(request: Complete) -> int:
    """Return how many tokens a request may take, estimated from above for most languages."""
    size = len(request.system.encode()) + len(request.prompt.encode())
    seen = _IMAGE_TOKENS if request.image else 0
    return size // _TOKEN_BYTES + request.max_tokens + seen


def _refuse(constant: str) -> None:
    raise ValueError(f"expected JSON, got {constant}")
