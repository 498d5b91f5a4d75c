"""Settings: shipped defaults, file, environment, flags; and what each refusal says."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path

import pytest

from mimo.config import setting_sources, settings
from mimo.config.errors import SettingsError
from mimo.config.settings import load_settings


def write(folder: Path, text: str) -> Path:
    path = folder / "mimo.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(
    *,
    overrides: dict[str, str] | None = None,
    environ: dict[str, str] | None = None,
    config_file: Path | None = None,
) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(overrides, environ, config_file)
    return caught.value.message


def test_the_defaults_fit_their_own_rules_and_nothing_else_is_read() -> None:
    """Without file, variables and flags the shipped defaults are in force (ours)."""
    loaded = load_settings(environ={"HOME": "/home/ada"})

    assert loaded.data_dir == Path("/home/ada/.local/share/mimo")
    assert loaded.idle_exit_s == 1800
    assert loaded.embedding.idle_release_s == 180
    assert loaded.storage.busy_timeout_s == 5
    assert (loaded.recall.workers, loaded.http.port, loaded.http.host) == (2, 0, "127.0.0.1")
    assert loaded.http.key_file == Path("/home/ada/.local/share/mimo/http.key")
    assert loaded.tools.enabled == ()
    assert set(loaded.origins.values()) == {"default"}


def test_default_toml_gives_a_value_to_every_setting_in_their_order() -> None:
    """The shipped file and the declared settings are the same list (ours)."""
    assert list(setting_sources.shipped().values) == list(settings.RULES)


def test_no_two_settings_share_a_variable() -> None:
    """The derived names are unique, also against the other variables (ours)."""
    names = [settings.variable(key) for key in settings.RULES]

    assert len({*names, *settings.OTHER_VARIABLES}) == len(names) + len(settings.OTHER_VARIABLES)


def test_names_tell_their_units() -> None:
    """A duration ends in _s, a size in _bytes, and nothing else does but a rate (aesthetics 3)."""
    for key, rule in settings.RULES.items():
        is_rate = key.endswith("_per_s")
        assert key.endswith("_s") == (rule.kind == "seconds" or is_rate), key
        assert key.endswith("_bytes") == (rule.kind == "bytes"), key


def test_the_later_source_wins_and_the_origin_is_kept(tmp_path: Path) -> None:
    """Order: default, file, environment, flags (issue: config)."""
    path = write(tmp_path, 'durability = "normal"\nlog_level = "error"\n[recall]\nworkers = 3\n')

    loaded = load_settings(
        {"recall.workers": "5"},
        {"MIMO_RECALL_WORKERS": "4", "MIMO_LOG_LEVEL": "debug", "HOME": "/h"},
        path,
    )

    assert (loaded.durability, loaded.log_level, loaded.recall.workers) == ("normal", "debug", 5)
    assert loaded.origins["durability"] == f"{path}:1"
    assert loaded.origins["log_level"] == "MIMO_LOG_LEVEL"
    assert loaded.origins["recall.workers"] == "flag recall.workers"
    assert loaded.origins["backups.keep"] == "default"


def test_settings_are_frozen_and_survive_pickling(tmp_path: Path) -> None:
    """They travel in the arguments of actors (ours)."""
    loaded = load_settings({"data_dir": str(tmp_path)})

    copy = pickle.loads(pickle.dumps(loaded))

    assert copy == loaded
    assert copy.origins == loaded.origins
    with pytest.raises(dataclasses.FrozenInstanceError):
        copy.durability = "normal"


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("1800", 1800),
        ("30 s", 30),
        ("5 min", 300),
        ("5min", 300),
        ("250 ms", 0.25),
        ("1.5 h", 5400),
        ("2 d", 172_800),
        ("0", 0),
        (" 3 s ", 3),
    ],
)
def test_durations_have_units(given: str, seconds: float) -> None:
    """A bare number counts in the name's unit (ours)."""
    assert load_settings({"idle_exit_s": given}).idle_exit_s == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("given", "size"), [("65536", 65_536), ("64 MiB", 67_108_864), ("1 MB", 1_000_000)]
)
def test_sizes_have_units(given: str, size: int) -> None:
    """Decimal and binary units are told apart (ours)."""
    assert load_settings({"logs.file_bytes": given}).logs.file_bytes == size


@pytest.mark.parametrize(
    "given",
    ["30 parsecs", "abc", "-1", "1e400", "inf", "nan", "5 MiB", "1 2", "٣ s", "1,5 s", "s", "--3"],
)
def test_nonsense_durations_are_refused(given: str) -> None:
    """The sentence names the setting, the forms and what came (issue: config)."""
    message = refusal(overrides={"idle_exit_s": given})

    assert message.startswith("flag idle_exit_s: expected idle_exit_s to be ")
    assert f'got "{given}"' in message or "at least 0" in message


