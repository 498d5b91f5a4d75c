"""House rules that no linter holds: sizes, clocks, sleeps, broad excepts, dead code, names."""

from __future__ import annotations

import ast
import fnmatch
import re
import statistics
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.support.source import LAYERS, ROOT, Module, length, modules, modules_of_tests

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70

#: Where every exception may be caught: the last line of a process that reports it.
CATCH_ALL = {
    "interfaces/cli/main.py",
    "interfaces/mcp/guard.py",
    "interfaces/mcp/tools.py",
    "interfaces/stdio.py",
    "supervision/gen_server.py",
    "supervision/process.py",
}
#: Where a clock may be read: the Clock itself, and the relay, which imports nothing.
CLOCKS = {"config/clock.py", "interfaces/stdio.py"}
#: Where a process may sleep: an injected delay, and processes that have no event loop.
SLEEPERS = {"config/faultpoints.py", "interfaces/stdio.py", "supervision/runtime_processes.py"}
#: What is made for tests and for the README.
FOR_TESTS = {"ManualClock", "settings_table"}

CLOCK_CALLS = {
    "time.time",
    "time.time_ns",
    "time.monotonic",
    "time.monotonic_ns",
    "time.perf_counter",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
}


def paths(found: tuple[Module, ...]) -> list[str]:
    return [module.path for module in found]


def calls(module: Module) -> Iterator[tuple[str, int]]:
    """Yield what looks like `a.b` in the module, with its line."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}", node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            for alias in node.names:
                yield f"time.{alias.name}", node.lineno


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.path)
def test_modules_and_functions_stay_small(module: Module) -> None:
    """A module is one concept, a function one screenful (aesthetics 1; TigerStyle)."""
    assert module.text.count("\n") <= MODULE_LINES_MAX
    long = [f"{node.name}: {length(node)}" for node in module.functions()]

    assert not [entry for entry in long if int(entry.rpartition(" ")[2]) > FUNCTION_LINES_MAX]


def test_most_functions_are_short() -> None:
    """Median at most 10 lines, 95 in 100 at most 40 (aesthetics 1)."""
    sizes = sorted(length(node) for module in modules() for node in module.functions())

    assert statistics.median(sizes) <= 10
    assert sizes[int(len(sizes) * 0.95)] <= 40


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.path)
def test_only_sanctioned_places_catch_everything(module: Module) -> None:
    """A broad except hides what nobody thought of (aesthetics 1.8)."""
    broad = [
        node.lineno
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or {"Exception", "BaseException"} & names_in(node.type))
        and not is_passed_on(node)
    ]

    assert module.path in CATCH_ALL or not broad


def is_passed_on(node: ast.ExceptHandler) -> bool:
    """Tell whether the handler only tidies up and raises the same exception again."""
    last = node.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def names_in(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.path)
def test_only_the_clock_reads_a_clock(module: Module) -> None:
    """Time is a parameter (aesthetics 0.9)."""
    wrong = [f"line {line}: {name}" for name, line in calls(module) if name in CLOCK_CALLS]

    assert module.path in CLOCKS or not wrong


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.path)
def test_the_source_does_not_sleep(module: Module) -> None:
    """Waiting is an event or a bounded wait on a descriptor (ours)."""
    wrong = [f"line {line}" for name, line in calls(module) if name == "time.sleep"]

    assert module.path in SLEEPERS or not wrong


@pytest.mark.parametrize("module", modules_of_tests(), ids=lambda module: module.path)
def test_tests_do_not_sleep(module: Module) -> None:
    """They wait on a condition with a bound (aesthetics 0.9)."""
    wrong = [
        f"line {line}"
        for name, line in calls(module)
        if name in {"time.sleep", "asyncio.sleep", "anyio.sleep"}
    ]

    assert module.path.startswith(("tests/support/", "tests/chaos/", "tests/load/")) or not wrong


@pytest.mark.parametrize(
    "module", [*modules(), *modules_of_tests()], ids=lambda module: module.path
)
def test_nothing_is_left_for_later(module: Module) -> None:
    """What is missing is built or isn't mentioned (ours)."""
    words = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")

    assert not words.search(module.text)


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.path)
def test_classes_are_named_after_what_they_are(module: Module) -> None:
    """Never ...Manager, ...Helper, ...Utils, ...Handler, but for Thespian's own (aesthetics 3)."""
    if fnmatch.fnmatchcase(module.path, "supervision/runtime*.py"):
        return
    named = [node.name for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)]

    assert not [name for name in named if re.search(r"(Manager|Helper|Utils?|Handler)$", name)]
    assert not re.search(r"(manager|helper|utils?|misc|common)\.py$", module.path)


def test_every_module_is_reached() -> None:
    """A module that nobody imports or names is dead (TigerBeetle's tidy)."""
    named: set[str] = {"mimo.__main__", "mimo"}
    for module in modules():
        for imported, _line in module.imports():
            if imported != module.name:
                named.add(imported)
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
                named |= {text, text.rpartition(".")[0]} if text.startswith("mimo.") else set()
    numbered = re.compile(r"^storage/migrations/m\d+_\w+\.py$")
    dead = [
        module.path
        for module in modules()
        if module.name not in named
        and not module.path.endswith("__init__.py")
        and not numbered.match(module.path)
    ]

    assert not dead


def test_every_function_and_class_is_used() -> None:
    """What only its own test uses is dead (ours)."""
    words = Counter(
        word for module in modules() for word in re.findall(r"[A-Za-z_][A-Za-z0-9_]*", module.text)
    )
    for setup in ("setup.cfg",):
        words.update(re.findall(r"\w+", (ROOT / setup).read_text()))
    dead = [
        f"{module.path}: {node.name}"
        for module in modules()
        for node in module.tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and words[node.name] < 2
        and node.name not in FOR_TESTS
        and not node.name.startswith("__")
        and not node.decorator_list
    ]

    assert not dead


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.path)
def test_a_package_says_in_a_few_lines_what_it_is(module: Module) -> None:
    """Each `__init__` is one docstring of at most 15 lines (aesthetics 2)."""
    if not module.path.endswith("__init__.py") or module.path.startswith("interfaces/mimo/"):
        return
    docstring = ast.get_docstring(module.tree) or ""

    assert 1 <= len(docstring.splitlines()) <= 15
    assert "Placeholder" not in docstring


def test_the_top_level_holds_nothing_else() -> None:
    """actors, supervision, storage, interfaces, config, tests, and what packaging and CI force."""
    expected = {
        *LAYERS,
        "tests",
        "README.md",
        "CHANGELOG.md",
        "LICENSE",
        "setup.cfg",
        "pyproject.toml",
        ".ci",
        ".git",
        ".gitignore",
    }
    made = {"build", "dist", "mimo.egg-info", ".hypothesis", "htmlcov"}
    caches = {".mypy_cache", ".pytest_cache", ".ruff_cache", "__pycache__"}

    found = {path.name for path in ROOT.iterdir()}

    assert expected - {".git"} <= found
    assert not found - expected - made - caches
