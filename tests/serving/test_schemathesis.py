"""The service keeps every promise of its OpenAPI document, and refuses whatever that does not promise."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from perennial.io.feature_store import open_features, write_features
from perennial.io.server import run_server
from perennial.serving.keys import describe_key
from tests.io.features import make_feature, make_run
from tests.tiny import ROW

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
HERE = Path(__file__).parent


def ask_everything(port: int, folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """Ask a service whatever its document lets one think of, in the same order each time."""
    command = [str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(HERE / "schemathesis.toml")]
    command += ["run", f"http://127.0.0.1:{port}/openapi.json", "--checks=all"]
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "tests.serving.schemathesis_hooks", "NO_COLOR": "1"}
    environment["PYTHONPATH"] = f"{HERE.parents[1]}:{HERE.parents[1] / 'src'}"
    return subprocess.run([*command, *options], cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("guarded", [False, True], ids=["open", "with keys"])
def test_nothing_that_is_asked_gets_what_is_not_promised(bento: Path, tmp_path: Path, guarded: bool) -> None:
    url = f"sqlite:///{tmp_path}/features.db"
    engine = open_features(url)
    write_features(engine, [[make_feature(1, inputs=json.dumps(ROW))]], make_run(1))
    engine.dispose()
    settings, options = {"PERENNIAL_FEATURES_URL": url}, ["--max-examples=40"]
    if guarded:
        settings["PERENNIAL_API_KEYS"] = describe_key("ann", ["predict", "feedback", "metrics", "docs"], "secret")
        options = ["--header", "Authorization: Bearer secret", "--phases=examples,fuzzing", "--max-examples=15"]
    with run_server(bento, timeout=150, settings=settings) as server:
        done = ask_everything(server.port, tmp_path, *options)
    assert done.returncode == 0, done.stdout[:3000] + done.stdout[-6000:]
    assert "Operations:       8 selected / 8 total" in done.stdout
    assert "✅ 8 passed" in done.stdout.partition("Fuzzing")[2], done.stdout[-3000:]
