"""Where settings come from, and how a wrong one is reported."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from mimo.config import paths
from mimo.config.errors import SettingsError
from mimo.config.setting_rules import Rule

#: Largest settings file that is read, in bytes.
FILE_BYTES_MAX = 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The values one place gave.

    Args:
        values: Setting's key -> raw value.
        place: Tells where a key stands, for messages: `/x/mimo.toml:3`, `MIMO_DATA_DIR`.
        label: Which kind of place it is, for `mimo config`.
        base: Directory that relative paths start from.
        is_text: Whether all values are text.
    """

    values: Mapping[str, Any]
    place: Callable[[str], str]
    label: str
    base: Path
    is_text: bool

    def origin(self, key: str) -> str:
        """Return where the key's value came from, for people."""
        return self.label or self.place(key)

    def read(self, rules: Mapping[str, Rule]) -> dict[str, Any]:
        """Return the values in their final types.

        Raises:
            SettingsError: A key is unknown or its value is wrong.
        """
        found: dict[str, Any] = {}
        for key, value in self.values.items():
            if key not in rules:
                raise SettingsError(unknown(self.place(key), "a setting", key, rules))
            try:
                found[key] = rules[key].read(value, self.base, is_text=self.is_text)
            except ValueError as error:
                raise SettingsError(
                    f"{self.place(key)}: expected {key} to be {error}, got {_shown(value)};"
                    " correct it or leave it out for the default"
                ) from None
        return found


def unknown(place: str, expected: str, got: str, known: Iterable[str]) -> str:
    """Return the sentence about a name that doesn't exist, with the nearest that does."""
    near = difflib.get_close_matches(got, list(known), n=1)
    advice = f"did you mean {near[0]}?" if near else "'mimo config' lists them all"
    return f"{place}: expected {expected}, got the unknown {_shown(got)}; {advice}"


def _shown(value: object) -> str:
    """Return a value for a message, shortened."""
    text = f'"{value}"' if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def flatten(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested tables as one, with dotted keys."""
    flat: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


_HEADER = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\"' -]+?)\s*=")


def key_lines(text: str) -> dict[str, int]:
    """Return the line, from 1, on which each dotted key of a TOML text stands.

    A key inside an inline table is found by the table's line (see `line_of`).
    """
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _plain(header[1]) + "."
            lines.setdefault(table.rstrip("."), number)
        elif key := _KEY.match(line):
            lines.setdefault(table + _plain(key[1]), number)
    return lines


def _plain(key: str) -> str:
    return re.sub(r"[\"' ]", "", key)


def line_of(key: str, lines: Mapping[str, int]) -> int:
    """Return the line of `key`, else that of the table around it, else 1."""
    while key not in lines and "." in key:
        key = key.rpartition(".")[0]
    return lines.get(key, 1)


def shipped() -> Source:
    """Return the defaults that Mimo is shipped with."""
    text = resources.files("mimo.config").joinpath("default.toml").read_text(encoding="utf-8")
    return _toml(text, "default.toml", Path("/"), label="default")


def _toml(text: str, name: str, base: Path, label: str = "") -> Source:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = found[1] if found else str(text.count("\n") + 1)
        raise SettingsError(
            f"{name}:{line}: expected TOML, got {error}; correct this line"
        ) from None
    lines = key_lines(text)
    return Source(
        values=flatten(table),
        place=lambda key: f"{name}:{line_of(key, lines)}",
        label=label,
        base=base,
        is_text=False,
    )


def file(named: Path | None, environ: Mapping[str, str]) -> list[Source]:
    """Return the settings file's values; none where no file is named and the default is missing.

    Raises:
        SettingsError: The named file is missing, or the file can't be read.
    """
    given = environ.get("MIMO_CONFIG", "")
    is_named = named is not None or bool(given)
    chosen = named or (
        paths.absolute(given, Path.cwd()) if given else paths.default_config_file(environ)
    )
    try:
        with chosen.open("rb") as stream:
            raw = stream.read(FILE_BYTES_MAX + 1)
        text = raw.decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        if not is_named:
            return []
        raise SettingsError(
            f"expected the settings file {chosen}, got nothing there;"
            " correct --config or MIMO_CONFIG"
        ) from None
    except OSError as error:
        raise SettingsError(
            f"expected to read {chosen}, got {error.strerror}; mend its mode or kind"
        ) from None
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise SettingsError(
            f"{chosen}:{line}: expected UTF-8, got the byte 0x{raw[error.start]:02x};"
            " save it as UTF-8"
        ) from None
    if len(raw) > FILE_BYTES_MAX:
        raise SettingsError(
            f"{chosen}: expected at most {FILE_BYTES_MAX} bytes, got more; name another file"
        )
    return [_toml(text, str(chosen), chosen.absolute().parent)]


def environment(
    environ: Mapping[str, str], keys: Mapping[str, str], others: Iterable[str]
) -> Source:
    """Return the values of the `MIMO_*` variables; an empty one counts as not set.

    Args:
        environ: The whole environment.
        keys: Variable -> setting's key.
        others: Variables that are no settings and are left alone.

    Raises:
        SettingsError: A variable is unknown.
    """
    known = {*keys, *others}
    for name in environ:
        if name.startswith("MIMO_") and name not in known:
            raise SettingsError(unknown("environment", "a variable of Mimo", name, known))
    names = {key: name for name, key in keys.items()}
    return Source(
        values={keys[name]: text for name, text in environ.items() if name in keys and text},
        place=lambda key: names[key],
        label="",
        base=Path.cwd(),
        is_text=True,
    )


def flags(overrides: Mapping[str, str]) -> Source:
    """Return the values that were given on the command line."""
    return Source(
        values=overrides, place=lambda key: f"flag {key}", label="", base=Path.cwd(), is_text=True
    )
