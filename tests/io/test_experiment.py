import pytest

from perennial.io.experiment import time_stages


def test_stages_are_timed_and_every_line_is_passed_on(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        "Stage 'ingest' didn't change, skipping\n",
        "Running stage 'gate':\n",
        "> python\n",
        "Running stage 'a':\n",
    ]
    assert list(time_stages(lines)) == ["gate", "a"]
    assert capsys.readouterr().out == "".join(lines)


def test_nothing_ran() -> None:
    assert time_stages(["Data and pipelines are up to date.\n"]) == {}
