"""House rules that no linter holds: sizes, clocks, sleeps, broad excepts, dead code, names."""

from __future__ import annotations

import ast
import fnmatch
import re
import statistics
from collections import Counter
from collections.abc import Iterator

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

#: Marks a module that is run by its name.
MAIN = 'if __name__ == "__main__":'

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


def calls(module: Module) -> Iterator[tuple[str, int]]:
    """Yield what looks like `a.b` in the module, with its line."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}", node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            for alias in node.names:
                yield f"time.{alias.name}", node.lineno


def test_modules_and_functions_stay_small() -> None:
    """A module is one concept, a function one screenful (aesthetics 1; TigerStyle)."""
    long = [module.path for module in modules() if module.text.count("\n") > MODULE_LINES_MAX]
    long += [
        f"{module.path}:{node.lineno}: {node.name}"
        for module in modules()
        for node in module.functions()
        if length(node) > FUNCTION_LINES_MAX
    ]

    assert not long


def test_most_functions_are_short() -> None:
    """Median at most 10 lines, 95 in 100 at most 40 (aesthetics 1)."""
    sizes = sorted(length(node) for module in modules() for node in module.functions())

    assert statistics.median(sizes) <= 10
    assert sizes[int(len(sizes) * 0.95)] <= 40


def test_only_sanctioned_places_catch_everything() -> None:
    """A broad except hides what nobody thought of (aesthetics 1.8)."""
    broad = [
        f"{module.path}:{node.lineno}"
        for module in modules()
        if module.path not in CATCH_ALL
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or {"Exception", "BaseException"} & names_in(node.type))
        and not is_passed_on(node)
    ]

    assert not broad


def is_passed_on(node: ast.ExceptHandler) -> bool:
    """Tell whether the handler only tidies up and raises the same exception again."""
    last = node.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def names_in(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def test_only_the_clock_reads_a_clock() -> None:
    """Time is a parameter (aesthetics 0.9)."""
    wrong = [
        f"{module.path}:{line}: {name}"
        for module in modules()
        if module.path not in CLOCKS
        for name, line in calls(module)
        if name in CLOCK_CALLS
    ]

    assert not wrong


def test_the_source_does_not_sleep() -> None:
    """Waiting is an event or a bounded wait on a descriptor (ours)."""
    wrong = [
        f"{module.path}:{line}"
        for module in modules()
        if module.path not in SLEEPERS
        for name, line in calls(module)
        if name == "time.sleep"
    ]

    assert not wrong


def test_tests_do_not_sleep() -> None:
    """They wait on a condition with a bound (aesthetics 0.9)."""
    free = ("tests/support/", "tests/chaos/", "tests/load/")
    wrong = [
        f"{module.path}:{line}: {name}"
        for module in modules_of_tests()
        if not module.path.startswith(free)
        for name, line in calls(module)
        if name in {"time.sleep", "asyncio.sleep", "anyio.sleep"}
    ]

    assert not wrong


def test_nothing_is_left_for_later() -> None:
    """What is missing is built or isn't mentioned (ours)."""
    words = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
    everything = (*modules(), *modules_of_tests())

    assert not [module.path for module in everything if words.search(module.text)]


def test_classes_are_named_after_what_they_are() -> None:
    """Never ...Manager, ...Helper, ...Utils, ...Handler, but for Thespian's own (aesthetics 3)."""
    wrong = [
        f"{module.path}:{node.lineno}: {node.name}"
        for module in modules()
        if not fnmatch.fnmatchcase(module.path, "supervision/runtime*.py")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
        and re.search(r"(Manager|Helper|Utils?|Handler)$", node.name)
    ]
    vague = re.compile(r"(manager|helpers?|utils?|misc|common)\.py$")

    assert not wrong
    assert not [module.path for module in modules() if vague.search(module.path)]


def test_every_module_is_reached() -> None:
    """A module that nobody imports or names is dead (TigerBeetle's tidy)."""
    named = {module.name for module in modules() if MAIN in module.text}
    named.add("mimo")
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


def test_a_package_says_in_a_few_lines_what_it_is() -> None:
    """Each `__init__` begins with a docstring of at most 15 lines (aesthetics 2)."""
    packages = {
        module.path: (ast.get_docstring(module.tree) or "").splitlines()
        for module in modules()
        if module.path.endswith("__init__.py")
    }
    wrong = [path for path, lines in packages.items() if not 1 <= len(lines) <= 15]

    assert not wrong
    assert not [path for path, lines in packages.items() if lines[0].startswith("Placeholder")]


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
