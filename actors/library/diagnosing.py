"""One round of checkers over a project: what is run, and what came of it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mimo.actors.library import checkers
from mimo.actors.library.checkers import Checker
from mimo.actors.library.installed import names_in
from mimo.actors.library.messages import Diagnose
from mimo.actors.library.reports import SEVERITIES, Diagnostic
from mimo.actors.terminal.child import Command, Ended
from mimo.actors.workspace.places import Place, Roots
from mimo.actors.workspace.walking import Walk
from mimo.config import limits
from mimo.config.errors import ApprovalRequired, InvalidRequest, NotAvailable
from mimo.config.settings_tools import Checkers


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A checker that is going to run.

    Args:
        checker: Which.
        command: How.
    """

    checker: Checker
    command: Command


@dataclass(slots=True, kw_only=True)
class Round:
    """What a call asks for, and what is known so far.

    Args:
        request: The call.
        project: The folder in which checkers run.
        language: Of the project.
        steps: What is still to run.
        tools: What came of each checker.
        found: What they said.
    """

    request: Diagnose
    project: Path
    language: str
    steps: list[Step] = field(default_factory=list)
    tools: list[dict[str, Any]] = field(default_factory=list)
    found: list[Diagnostic] = field(default_factory=list)

    def late(self, step: Step) -> None:
        """Note that there was no time left for a checker."""
        why = f"the checkers before it took the {limits.CHECKERS_S:g} s; run it alone"
        self.tools.append({"tool": checkers.label(step.checker), "status": "failed", "why": why})

    def add(self, step: Step, ended: Ended) -> None:
        """Take what a checker said; whoever couldn't look has found nothing clean."""
        name = checkers.label(step.checker)
        stdout = ended.stdout.decode("utf-8", "replace")
        stderr = ended.stderr.decode("utf-8", "replace")
        row: dict[str, Any] = {"tool": name, "runtime_s": round(ended.runtime_s, 3)}
        if ended.exit_code not in step.checker.finds or ended.left_out:
            why = "too much output" if ended.left_out else _why(ended)
            detail = (stderr.strip() or stdout.strip() or ended.trouble)[-500:]
            self.tools.append(row | {"status": "failed", "why": why, "detail": detail})
            return
        try:
            read = step.checker.read(name, self.project, stdout, stderr)
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            why = f"its output can't be read: {type(error).__name__}"
            self.tools.append(row | {"status": "failed", "why": why, "detail": stdout[-500:]})
            return
        if ended.exit_code and not read:
            detail = (stderr.strip() or stdout.strip())[-500:]
            why = f"exit code {ended.exit_code} without a diagnostic"
            self.tools.append(row | {"status": "failed", "why": why, "detail": detail})
            return
        self.found += read
        self.tools.append(row | {"status": "ran", "diagnostics": len(read)})

    def told(self) -> dict[str, Any]:
        """Return the answer."""
        # Two checkers may be one compiler, and say the same.
        unique = list(
            {dataclasses.replace(each, source=""): each for each in self.found[::-1]}.values()
        )
        wanted = self.request.severity
        shown = [each for each in unique if wanted in {"all", each.severity}]
        shown.sort(key=lambda each: (SEVERITIES.index(each.severity), each.file, each.line))
        complete = bool(self.tools) and all(row["status"] == "ran" for row in self.tools)
        counts = {
            f"{severity}_count": sum(each.severity == severity for each in unique)
            for severity in SEVERITIES
        }
        return {
            "path": str(self.project),
            "language": self.language,
            "diagnostics": [dataclasses.asdict(each) for each in shown[: self.request.limit]],
            **counts,
            "tools": self.tools,
            "complete": complete,
            "clean": complete and not unique,
        }


