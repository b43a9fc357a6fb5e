from perennial.data.contract import Column
from perennial.model.schema import describe_inputs


def test_inputs_carry_their_rules() -> None:
    columns = [
        Column("x", "numeric", low=0.0, high=5.0, unit="miles"),
        Column("c", "category", nullable=False, allowed=("a",)),
    ]
    x, c = describe_inputs(columns)
    assert (x["name"], x["dtype"], x["nullable"], x["range"], x["allowed"]) == ("x", "numeric", True, [0.0, 5.0], None)
    assert (c["name"], c["dtype"], c["nullable"], c["range"], c["allowed"]) == ("c", "category", False, None, ["a"])
