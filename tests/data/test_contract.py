from datetime import date
from typing import Any

import pytest

from perennial.data.contract import (
    column_of_role,
    features_of,
    inputs_of,
    is_static,
    order_sources,
    parse_contract,
)
from perennial.refusal import Refusal

ID = {"dtype": "id", "known_at": "at"}
NUMBER = {"dtype": "numeric", "known_at": "at"}
INSTANT = {"dtype": "datetime", "known_at": "at"}


def document(**changes: Any) -> dict[str, Any]:
    events = {
        "path": "events.csv",
        "key": ["id"],
        "time": "at",
        "columns": {"id": ID, "at": INSTANT},
    }
    places = {"path": "places.csv", "key": ["id"], "columns": {"id": {"dtype": "id", "known_at": "static"}}}
    examples = {"id": {"dtype": "id", "role": "key"}, "x": {"dtype": "numeric", "role": "input"}}
    return {"sources": {"events": events | changes, "places": places}, "examples": examples}


def test_a_contract_is_parsed_into_sources_and_examples() -> None:
    contract = parse_contract(document())
    assert contract.sources["events"].key == ("id",)
    assert contract.sources["events"].max_bad_share == 0.0
    assert [column.name for column in inputs_of(contract)] == ["x"]
    assert (column_of_role(contract, "key"), column_of_role(contract, "time")) == ("id", None)


def test_the_time_of_the_decision_may_be_an_input_by_which_no_copies_are_told() -> None:
    time = {"at": {"dtype": "datetime", "role": "time", "input": True}}
    contract = parse_contract(document() | {"examples": document()["examples"] | time})
    assert [column.name for column in inputs_of(contract)] == ["x", "at"]
    assert [column.name for column in features_of(contract)] == ["x"]


def test_static_sources_come_first_because_others_look_them_up() -> None:
    assert [source.name for source in order_sources(parse_contract(document()))] == ["places", "events"]
    assert is_static(parse_contract(document()).sources["places"])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"pth": "x"}, "sources.events has the unknown key `pth`; the nearest is `path`"),
        ({"path": ""}, "sources.events has no `path`"),
        ({"key": ["nope"]}, "names `nope` as key or time but has no such column"),
        ({"time": "when"}, "names `when` as key or time"),
        ({"columns": {"id": {"dtype": "string", "known_at": "at"}}}, "the dtype of sources.events.id is 'string'"),
        ({"columns": {"id": {"dtype": "id"}}}, "sources.events.id does not say when it is known"),
        ({"columns": {"id": {"dtype": "id", "known_at": "at", "range": 3}}}, "the range of sources.events.id is 3"),
        ({"columns": {"id": {"dtype": "id", "known_at": "at", "nulable": True}}}, "the nearest is `nullable`"),
        ({"columns": {"id": None}}, "sources.events.id is None"),
        ({"missing": [None]}, "missing of sources.events holds None, not text: put the word in quotes"),
        ({"missing": "NA"}, "missing of sources.events is 'NA': give a list"),
        ({"columns": {"id": ID | {"allowed": [False]}}}, "allowed of sources.events.id holds False, not text"),
        ({"columns": {"id": ID | {"range": [0, 1]}}}, "the range of sources.events.id, id, has the bound 0"),
        (
            {"columns": {"id": NUMBER | {"range": ["a", 1]}}},
            "the range of sources.events.id, numeric, has the bound 'a'",
        ),
        ({"columns": {"id": NUMBER | {"range": [2, 1]}}}, "high before low"),
        ({"columns": {"id": INSTANT | {"range": ["soon", None]}}}, "has the bound 'soon'"),
        ({"columns": {"id": NUMBER | {"missing_known_at": "at"}}}, "missing_known_at is for category, text and id"),
        (
            {"columns": {"id": INSTANT | {"input": True}}},
            "has `input` without the role time: say `role: input` instead",
        ),
        ({"derived": {"late": INSTANT | {"known_at": "done", "nullable": False}}}, "so make it nullable"),
    ],
)
def test_a_wrong_source_is_refused_in_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence.replace(".", r"\.")):
        parse_contract(document(**changes))


@pytest.mark.parametrize(
    ("dtype", "bounds", "parsed"),
    [
        ("numeric", [0, 1.5], (0, 1.5)),
        ("numeric", [None, 1], (None, 1)),
        ("numeric", None, (None, None)),
        ("datetime", ["1970-01-02", None], (86400, None)),
        ("datetime", [date(1970, 1, 1), "1970-01-01T01:00:00+01:00"], (0, 0)),
    ],
)
def test_a_range_may_be_open_and_is_in_seconds_for_instants(dtype: str, bounds: Any, parsed: tuple[Any, Any]) -> None:
    columns = {"id": ID, "at": INSTANT, "x": {"dtype": dtype, "range": bounds, "known_at": "at"}}
    *_, column = parse_contract(document(columns=columns)).sources["events"].columns
    assert (column.low, column.high) == parsed


def test_a_required_cell_may_be_known_with_the_key_or_always() -> None:
    columns = {"id": ID | {"nullable": False}, "at": INSTANT, "x": NUMBER | {"nullable": False, "known_at": "static"}}
    assert not parse_contract(document(columns=columns)).sources["events"].columns[0].nullable


@pytest.mark.parametrize("wrong", [None, [], {}, {"sources": {}}, {"sources": {"a": {}}, "exmples": {}}])
def test_a_document_that_is_no_contract_is_refused(wrong: Any) -> None:
    with pytest.raises(Refusal):
        parse_contract(wrong)


def test_an_example_needs_a_role() -> None:
    wrong = document() | {"examples": {"x": {"dtype": "numeric"}}}
    with pytest.raises(Refusal, match=r"the role of examples\.x is None"):
        parse_contract(wrong)
