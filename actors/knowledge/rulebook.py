"""The rules that hold in a project: its own, and those of Mimo that it didn't switch off."""

from __future__ import annotations

import json
from collections.abc import Sequence

from mimo.actors.knowledge.built_in import BUILT_IN
from mimo.actors.knowledge.rules import Atom, Rule

#: Name, head and body as JSON, confidence and whether it is on, as storage returns them.
StoredRule = tuple[str, str, str, float, bool]


def own_rules(stored: Sequence[StoredRule]) -> list[tuple[Rule, bool]]:
    """Return the stored rules, each with whether it is on."""
    return [
        (
            Rule(
                name,
                Atom(*json.loads(head)),
                tuple(Atom(*each) for each in json.loads(body)),
                confidence,
            ),
            enabled,
        )
        for name, head, body, confidence, enabled in stored
    ]


def rules_in_force(stored: Sequence[StoredRule]) -> tuple[Rule, ...]:
    """Return the rules that hold, by name."""
    found = dict(BUILT_IN)
    for rule, enabled in own_rules(stored):
        if enabled:
            found[rule.name] = rule
        else:
            found.pop(rule.name, None)
    return tuple(found[name] for name in sorted(found))
