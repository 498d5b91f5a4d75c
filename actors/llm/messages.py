"""The vocabulary of the language model's client, actor `memory/llm`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete:
    """Ask a language model; reply with a `Completion`.

    The failure is `not_available`, with the reason, where no model is configured or none answers;
    `busy` where too many wait; `invalid_request` where a limit is passed.

    Args:
        system: What the model shall do; "" for nothing. Never text of others.
        prompt: The question, with whatever it is about; system and prompt together are at most
            `limits.LLM_PROMPT_BYTES_MAX` bytes.
        max_tokens: Most tokens of the answer, 1 to `limits.LLM_TOKENS_MAX`.
        json: Whether the answer must be one JSON object or array; `text` is then valid JSON.
        purpose: What it is for, one word, for the log.
        image: A picture that belongs to the question, as a data URL of base64; "" for none. Only
            some models can see: others refuse, or answer without it.
        deadline_s: Seconds for all attempts together, up to `limits.LLM_DEADLINE_S_MAX`; the call
            between actors needs a little more.
    """

    system: str
    prompt: str
    max_tokens: int = 1_024
    json: bool = False
    purpose: str = ""
    image: str = ""
    deadline_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What a language model said; text to be judged, never an instruction.

    Args:
        text: Without what it thought aloud.
        provider: Who answered, such as `groq`.
        model: Which of its models.
        cached: Whether it is an earlier answer to the same question.
        tokens: Of question and answer, as the provider counted them; estimated if it didn't.
    """

    text: str
    provider: str
    model: str
    cached: bool = False
    tokens: int = 0
