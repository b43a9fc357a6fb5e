from pathlib import Path

import pytest

from perennial.cli import parse_arguments
from perennial.commands.health import doctor
from perennial.refusal import Refusal
from tests.io.repository import make_repository


def test_the_doctor_names_a_fault_and_its_remedy_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_repository(tmp_path / "project", monkeypatch)
    doctor(parse_arguments(["doctor"]))
    assert "wrong" not in capsys.readouterr().out
    Path(".dvc/tmp").mkdir()
    Path(".dvc/tmp/rwlock").write_text("{")
    with pytest.raises(Refusal, match="1 of these are wrong"):
        doctor(parse_arguments(["doctor"]))
    said = capsys.readouterr().out
    assert "✗ wrong  DVC locks: .dvc/tmp/rwlock is not what DVC writes\n           mend: rm .dvc/tmp/rwlock" in said
    assert "✓ well   cache: 1 objects, whole" in said
