import pytest

from perennial.data.contract import Contract, parse_contract
from perennial.data.roles import refuse_other_roles
from perennial.refusal import Refusal


def with_examples(**roles: str) -> Contract:
    examples = {name: {"dtype": "id", "role": role} for name, role in roles.items()}
    columns = {"id": {"dtype": "id", "known_at": "static"}}
    sources = {"events": {"path": "events.csv", "key": ["id"], "columns": columns}}
    return parse_contract({"sources": sources, "examples": examples})


def test_roles_that_say_what_params_say_are_taken() -> None:
    refuse_other_roles(with_examples(id="key", at="time"), {"key": "id", "time": "at", "target": None})
    refuse_other_roles(with_examples(), {"key": "id"})


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        (
            {"key": "code"},
            "problem.key is code, but in data/contract.yaml, examples, the role key has id: name the same",
        ),
        ({"time": None}, "problem.time is null, .* the role time has at"),
        ({"target": "late"}, "problem.target is late, .* the role target has no column"),
        ({"label_time": None}, "problem.label_known_at is null, .* the role label_time has seen and told"),
    ],
)
def test_roles_that_say_otherwise_are_refused(named: dict[str, str | None], sentence: str) -> None:
    contract = with_examples(id="key", at="time", seen="label_time", told="label_time")
    with pytest.raises(Refusal, match=sentence):
        refuse_other_roles(contract, named)
