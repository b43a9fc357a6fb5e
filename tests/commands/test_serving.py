import json
import os
from pathlib import Path
from typing import Any

import pytest

from perennial.cli import parse_arguments
from perennial.commands.serving import name_settings
from perennial.io.bento import write_sums
from perennial.io.records import open_log
from perennial.refusal import Refusal
from perennial.serving.keys import find_key, parse_keys
from tests.conftest import FLIGHTS, set_params
from tests.tiny import write_tiny_bundle


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A project with something packaged; what would be served comes back instead of starting."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models/bento").mkdir(parents=True)
    write_sums(tmp_path / "models/bento")
    (tmp_path / "params.yaml").write_text((FLIGHTS / "params.yaml").read_text())
    for name in [name for name in os.environ if name.startswith("PERENNIAL_")]:
        monkeypatch.delenv(name)
    started: list[Any] = []
    monkeypatch.setattr(os, "execve", lambda _path, command, environment: started.append((command, environment)))
    return started


def run(*words: str) -> None:
    arguments = parse_arguments(words)
    arguments.run(arguments)


def test_it_listens_on_loopback_and_records_beside_the_graph(packaged: list[Any]) -> None:
    run("serve")
    [(command, environment)] = packaged
    assert command[command.index("--host") + 1] == "127.0.0.1"
    assert environment["PERENNIAL_LOG_URL"] == f"sqlite:///{Path.cwd()}/.perennial/records/predictions.db"
    assert environment["PERENNIAL_LOG_DURABILITY"] == "commit"
    assert environment["PERENNIAL_IN_FLIGHT"] == "128"


def test_another_address_needs_keys(packaged: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refusal, match=r"listen on 0\.0\.0\.0 without API keys"):
        run("serve", "--host", "0.0.0.0")
    set_params(Path(), {"serve.host": "10.0.0.1"})
    with pytest.raises(Refusal, match=r"listen on 10.0.0.1 without API keys"):
        run("serve")
    monkeypatch.setenv("PERENNIAL_API_KEYS", f"ann predict {'0' * 64}")
    run("serve")
    assert "10.0.0.1" in packaged[0][0]


def test_what_the_environment_says_goes_before() -> None:
    p = {"serve.in_flight": 1, "serve.in_flight_per_caller": 1, "serve.timeout_seconds": 1, "serve.drain_seconds": 1}
    p |= {"log.url": "sqlite:////a.db", "log.durability": "commit", "log.retention_days": 3}
    p |= {"features.url": "sqlite:////f.db", "features.max_age_seconds": 60}
    said = {"PERENNIAL_FEATURES_URL": "postgresql+psycopg://u:p@h/f"}
    named = name_settings(p, {"PERENNIAL_LOG_URL": "postgresql+psycopg://u:p@h/d", "PERENNIAL_LOG_DURABILITY": ""})
    assert named["PERENNIAL_FEATURES_URL"] == "sqlite:////f.db"
    assert name_settings(p, said)["PERENNIAL_FEATURES_URL"] == said["PERENNIAL_FEATURES_URL"]
    assert named["PERENNIAL_FEATURES_MAX_AGE_SECONDS"] == "60"
    assert named["PERENNIAL_LOG_URL"] == "postgresql+psycopg://u:p@h/d"
    assert named["PERENNIAL_LOG_DURABILITY"] == "commit"
    assert named["PERENNIAL_LOG_RETENTION_DAYS"] == "3"


