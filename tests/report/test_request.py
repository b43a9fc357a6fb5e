import pytest

from perennial.refusal import Refusal
from perennial.report.request import MAINTAINERS, MOST_SETTINGS, read_request, read_settings


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("/exp -S search.trials=50", ["search.trials=50"]),
        ("/exp -S problem.costs.false_negative=2.5 -S search.families=[linear]\n", None),
        ("/exp -S problem.as_of=2013-10-01T12:00", ["problem.as_of=2013-10-01T12:00"]),
    ],
)
def test_a_maintainer_sets_params(text: str, settings: list[str] | None) -> None:
    assert read_request(text, "MEMBER") == (settings or text.split()[2::2])


@pytest.mark.parametrize("association", ["CONTRIBUTOR", "NONE", "FIRST_TIME_CONTRIBUTOR", "", "owner"])
def test_nobody_else_does(association: str) -> None:
    with pytest.raises(Refusal, match="only maintainers"):
        read_request("/exp -S search.trials=50", association)


@pytest.mark.parametrize(
    "text",
    [
        "/exp",
        "/exp -S",
        "/exp -S search.trials=50; id",
        "/exp -S search.trials=50 --force",
        "/exp -S search.trials=$(id)",
        "/exp -S search.trials=`id`",
        "/exp -S search.trials=${oc.env:HOME}",
        "/exp -S search.trials='50'",
        "/exp -S ../x=1",
        "/exp -S +new.leaf=1",
        "/exp -S ~search.trials=1",
        "/exp -S search.trials=-S",
        "/exp -S search.trials==1",
        "/exp -S search=1",
        "/exp -S search.trials=",
        "/exp -S search.trials=50\n/exp -S search.trials=60",
        "please /exp -S search.trials=50",
        "/exp -S a.b=1 -S a.b=2",
        "/exp" + " -S a.b=1" * (MOST_SETTINGS + 1),
        "/exp -S a.b=" + "9" * 1000,
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(Refusal):
        read_request(text, MAINTAINERS[0])


def test_no_setting_is_an_answer_too() -> None:
    assert read_settings([]) == []
