import hashlib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from perennial.refusal import Refusal
from perennial.serving.lanes import describe_interface, is_drawn, name_key, refuse_different
from perennial.serving.schema import parse_fields
from tests.serving.desks import tiny_predictor
from tests.tiny import INPUTS, ROW

FIELDS = parse_fields({"inputs": INPUTS})
KEYS = [f"customer {number}" for number in range(20_000)]


def test_the_configured_column_decides_then_the_key_that_was_sent_then_all_inputs() -> None:
    assert name_key(FIELDS, ROW, "a", "carrier") == "UA"
    assert name_key(FIELDS, ROW | {"carrier": None}, "a", "carrier") == "a"
    assert name_key(FIELDS, ROW, "a") == "a"
    inputs = name_key(FIELDS, ROW, None)
    assert inputs == name_key(FIELDS, dict(reversed(ROW.items())), None)
    assert inputs == name_key(FIELDS, ROW | {"distance": 500}, None)
    assert inputs != name_key(FIELDS, ROW | {"holiday": True}, None)
    assert name_key(FIELDS, ROW | {"carrier": None}, None, "carrier") != inputs


def test_a_larger_share_only_adds_keys_and_each_share_is_as_large_as_it_says() -> None:
    drawn = [{key for key in KEYS if is_drawn(key, share, "abc")} for share in (0.0, 0.01, 0.05, 0.5, 1.0)]
    for smaller, larger in pairwise(drawn):
        assert smaller < larger
    assert [len(one) for one in (drawn[0], drawn[-1])] == [0, len(KEYS)]
    assert abs(len(drawn[2]) / len(KEYS) - 0.05) < 0.006
    others = {key for key in KEYS if is_drawn(key, 0.05, "other")}
    assert len(others & drawn[2]) < 0.01 * len(KEYS)


def test_the_hash_is_the_documented_one() -> None:
    for key in KEYS[:50]:
        share = int(hashlib.sha256(f"abc:{key}".encode()).hexdigest()[:16], 16) / 2**64
        assert is_drawn(key, share * 1.000001, "abc")
        assert not is_drawn(key, share * 0.999999, "abc")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"task": "regression"}, "its task is 'regression', the champion's 'binary'"),
        ({"target": "early"}, "its target is 'early'"),
        ({"classes": ["no", "yes"]}, "its classes is"),
        ({"personal": ["carrier"]}, "other columns of it are personal"),
        ({"bounds": True}, "it answers with bounds"),
    ],
)
def test_what_callers_would_notice_is_named(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    champion = describe_interface(tiny_predictor(tmp_path))
    refuse_different(champion, dict(champion))
    with pytest.raises(Refusal, match=reason):
        refuse_different(champion, champion | change)


def test_the_first_input_that_differs_is_named(tmp_path: Path) -> None:
    champion = describe_interface(tiny_predictor(tmp_path))
    inputs = champion["inputs"]
    more, less = inputs | {"speed": inputs["distance"]}, {k: v for k, v in inputs.items() if k != "holiday"}
    wider = inputs | {"distance": inputs["distance"] | {"high": 6000}}
    for changed, reason in (
        (more, "it wants an input 'speed'"),
        (less, "it lacks the input 'holiday'"),
        (wider, "the contract of its input 'distance' differs in `high`"),
    ):
        with pytest.raises(Refusal, match=reason):
            refuse_different(champion, champion | {"inputs": changed})
