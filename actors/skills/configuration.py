"""Which programs may be run as skills, and how: the skills file, checked entry by entry; pure.

A skill is an external MCP server that Mimo starts and speaks to over its standard input and output.
Only the user names one: in a file that nobody else can write, in the form of other hosts
(`{"mcpServers": {"name": {"command": ..., "args": [...], "env": {...}}}}`). There is no shell.
Source: the original's SecureExecutor and its bounds; ours: the command is compared whole.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mimo.config import limits
from mimo.config.errors import InvalidRequest, MimoError

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,23}")
_VARIABLE: Final = re.compile(r"[A-Z_][A-Z0-9_]*")
_USED: Final = re.compile(r"\$\{([^}]*)\}")
#: Nothing of a shell has a place in a list of arguments.
_META: Final = re.compile(r"[\r\n\0;&|`$(){}!<>\\]")
#: What gives a container the machine.
_DOCKER_REFUSED: Final = (
    "--privileged",
    "--network=host",
    "--net=host",
    "--pid=host",
    "--ipc=host",
    "--userns=host",
    "--device",
    "--cap-add",
    "--security-opt",
    "docker.sock",
)
_DOCKER_PAIRS: Final = (("--network", "host"), ("--net", "host"), ("--pid", "host"))
#: Variables that would change what a program is.
_ENV_REFUSED: Final = re.compile(r"LD_.*|DYLD_.*|BASH_ENV|ENV|NODE_OPTIONS|PYTHONSTARTUP|MIMO_.*")
_FIELDS: Final = frozenset({"command", "args", "env", "confirm", "disabled", "type"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillConfig:
    """One skill that may be started.

    Args:
        name: Its name, also of its actor and before its tools.
        argv: The program and its arguments.
        env: Variables besides the small environment that every child has; may name others as
            `${NAME}`, which are put in when it is started.
        confirm: Whether the user is asked before each call.
        mark: Tells this configuration from any other of the same name.
    """

    name: str
    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    confirm: bool
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillsFile:
    """What a skills file says.

    Args:
        skills: Those that may be started, by name.
        problems: Why others may not, by name; "" is the file itself.
    """

    skills: Mapping[str, SkillConfig]
    problems: Mapping[str, str]


EMPTY: Final = SkillsFile(skills={}, problems={})


def read_file(path: Path, *, commands: Iterable[str], variables: Iterable[str]) -> SkillsFile:
    """Return what the file says; one that is missing says nothing.

    Args:
        path: The file.
        commands: Programs that may be run: bare names, found in PATH, or whole paths.
        variables: Variables of this process that a skill may be given.
    """
    try:
        with path.open("rb") as file:
            found = file.fileno()
            trouble = _unsafe(path, found)
            raw = file.read(limits.SKILLS_FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        return EMPTY
    except OSError as error:
        return SkillsFile(skills={}, problems={"": f"{path}: {error.strerror}"})
    if trouble or len(raw) > limits.SKILLS_FILE_BYTES_MAX:
        trouble = trouble or f"expected {path} of at most {limits.SKILLS_FILE_BYTES_MAX} bytes"
        return SkillsFile(skills={}, problems={"": trouble})
    return parsed(raw, commands=frozenset(commands), variables=frozenset(variables))


def _unsafe(path: Path, descriptor: int) -> str:
    """Return why a file can't be trusted: whoever can write it runs programs as this user."""
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        return f"expected {path} to be a file"
    if found.st_uid not in (os.getuid(), 0):
        return f"expected {path} to be yours, got user {found.st_uid}; skills run as you"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"expected {path} to be writable by you alone; use chmod 600"
    return ""


def parsed(raw: bytes, *, commands: frozenset[str], variables: frozenset[str]) -> SkillsFile:
    """Return what the text of a skills file says."""
    try:
        table = json.loads(raw)
        servers = table["mcpServers"]
        entries = list(servers.items())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        problem = 'expected {"mcpServers": {"name": {"command": "..."}}}, got another form'
        return SkillsFile(skills={}, problems={"": problem})
    skills: dict[str, SkillConfig] = {}
    problems: dict[str, str] = {}
    for name, entry in entries[: limits.SKILLS_MAX]:
        try:
            config = _skill(name, entry, commands, variables)
        except MimoError as error:
            problems[name[:40]] = error.message
            continue
        if config is not None:
            skills[name] = config
    if len(entries) > limits.SKILLS_MAX:
        problems[""] = f"expected at most {limits.SKILLS_MAX} skills, got {len(entries)}"
    return SkillsFile(skills=skills, problems=problems)


