"""What the launcher imports before the forks."""

from __future__ import annotations

from mimo.actors.tree import ROOT
from mimo.interfaces.node import preload
from mimo.supervision.specs import ChildSpec


def _starts(spec: ChildSpec) -> set[str]:
    return {spec.start}.union(*map(_starts, spec.children))


def test_the_module_of_every_actor_is_imported_before_the_forks_once() -> None:
    modules = preload(ROOT)
    assert {start.rpartition(".")[0] for start in _starts(ROOT)} <= set(modules)
    assert len(set(modules)) == len(modules)
