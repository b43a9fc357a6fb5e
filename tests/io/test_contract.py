from pathlib import Path

import pytest

from perennial.io.contract import read_contract
from perennial.refusal import Refusal
from tests.conftest import ROOT


def test_the_contract_of_the_repository_is_one() -> None:
    contract = read_contract(ROOT / "data" / "contract.yaml")
    assert set(contract.sources) == {"flights", "weather", "planes", "airports", "airlines"}


@pytest.mark.parametrize(
    ("text", "sentence"), [(None, "is not there"), ("a: [", "is not YAML"), ("[]", "no `sources`")]
)
def test_a_file_that_is_no_contract_is_refused(tmp_path: Path, text: str | None, sentence: str) -> None:
    if text is not None:
        (tmp_path / "contract.yaml").write_text(text)
    with pytest.raises(Refusal, match=sentence):
        read_contract(tmp_path / "contract.yaml")
