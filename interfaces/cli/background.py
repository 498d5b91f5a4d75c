"""A node in the background: started as a relay starts one, and watched until it serves."""

from __future__ import annotations

import select

from mimo.config.clock import SYSTEM_CLOCK
from mimo.config.errors import DeadlineExceeded, StartError
from mimo.interfaces import relay_node
from mimo.interfaces.cli.place import Place
from mimo.supervision.card import NodeCard

#: How often it is looked whether the node serves, in seconds.
LOOK_S = 0.05


def start_node(place: Place, within_s: float) -> NodeCard:
    """Start a node that outlives this command and return its card once it serves.

    Raises:
        StartError: It left, with its own last sentence, or can't be started.
        DeadlineExceeded: It doesn't serve in time.
    """
    paths = place.paths
    choice = relay_node.Place(paths, _arguments(place), tools_are_usual=True)
    try:
        pid = relay_node.start_node(choice)
    except OSError as error:
        raise StartError(
            f"expected to start a node in {paths.data_dir}, got: {error.strerror};"
            " mend its rights or choose another --data-dir"
        ) from None
    end_s = SYSTEM_CLOCK.monotonic_s() + within_s
    while SYSTEM_CLOCK.monotonic_s() < end_s:
        card = place.find_node()
        if card is not None and _serves(place):
            return card
        code = relay_node.ended(pid)
        # Another command may have been quicker: then this one's node leaves, and that one's serves.
        if code is not None and not relay_node.is_held(paths):
            said = relay_node.last_words(paths).removeprefix("mimo: ")
            raise StartError(said or f"the node left with exit code {code}; see 'mimo logs'")
        select.select([], [], [], LOOK_S)
    raise DeadlineExceeded(
        f"expected the node to serve within {within_s:g} s, it doesn't yet;"
        " see 'mimo logs' and 'mimo tree'"
    )


def _arguments(place: Place) -> list[str]:
    arguments = ["node", "--data-dir", str(place.paths.data_dir)]
    if place.config_file is not None:
        arguments += ["--config", str(place.config_file.absolute())]
    for key, value in place.overrides.items():
        if key != "data_dir":
            arguments += ["--set", f"{key}={value}"]
    return arguments


def _serves(place: Place) -> bool:
    """Tell whether the bridge accepts connections."""
    link = relay_node.connect(place.paths)
    if link is not None:
        link.close()
    return link is not None