def test_a_path_in_the_environment_is_meant_from_here(
    packaged: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BentoML's workers run inside the bento: a log made there would alter it, and nobody would find it."""
    for name in ("LOG", "FEATURES"):
        monkeypatch.setenv(f"PERENNIAL_{name}_URL", f"sqlite:///made/{name}.db")
    monkeypatch.setenv("PERENNIAL_API_KEYS_FILE", "keys")
    (tmp_path / "url").write_text(f"sqlite:///{tmp_path}/made/LOG.db")
    monkeypatch.setenv("PERENNIAL_LOG_URL_FILE", "url")
    run("serve")
    [(_, environment)] = packaged
    assert environment["PERENNIAL_LOG_URL"] == f"sqlite:///{tmp_path}/made/LOG.db"
    assert environment["PERENNIAL_FEATURES_URL"] == f"sqlite:///{tmp_path}/made/FEATURES.db"
    assert environment["PERENNIAL_API_KEYS_FILE"] == str(tmp_path / "keys")
    assert environment["PERENNIAL_LOG_URL_FILE"] == str(tmp_path / "url")


def test_a_log_in_memory_stays_one_that_is_refused_and_becomes_no_file(
    packaged: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERENNIAL_LOG_URL", "sqlite:///:memory:")
    run("serve")
    assert packaged[0][1]["PERENNIAL_LOG_URL"] == "sqlite:///:memory:"
    with pytest.raises(Refusal, match="would be in memory and lost"):
        open_log(packaged[0][1]["PERENNIAL_LOG_URL"])


def test_a_key_is_shown_once_with_the_line_that_lets_it_in(capsys: pytest.CaptureFixture[str]) -> None:
    run("key", "ann", "--scopes", "predict,docs")
    said, _, line = capsys.readouterr().out.splitlines()
    found = find_key(parse_keys(line, "here"), said.rpartition(" ")[2])
    assert found is not None
    assert (found.name, found.scopes) == ("ann", {"predict", "docs"})
    with pytest.raises(Refusal, match="has the scope 'all'"):
        run("key", "ann", "--scopes", "all")


def test_a_refusal_record_is_not_served(packaged: list[Any]) -> None:
    Path("models/bento/refusal.json").write_text(json.dumps({"reasons": ["auc: Too low."]}))
    with pytest.raises(Refusal, match=r"nothing is packaged: auc: Too low."):
        run("serve")
    assert packaged == []


def test_a_challenger_is_verified_and_named_to_the_service(
    packaged: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("bundle", "models/bento/src/bundle"):
        write_tiny_bundle(tmp_path / folder)
    write_sums("models/bento")
    run("serve", "--challenger", "bundle", "--lane", "canary", "--share", "0.2", "--lane-key", "carrier")
    [(_, environment)] = packaged
    named = {name.removeprefix("PERENNIAL_"): value for name, value in environment.items() if "PERENNIAL_" in name}
    assert named["CHALLENGER"] == str(tmp_path / "bundle")
    assert (named["LANE"], named["CANARY_SHARE"], named["LANE_KEY"]) == ("canary", "0.2", "carrier")
    with pytest.raises(Refusal, match="--lane-key is 'carier', which is not an input"):
        run("serve", "--challenger", "bundle", "--lane-key", "carier")
    monkeypatch.setenv("PERENNIAL_CHALLENGER", "bundle")
    run("serve")
    assert packaged.pop()[1]["PERENNIAL_CHALLENGER"] == str(tmp_path / "bundle")
    monkeypatch.delenv("PERENNIAL_CHALLENGER")
    write_tiny_bundle(tmp_path / "several", task="multiclass")
    (tmp_path / "bundle/golden.json").write_text("{}")
    for words, reason in (
        (("--challenger", "bundle"), "golden.json is not the file that was packed"),
        (("--challenger", "several"), "the challenger several: its task is 'multiclass', the champion's 'binary'"),
        (("--challenger", "models"), "holds neither a bento nor a bundle"),
        (("--challenger", "models/bento", "--share", "0.1"), "--share is of a canary"),
        (("--lane-key", "carrier"), "--lane-key is about a challenger"),
        (("--port", "99999"), "--port is 99999: give one from 1 to 65535"),
    ):
        with pytest.raises(Refusal, match=reason):
            run("serve", *words)
    assert len(packaged) == 1
