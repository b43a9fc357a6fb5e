import json
import math
from typing import Any

import pytest

from perennial.model.floats import LONG, fold_floats, unfold_floats

DIGITS = [math.sqrt(number) * (-1) ** number for number in range(LONG)]


@pytest.mark.parametrize(
    "value",
    [
        {"dense": [DIGITS, DIGITS], "more": {"intercept": [0.5], "sizes": [1, 2]}},
        [*DIGITS[1:], -0.0, 5e-324, 1.7976931348623157e308],
        [float(number) for number in range(100)],
        [*DIGITS, 1],
        [*DIGITS, None],
        {"f8": "a text of its own", "b": True},
        [],
    ],
)
def test_every_bit_comes_back(value: Any) -> None:
    kept = json.loads(json.dumps(fold_floats(value), allow_nan=False))
    assert repr(unfold_floats(kept)) == repr(value)


def test_digits_are_folded_where_bits_are_shorter_and_else_left_to_be_read() -> None:
    assert len(json.dumps(fold_floats(DIGITS * 10))) < 0.75 * len(json.dumps(DIGITS * 10))
    assert fold_floats([0.5] * 100) == [0.5] * 100
    assert fold_floats(DIGITS[:-1]) == DIGITS[:-1]
    assert fold_floats(list(range(100))) == list(range(100))