def prepared(request: Diagnose, roots: Roots, environ: dict[str, str], setting: Checkers) -> Round:
    """Return what is to run.

    Args:
        request: The call.
        roots: Where projects may be.
        environ: Of the checkers; its PATH is searched.
        setting: `library.checkers`.

    Raises:
        ApprovalRequired: Code of the project may run, and the user hasn't agreed.
        NotAvailable: No folder is allowed, or no checker may run.
        InvalidRequest: The language can't be told.
    """
    place = roots.resolve(request.path)
    is_folder = place.path.is_dir()
    project = _project_of(place if is_folder else place.parent)
    language = request.language or _language(place, project, is_folder=is_folder)
    kinds = checkers.KINDS if request.kind == "diagnose" else (request.kind,)
    found = Round(request=request, project=project.path, language=language)
    for choices in checkers.planned(language, kinds):
        _plan(found, choices, place, roots, environ)
    if not found.steps and not found.tools:
        raise NotAvailable(
            f"expected a checker for {request.kind} of {language}, got none: the language has none"
        )
    _agree(found, request, setting)
    return found


def _plan(
    found: Round,
    choices: tuple[Checker, ...],
    place: Place,
    roots: Roots,
    environ: dict[str, str],
) -> None:
    for checker in choices:
        program = checkers.program_of(checker, found.project, environ["PATH"])
        if not program:
            continue
        if checker.only_files and place.path.is_dir():
            why = "it checks one file at a time; name a file"
            found.tools.append(
                {"tool": checkers.label(checker), "status": "unavailable", "why": why}
            )
            return
        files = _files(place, roots) if checker.files else []
        if len(files) > limits.CHECKED_FILES_MAX:
            why = f"more than {limits.CHECKED_FILES_MAX} files; name a folder further down"
            found.tools.append(
                {"tool": checkers.label(checker), "status": "unavailable", "why": why}
            )
            return
        target = str(place.path.relative_to(found.project))
        arguments = [target if each == checkers.TARGET else each for each in checker.arguments]
        command = Command(
            argv=(program, *arguments),
            cwd=found.project,
            env=environ,
            stdin="\0".join(files).encode("utf-8", "surrogateescape"),
        )
        found.steps.append(Step(checker=checker, command=command))
        return
    names = " or ".join(checkers.label(each) for each in choices)
    why = "it isn't installed, neither in the project nor in PATH"
    found.tools.append({"tool": names, "status": "unavailable", "why": why})


def _agree(found: Round, request: Diagnose, setting: Checkers) -> None:
    """Refuse or ask before code of the project runs."""
    running = [step for step in found.steps if step.checker.runs_code]
    if not running or setting == "allow":
        return
    if setting == "refuse":
        for step in running:
            found.steps.remove(step)
            why = "the setting library.checkers refuses it"
            found.tools.append(
                {"tool": checkers.label(step.checker), "status": "unavailable", "why": why}
            )
        return
    if not request.approved:
        commands = "; ".join(" ".join(step.command.argv)[:200] for step in running)
        raise ApprovalRequired(
            f"Run these in {found.project}: {commands}? They may run code of that project: its"
            " plugins, build scripts and configuration."
        )


def _project_of(folder: Place) -> Place:
    """Return the nearest folder upwards that is a project's top; else the folder itself."""
    parts = folder.parts
    for length in range(len(parts), -1, -1):
        above = Place(folder.root, parts[:length])
        if checkers.is_project(names_in(above)):
            return above
    return folder


def _language(place: Place, project: Place, *, is_folder: bool) -> str:
    found = "" if is_folder else checkers.language_of_file(place.name)
    found = found or checkers.language_of_names(names_in(project))
    found = found or checkers.language_of_names(names_in(place) if is_folder else ())
    if not found:
        raise InvalidRequest(
            f"expected a project of {', '.join(checkers.LANGUAGES)}, got {place}; name its"
            " 'language'"
        )
    return found


def _files(place: Place, roots: Roots) -> list[str]:
    """Return the files of Python at a place, at most one more than may be checked."""
    if not place.path.is_dir():
        return [str(place)]
    found = []
    for each in Walk(place, roots).files():
        if each.name.endswith(".py"):
            found.append(str(each))
        if len(found) > limits.CHECKED_FILES_MAX:
            break
    return found


def _why(ended: Ended) -> str:
    if ended.exit_code is not None:
        return f"exit code {ended.exit_code}"
    return {"timeout": "not done in time"}.get(ended.reason, ended.reason)
