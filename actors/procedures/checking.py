"""What must be true of the states together: targets, reach, ends, and no cycle that never rests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mimo.actors.procedures.definition import Graph, Procedure, State

# Kind -> the events that the machine can raise in such a state.
_EVENTS = {
    "action": {"ok", "error"},
    "set": {"ok", "error"},
    "choose": {"ok"},
    "parallel": {"ok", "error"},
    "approval": {"approved", "rejected", "timeout"},
}


def kind_of(state: State) -> str:
    """Return what a state does, in the definition's word."""
    if state.action:
        return "action"
    if state.assign is not None:
        return "set"
    if state.wait:
        return "wait"
    if state.approval:
        return "approval"
    if state.branches:
        return "parallel"
    return "end" if state.end else "choose"


def check_graph(procedure: Procedure) -> Iterator[str]:
    """Yield what is wrong with the states of the procedure and of all branches."""
    yield from _check(procedure.graph, "")


def _check(graph: Graph, at: str) -> Iterator[str]:
    if graph.initial not in graph.states:
        yield (
            f"{at}initial_state: expected one of {', '.join(graph.states)},"
            f" got {graph.initial[:60] or 'nothing'}"
        )
        return
    for state in graph.states.values():
        yield from _check_state(state, graph, f"{at}states.{state.name}")
    reached = _reached(graph)
    for name in graph.states:
        if name not in reached:
            yield f"{at}states.{name}: expected a way to it from {graph.initial}, got none"
    if not any(graph.states[name].end for name in reached):
        yield f"{at}states: expected a state with 'end' that can be reached, got none"
    cycle = _restless_cycle(graph)
    if cycle:
        yield (
            f"{at}states: expected a wait, an approval or visits_max in the cycle"
            f" {' -> '.join(cycle)}, got none"
        )


def _check_state(state: State, graph: Graph, place: str) -> Iterator[str]:
    kind = kind_of(state)
    known = set(_EVENTS.get(kind, ()))
    if state.wait:
        known = {state.wait.event} if state.wait.event else set()
        if state.wait.seconds is not None or state.wait.until is not None:
            known.add("timeout" if state.wait.event else "elapsed")
        known.add("error")
    if state.visits_max:
        known.add("error")
    if state.end and state.transitions:
        yield f"{place}: expected no transitions from an end"
    good = sorted(known - {"error"})
    if not state.end and not {each.on for each in state.transitions} & set(good):
        yield f"{place}: expected a transition on {' or '.join(good)}, got none"
    for index, each in enumerate(state.transitions):
        if each.to not in graph.states:
            yield (
                f"{place}.transitions.{index}.to: expected one of {', '.join(graph.states)},"
                f" got {each.to[:60] or 'nothing'}"
            )
        if each.on not in known and not state.end:
            yield (
                f"{place}.transitions.{index}.on: expected one of {', '.join(sorted(known))},"
                f" got {each.on[:60]}"
            )
    yield from _check_branches(state, place)


def _check_branches(state: State, place: str) -> Iterator[str]:
    writers: dict[str, str] = {}
    for name, branch in state.branches.items():
        yield from _check(branch, f"{place}.parallel.{name}.")
        for written in sorted(_written(branch)):
            if written in writers:
                yield (
                    f"{place}.parallel: expected branches that save under different names,"
                    f" got {written!r} in {writers[written]} and {name}"
                )
            writers[written] = name


def _written(graph: Graph) -> set[str]:
    """Return the names in the context that a graph writes."""
    found: set[str] = set()
    for state in graph.states.values():
        if state.action and state.action.save_as:
            found.add(state.action.save_as)
        if state.wait and state.wait.save_as:
            found.add(state.wait.save_as)
        found |= set(state.assign or ())
        for branch in state.branches.values():
            found |= _written(branch)
    return found


def _targets(graph: Graph) -> Mapping[str, list[str]]:
    return {
        name: [each.to for each in state.transitions if each.to in graph.states]
        for name, state in graph.states.items()
    }


def _reached(graph: Graph) -> set[str]:
    targets = _targets(graph)
    found, todo = {graph.initial}, [graph.initial]
    while todo:
        for name in targets[todo.pop()]:
            if name not in found:
                found.add(name)
                todo.append(name)
    return found


def _restless_cycle(graph: Graph) -> list[str]:
    """Return a cycle of states that neither wait nor count their visits; empty if there is none."""
    resting = {
        name
        for name, state in graph.states.items()
        if state.wait or state.approval or state.visits_max
    }
    targets = {
        name: [each for each in found if each not in resting]
        for name, found in _targets(graph).items()
        if name not in resting
    }
    while True:
        ends = [name for name, found in targets.items() if not found]
        if not ends:
            break
        for name in ends:
            del targets[name]
        targets = {
            name: [each for each in found if each in targets] for name, found in targets.items()
        }
    trail = list(targets)[:1]
    while trail and trail.count(trail[-1]) < 2:
        trail.append(targets[trail[-1]][0])
    return trail[trail.index(trail[-1]) :] if trail else []