def _skill(
    name: str, entry: Any, commands: frozenset[str], variables: frozenset[str]
) -> SkillConfig | None:
    """Return a checked entry; None for one that is disabled.

    Raises:
        InvalidRequest: It may not be run.
    """
    if not _NAME.fullmatch(name):
        raise InvalidRequest(f"expected a name like 'files' or 'my-notes', got {name[:40]!a}")
    if not isinstance(entry, dict) or not entry.keys() <= _FIELDS:
        raise InvalidRequest(f"expected an object of {', '.join(sorted(_FIELDS))}")
    if entry.get("disabled", False):
        return None
    if entry.get("type", "stdio") != "stdio":
        raise InvalidRequest("expected type 'stdio'; servers at an address aren't supported")
    argv = _argv(entry, commands)
    env = _env(entry.get("env", {}), variables)
    confirm = entry.get("confirm", False)
    if not isinstance(confirm, bool):
        raise InvalidRequest("expected 'confirm' to be true or false")
    told = json.dumps([name, argv, env, confirm], sort_keys=True)
    mark = hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return SkillConfig(name=name, argv=argv, env=env, confirm=confirm, mark=mark)


def _argv(entry: Mapping[str, Any], commands: frozenset[str]) -> tuple[str, ...]:
    command, args = entry.get("command"), entry.get("args", [])
    if command not in commands:
        raise InvalidRequest(
            f"expected a command among {', '.join(sorted(commands))}, got {str(command)[:80]!a};"
            " the setting skills.commands has what may be run"
        )
    if not isinstance(args, list) or len(args) > limits.SKILL_ARGUMENTS_MAX:
        raise InvalidRequest(f"expected 'args' of at most {limits.SKILL_ARGUMENTS_MAX} texts")
    for each in args:
        _refuse_text(each, "an argument")
    if str(command).rpartition("/")[2] == "docker":
        _refuse_docker(args)
    return (str(command), *args)


def _refuse_text(value: Any, what: str) -> None:
    if not isinstance(value, str) or len(value) > limits.SKILL_TEXT_CHARS_MAX:
        raise InvalidRequest(f"expected {what} of at most {limits.SKILL_TEXT_CHARS_MAX} characters")
    if found := _META.search(value):
        raise InvalidRequest(f"expected {what} without {found.group()!a}: there is no shell")


def _refuse_docker(args: list[str]) -> None:
    for each in args:
        if any(word in each for word in _DOCKER_REFUSED):
            raise InvalidRequest(f"expected a container without {each[:60]!a}")
    if any(pair in _DOCKER_PAIRS for pair in itertools.pairwise(args)):
        raise InvalidRequest("expected a container without the host's network or processes")


def _env(given: Any, variables: frozenset[str]) -> tuple[tuple[str, str], ...]:
    if not isinstance(given, dict) or len(given) > limits.SKILL_ARGUMENTS_MAX:
        raise InvalidRequest(f"expected 'env' of at most {limits.SKILL_ARGUMENTS_MAX} variables")
    for name, value in given.items():
        if not _VARIABLE.fullmatch(name) or _ENV_REFUSED.fullmatch(name):
            raise InvalidRequest(f"expected a variable like API_KEY, got {name[:60]!a}")
        _refuse_text(_USED.sub("", value) if isinstance(value, str) else value, f"env {name}")
        unknown = [each for each in _USED.findall(value) if each not in variables]
        if unknown:
            raise InvalidRequest(
                f"expected only {', '.join(sorted(variables))} in ${{...}},"
                f" got {unknown[0][:60]!a}; the setting skills.variables has what may be handed on"
            )
    return tuple(sorted(given.items()))


def filled(config: SkillConfig, environ: Mapping[str, str]) -> dict[str, str]:
    """Return a skill's own variables, with those of this process that they name; missing ones "".

    Args:
        config: The skill.
        environ: Of this process.
    """
    return {
        name: _USED.sub(lambda match: environ.get(match[1], ""), value)
        for name, value in config.env
    }
