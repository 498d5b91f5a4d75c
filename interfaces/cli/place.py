"""Where a command acts: settings, data directory, the node that serves it."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mimo.config.errors import InvalidRequest, MimoError, NotFound, Unavailable
from mimo.config.paths import RunPaths
from mimo.config.settings import Settings, load_settings
from mimo.supervision import messages as m
from mimo.supervision.card import NodeCard
from mimo.supervision.client import Client
from mimo.supervision.node import find_node

#: How long a command waits for an actor, in seconds.
ANSWER_WITHIN_S = 5.0
#: How long it waits for the statistics of one actor among many.
STATISTICS_WITHIN_S = 0.5


class Place:
    """The node and the data directory that a command is about.

    Args:
        overrides: Settings given as flags.
        config_file: Settings file given as a flag.
        environ: The environment.
    """

    def __init__(
        self,
        overrides: Mapping[str, str],
        config_file: Path | None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.overrides = dict(overrides)
        self.config_file = config_file
        self._environ = environ

    @functools.cached_property
    def settings(self) -> Settings:
        """Return the settings in force.

        Raises:
            SettingsError: One is wrong.
        """
        return load_settings(self.overrides, self._environ, self.config_file)

    @property
    def paths(self) -> RunPaths:
        """Return the files of the data directory."""
        return self.settings.paths

    def find_node(self) -> NodeCard | None:
        """Return the card of the running node; None when none is up."""
        return find_node(self.paths.run)

    def node(self) -> NodeCard:
        """Return the card of the running node.

        Raises:
            Unavailable: None is up.
        """
        card = self.find_node()
        if card is None:
            raise Unavailable(
                f"expected a running node for {self.paths.data_dir}, got none;"
                " start it with 'mimo start'"
            )
        return card

    @contextlib.contextmanager
    def actors(self) -> Iterator[Client]:
        """Give a client of the node's actors.

        Raises:
            Unavailable: No node is up.
        """
        self.node()
        with Client(self.paths.run) as client:
            yield client


def rows_of(client: Client) -> tuple[m.ChildStatus, ...]:
    """Return the live tree: the root's children with all that is below them."""
    rows: tuple[m.ChildStatus, ...] = client.call(
        "mimo", m.WhichChildren(), timeout_s=ANSWER_WITHIN_S
    )
    return rows


def flat(
    rows: tuple[m.ChildStatus, ...], supervisor: str = "mimo"
) -> Iterator[tuple[m.ChildStatus, str]]:
    """Yield every row of a tree with the name of its supervisor, top down."""
    for row in rows:
        yield row, supervisor
        yield from flat(row.children, row.name)


def row_named(client: Client, name: str) -> tuple[m.ChildStatus, str]:
    """Return the row of `name` and its supervisor's name.

    Raises:
        NotFound: There is no such id; the message has those that exist.
    """
    known = list(flat(rows_of(client)))
    for row, supervisor in known:
        if row.name == name:
            return row, supervisor
    ids = ", ".join(["mimo", *(row.name for row, _supervisor in known)])
    raise NotFound(f"expected an id of the tree ({ids}), got {name!r}; see 'mimo tree'")


def statistics_of(client: Client, name: str) -> m.Statistics | None:
    """Return an actor's statistics; None when it doesn't answer at once."""
    try:
        found: m.Statistics = client.call(name, m.GetStatistics(), timeout_s=STATISTICS_WITHIN_S)
    except MimoError:
        return None
    return found


def parsed_overrides(pairs: tuple[str, ...], data_dir: str | None) -> dict[str, str]:
    """Return the settings given by `--set KEY=VALUE` and `--data-dir`.

    Raises:
        InvalidRequest: A pair has no `=`.
    """
    overrides: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise InvalidRequest(f"expected --set KEY=VALUE, got {pair!r}; see 'mimo config'")
        overrides[key.strip()] = value.strip()
    if data_dir is not None:
        overrides["data_dir"] = data_dir
    return overrides


def whole(value: Any) -> Any:
    """Return a message as plain values for JSON."""
    if hasattr(value, "__dataclass_fields__"):
        return {name: whole(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, tuple | list):
        return [whole(entry) for entry in value]
    if isinstance(value, dict):
        return {str(key): whole(entry) for key, entry in value.items()}
    return value if value is None or isinstance(value, str | int | float) else str(value)
