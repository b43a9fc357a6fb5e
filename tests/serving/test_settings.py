from pathlib import Path
from typing import Any

import pytest

from perennial.refusal import Refusal
from perennial.serving.settings import Settings, read_settings

URL = {"PERENNIAL_LOG_URL": "sqlite:////x/y.db"}


def test_what_the_environment_says_is_read_and_the_rest_has_defaults() -> None:
    given = URL | {"PERENNIAL_IN_FLIGHT": "7", "PERENNIAL_DRAIN_SECONDS": "0.5", "PERENNIAL_OTHER": "x", "PATH": ""}
    assert read_settings(given) == Settings(log_url="sqlite:////x/y.db", in_flight=7, drain_seconds=0.5)
    assert read_settings({"PERENNIAL_LOG_DURABILITY": "off"}).log_url == ""


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "nothing says where predictions are recorded: set PERENNIAL_LOG_URL"),
        (URL | {"PERENNIAL_LOG_DURABILITY": "maybe"}, "give commit, queue, off"),
        (URL | {"PERENNIAL_IN_FLIGHT": "many"}, "PERENNIAL_IN_FLIGHT is 'many': give a whole number of at least 0"),
        (URL | {"PERENNIAL_LOG_RETENTION_DAYS": "0.5"}, "PERENNIAL_LOG_RETENTION_DAYS is '0.5': give a whole number"),
        (URL | {"PERENNIAL_IN_FLIGHT": "0"}, "must be above 0"),
        (URL | {"PERENNIAL_TIMEOUT_SECONDS": "nan"}, "PERENNIAL_TIMEOUT_SECONDS is 'nan'"),
        (URL | {"PERENNIAL_DRAIN_SECONDS": "-1"}, "PERENNIAL_DRAIN_SECONDS is '-1': give a number of at least 0"),
        (URL | {"PERENNIAL_LANE": "canery"}, "PERENNIAL_LANE is 'canery': give shadow or canary"),
        (URL | {"PERENNIAL_CANARY_SHARE": "5"}, "PERENNIAL_CANARY_SHARE must be from 0 to 1"),
        (URL | {"PERENNIAL_CANARY_SHARE": "some"}, "PERENNIAL_CANARY_SHARE is 'some'"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refusal, match=reason):
        read_settings(given)


def test_the_address_of_the_log_may_stand_in_a_file_which_goes_before(tmp_path: Path) -> None:
    path = tmp_path / "url"
    path.write_text("postgresql+psycopg://u:p@h/d\n")
    assert read_settings(URL | {"PERENNIAL_LOG_URL_FILE": str(path)}).log_url == "postgresql+psycopg://u:p@h/d"
    path.unlink()
    with pytest.raises(Refusal, match=r"PERENNIAL_LOG_URL_FILE names .*url, which cannot be read"):
        read_settings(URL | {"PERENNIAL_LOG_URL_FILE": str(path)})
    path.write_text("\n")
    with pytest.raises(Refusal, match="nothing says where predictions are recorded"):
        read_settings({"PERENNIAL_LOG_URL_FILE": str(path)})
