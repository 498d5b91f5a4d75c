"""Which language models the user has named, and where each is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from mimo.actors.http_exchange import LOOPBACK
from mimo.config.errors import NotAvailable
from mimo.config.settings import Llm

Form = Literal["openai", "ollama"]

#: Where each provider stands, and the variable that holds its key.
#: Source: inference-docs.cerebras.ai, console.groq.com/docs, openrouter.ai/docs, docs.ollama.com.
_KNOWN: Final[dict[str, tuple[str, str]]] = {
    "cerebras": ("https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
    "groq": ("https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    "openrouter": ("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    "ollama": ("http://127.0.0.1:11434", ""),
    "openai": ("https://api.openai.com/v1", ""),
}
_PATHS: Final[dict[Form, str]] = {"openai": "/chat/completions", "ollama": "/api/chat"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One model of one provider.

    Args:
        name: Of the provider, such as `groq`.
        model: As the provider calls it.
        url: The whole address of its requests; without a password or a query.
        form: How requests and answers are written.
        key_variable: The environment variable that holds the key; "" for none.
    """

    name: str
    model: str
    url: str
    form: Form
    key_variable: str = ""

    @property
    def place(self) -> str:
        """Return what errors and the log call it."""
        return f"{self.name}:{self.model}"

    @property
    def is_safe_for_keys(self) -> bool:
        """Tell whether nobody on the way can read a key that is sent there."""
        parts = urlsplit(self.url)
        return parts.scheme == "https" or parts.hostname in LOOPBACK


def providers_of(settings: Llm) -> tuple[Provider, ...]:
    """Return the providers in the order in which they are asked; none by default.

    Raises:
        NotAvailable: An entry of `llm.providers` can't be read; the message says which.
    """
    return tuple(_read(entry, settings.key_variable) for entry in settings.providers)


def _read(entry: str, key_variable: str) -> Provider:
    name, _, rest = entry.partition(":")
    at = max(rest.find("@http://"), rest.find("@https://"))
    model, address = (rest[:at], rest[at + 1 :]) if at >= 0 else (rest, "")
    if name not in _KNOWN or not model:
        known = ", ".join(f"{each}:MODEL" for each in _KNOWN)
        raise NotAvailable(
            f"expected entries such as {known} in llm.providers, got one for {name[:40]!r};"
            " correct it"
        )
    base, usual_variable = _KNOWN[name]
    form: Form = "ollama" if name == "ollama" else "openai"
    return Provider(
        name=name,
        model=model,
        url=_address(address or base, _PATHS[form], name),
        form=form,
        key_variable=key_variable if name == "openai" else usual_variable,
    )


def _address(base: str, path: str, name: str) -> str:
    """Return the address of requests; what could hold a secret has no place in settings."""
    try:
        parts = urlsplit(base)
        is_plain = bool(parts.hostname) and parts.username is None and parts.password is None
        is_plain = is_plain and not parts.query and not parts.fragment and parts.port != 0
    except ValueError:
        is_plain = False
    if not is_plain:
        raise NotAvailable(
            f"expected {name}:MODEL@https://HOST/v1 in llm.providers, without a password or query;"
            " put a key into an environment variable"
        )
    base = base.rstrip("/")
    return base if base.endswith(path) else base + path


def key_of(provider: Provider, environ: Mapping[str, str]) -> str:
    """Return the provider's key; "" where it needs none.

    Raises:
        NotAvailable: The key isn't set, or the way to the provider isn't safe for one.
    """
    if not provider.key_variable:
        return ""
    key = environ.get(provider.key_variable, "").strip()
    if not key:
        raise NotAvailable(f"the key is missing; set {provider.key_variable}")
    if not provider.is_safe_for_keys:
        raise NotAvailable("a key is sent over https only; correct the address")
    return key
