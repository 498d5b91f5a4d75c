"""What is decided before anything runs: folder, environment, and whether it may."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from mimo.actors.terminal import messages, programs
from mimo.actors.terminal.child import environment
from mimo.actors.terminal.policy import Judgement, Rules, judge
from mimo.actors.terminal.presentation import line_of
from mimo.actors.terminal.sessions import Row
from mimo.actors.terminal.standing import Surroundings
from mimo.actors.terminal.verdict import Verdict
from mimo.actors.terminal.wrapping import bare_name
from mimo.actors.workspace.places import Roots
from mimo.config.errors import ApprovalRequired, InvalidRequest, NotAvailable
from mimo.config.settings import Settings

#: git runs nothing that a folder's own settings name, as long as it only looks.
_GIT: Final = {
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "core.fsmonitor",
    "GIT_CONFIG_VALUE_0": "false",
    "GIT_CONFIG_KEY_1": "safe.bareRepository",
    "GIT_CONFIG_VALUE_1": "explicit",
}
_ESTRANGING: Final = frozenset({"cd", "pushd", "popd"}) | programs.RISKS["runs other programs"]
_SHELLS: Final = {"sh": "/bin/sh", "bash": "bash"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """How a command is run.

    Args:
        argv: The program and its arguments.
        env: Its whole environment.
        folder: Where it starts; a real path.
        pty: Whether it gets a terminal.
        program: Its name, for the log.
        is_shell: Whether what is typed into it are command lines.
    """

    argv: tuple[str, ...]
    env: dict[str, str]
    folder: Path
    pty: bool
    program: str
    is_shell: bool


def decide(request: messages.Run, settings: Settings, roots: Roots) -> Decision:
    """Return how a command is run.

    Raises:
        NotAvailable: Commands are switched off, or there is no workspace.
        InvalidRequest: It is refused, or its folder is no folder of the workspace.
        NotFound: There is no such folder.
        ApprovalRequired: The user has to be asked.
    """
    if not settings.terminal.enabled:
        raise NotAvailable("expected commands to be switched on; set terminal.enabled = true")
    place = roots.resolve(request.cwd or ".")
    if not place.path.is_dir():
        raise InvalidRequest(f"expected a folder as cwd, got {request.cwd[:200]}; correct it")
    env = environment(os.environ, {**_GIT, **request.env})
    env["PATH"] = _outside(env["PATH"], roots)
    if request.pty:
        env["TERM"] = "xterm-256color"
    judgement = judge(
        request.command,
        rules=rules_of(settings),
        places=Surroundings(roots),
        env=env,
        folder=str(place.path),
        variables=tuple(request.env),
        shell=_SHELLS[request.shell],
    )
    program = _program(judgement)
    _refuse_people(judgement, program, pty=request.pty)
    _settle(judgement, request.command, str(place.path), approved=request.approved)
    return Decision(
        argv=judgement.argv,
        env=env,
        folder=place.path,
        pty=request.pty,
        program=program,
        is_shell=program in programs.SHELLS,
    )


def decide_input(request: messages.Interact, row: Row, settings: Settings, roots: Roots) -> bool:
    """Judge what is typed into a shell as a command line of its own.

    Returns:
        Whether later lines may mean something else than what they say: after `cd`, `alias`, `eval`
        and the like, each of them is asked about.

    Raises:
        InvalidRequest: It is refused, or no whole line.
        ApprovalRequired: The user has to be asked.
    """
    text = request.input
    if text.strip("\x03\x04\n\r\t ") == "":
        return row.is_strange
    if not text.endswith("\n"):
        raise InvalidRequest(
            "expected whole lines for a shell, got a part of one; end the input with a newline"
        )
    judgement = judge(
        text,
        rules=rules_of(settings),
        places=Surroundings(roots),
        env=environment(os.environ),
        folder=row.cwd,
    )
    if row.is_strange:
        judgement = replace(
            judgement,
            verdict=max(judgement.verdict, Verdict.CONFIRM),
            reasons=("the shell may be in another folder by now", *judgement.reasons),
        )
    _settle(judgement, text, row.cwd, approved=request.approved)
    return row.is_strange or _estranges(judgement)


def _estranges(judgement: Judgement) -> bool:
    """Tell whether a line may change what later ones mean; one that isn't understood may."""
    if judgement.line is None:
        return True
    names = [bare_name(each.words[0].value) for each in judgement.line.commands if each.words]
    assigns = any(each.assignments and not each.words for each in judgement.line.commands)
    return assigns or any(name in _ESTRANGING for name in names)


def rules_of(settings: Settings) -> Rules:
    """Return the user's rules."""
    own = settings.terminal
    return Rules(allow=own.allow, confirm=own.confirm, refuse=own.refuse, shell=own.shell)


def _settle(judgement: Judgement, command: str, folder: str, *, approved: bool) -> None:
    why = "; ".join(judgement.reasons[:6])
    if judgement.verdict is Verdict.REFUSE:
        raise InvalidRequest(
            f"expected a command that may run here, got one that may not: {why};"
            " use another, or have the user change the [terminal] settings"
        )
    if judgement.verdict is Verdict.CONFIRM and not approved:
        raise ApprovalRequired(f"Run `{line_of(command)}` in {folder}? Why Mimo asks: {why}.")


def _refuse_people(judgement: Judgement, program: str, *, pty: bool) -> None:
    """Refuse what waits for a person, unless it gets a terminal."""
    if program in programs.FULL_SCREEN and not pty:
        raise InvalidRequest(
            f"expected a command that ends by itself, got {program}, which waits for a person;"
            " use the file tool, or start_process with pty"
        )
    if not judgement.argv:
        raise InvalidRequest("expected a command, got none; name a program")


def _program(judgement: Judgement) -> str:
    if judgement.line is None:
        return "sh"
    words: Sequence[str] = [
        command.words[0].value for command in judgement.line.commands if command.words
    ]
    return bare_name(words[0])[:64] if words else "sh"


def _outside(path: str, roots: Roots) -> str:
    """Return PATH without folders of the workspace: their programs aren't known by their names."""
    folders = [
        folder
        for folder in path.split(os.pathsep)
        if folder.startswith("/") and roots.root_of(Path(os.path.realpath(folder))) is None
    ]
    return os.pathsep.join(folders)
