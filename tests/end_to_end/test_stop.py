"""ctrl-C on the terminal that runs DVC reaches DVC and the search alike: the run goes on with the best so far."""

import os
import signal
import time
from pathlib import Path

import pytest
import yaml

from perennial.io.files import read_json
from perennial.stages import split
from tests.conftest import ROOT, run_command
from tests.end_to_end.small import start
from tests.stages.learned import make_project

STAGES = {
    "search": {
        "cmd": f"exec env PYTHONPATH={ROOT / 'src'} python -m perennial.stages.search",
        "deps": ["data/split.parquet"],
        "outs": [{"models/best.json": {"cache": False}}, {"metrics/search.json": {"cache": False}}],
    },
    "train": {"cmd": "cp models/best.json taken.json", "deps": ["models/best.json"], "outs": ["taken.json"]},
}


@pytest.mark.slow
def test_dvc_goes_on_with_what_a_stopped_search_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_project(tmp_path / "p", search__trials=5000)
    monkeypatch.chdir(folder)
    split.main()
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": STAGES}))
    assert run_command(folder, "dvc", "init", "--no-scm", "--quiet").returncode == 0
    with start(folder, "dvc", "repro") as dvc:
        while not any(log.read_bytes().count(b"\n") > 1 for log in Path(".perennial/studies").glob("*.log")):
            assert dvc.poll() is None
            time.sleep(0.02)
        os.killpg(dvc.pid, signal.SIGINT)
        said, _ = dvc.communicate(timeout=120)
    assert dvc.returncode == 0, said
    assert "stopped by hand after" in said
    assert read_json("metrics/search.json")["stopped"] == "by hand"
    assert Path("taken.json").read_bytes() == Path("models/best.json").read_bytes()
    assert set(yaml.safe_load(Path("dvc.lock").read_text())["stages"]) == {"search", "train"}
