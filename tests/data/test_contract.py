from typing import Any

import pytest

from perennial.data.contract import column_of_role, inputs_of, is_static, order_sources, parse_contract
from perennial.refusal import Refusal


def document(**changes: Any) -> dict[str, Any]:
    events = {
        "path": "events.csv",
        "key": ["id"],
        "time": "at",
        "columns": {"id": {"dtype": "id", "known_at": "at"}, "at": {"dtype": "datetime", "known_at": "at"}},
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
    ],
)
def test_a_wrong_source_is_refused_in_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence.replace(".", r"\.")):
        parse_contract(document(**changes))


@pytest.mark.parametrize("wrong", [None, [], {}, {"sources": {}}, {"sources": {"a": {}}, "exmples": {}}])
def test_a_document_that_is_no_contract_is_refused(wrong: Any) -> None:
    with pytest.raises(Refusal):
        parse_contract(wrong)


def test_an_example_needs_a_role() -> None:
    wrong = document() | {"examples": {"x": {"dtype": "numeric"}}}
    with pytest.raises(Refusal, match=r"the role of examples\.x is None"):
        parse_contract(wrong)