@pytest.mark.parametrize(
    ("toml", "line", "part"),
    [
        ("x = 1\n", 1, "unknown"),
        ("\n# note\nidle_exit_s = true\n", 3, "got True"),
        ("[storage]\n\nbusy_timeout_s = [1]\n", 3, "got [1]"),
        ("[storage]\nbusy_timeout = 3\n", 2, "did you mean storage.busy_timeout_s?"),
        ("storage.busy_timeout_s = 'x'\n", 1, "seconds"),
        ("storage = { busy_timeout_s = 'x' }\n", 1, "seconds"),
        ("durability = 'half'\n", 1, 'full or normal, got "half"'),
        ("recall.workers = 2.5\n", 1, "a whole number"),
        ("recall.workers = '2'\n", 1, "a whole number"),
        ("recall.workers = 99\n", 1, "1 to 16"),
        ("portable = 'yes'\n", 1, "true or false"),
        ("[tools]\nenabled = 'memory'\n", 2, "a list of names"),
        ("[http]\nhost = '0.0.0.0'\n", 2, '127.0.0.1, got "0.0.0.0"'),
        ("data_dir = 3\n", 1, "a path"),
        ("storage = 3\n", 1, "unknown"),
        ("log_level = 'info'\n[log\n", 2, "TOML"),
        ("idle_exit_s = inf\n", 1, "seconds"),
        ("limits.rate_per_s = nan\n", 1, "a number"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(
    tmp_path: Path, toml: str, line: int, part: str
) -> None:
    """File, line, expected and got (catalogue K1)."""
    path = write(tmp_path, toml)

    message = refusal(config_file=path)

    assert message.startswith(f"{path}:{line}: expected ")
    assert part in message


def test_a_file_that_is_not_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    """TOML is UTF-8. Source: TOML 1.0."""
    path = tmp_path / "mimo.toml"
    path.write_bytes(b"portable = true\ndata_dir = '\xff'\n")

    assert refusal(config_file=path).startswith(f"{path}:2: expected UTF-8, got the byte 0xff")


def test_a_named_file_must_exist_and_the_default_one_need_not(tmp_path: Path) -> None:
    """A typing error in --config must not be passed over (ours)."""
    missing = tmp_path / "none.toml"

    assert "got nothing there" in refusal(config_file=missing)
    assert "got nothing there" in refusal(environ={"MIMO_CONFIG": str(missing)})
    assert load_settings(environ={"HOME": str(tmp_path)}).durability == "full"


def test_a_folder_as_settings_file_is_refused(tmp_path: Path) -> None:
    """The operating system's reason is passed on (ours)."""
    assert "Is a directory" in refusal(config_file=tmp_path)


def test_the_default_file_is_found_by_xdg_and_home(tmp_path: Path) -> None:
    """Relative paths in it start at its folder. Source: XDG Base Directory Specification."""
    folder = tmp_path / "mimo"
    folder.mkdir()
    write(folder, 'data_dir = "here"\n')

    loaded = load_settings(environ={"HOME": "/nowhere", "XDG_CONFIG_HOME": str(tmp_path)})

    assert loaded.data_dir == folder / "here"


def test_an_unknown_variable_is_refused_with_the_nearest_name() -> None:
    """MIMO_* belongs to Mimo: a typing error must not be passed over (issue: config)."""
    message = refusal(environ={"MIMO_DATA_DRI": "/x"})

    assert "got the unknown" in message
    assert "did you mean MIMO_DATA_DIR?" in message


def test_variables_accept_text_for_every_kind() -> None:
    """The environment knows only text; an empty variable counts as not set (ours)."""
    loaded = load_settings(
        environ={
            "HOME": "/h",
            "MIMO_PORTABLE": "1",
            "MIMO_TOOLS_ENABLED": "memory, knowledge",
            "MIMO_LIMITS_RATE_PER_S": "2.5",
            "MIMO_RECALL_WORKERS": "",
            "MIMO_EMBEDDING_MODEL_PATH": "/models/x",
        }
    )

    assert loaded.portable is True
    assert loaded.tools.enabled == ("memory", "knowledge")
    assert loaded.limits.rate_per_s == 2.5
    assert loaded.recall.workers == 2
    assert loaded.embedding.model_path == Path("/models/x")


def test_the_table_for_the_readme_has_a_row_for_each_setting() -> None:
    """README shows it word for word; `tests/contract/test_docs.py` compares (ours)."""
    rows = settings.settings_table().splitlines()

    assert len(rows) == len(settings.RULES) + 2
    assert "| `idle_exit_s` | `30 min` | `MIMO_IDLE_EXIT_S` |" in settings.settings_table()
