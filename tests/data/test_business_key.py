from datetime import datetime
from typing import Any

import pytest

from perennial.data.business_key import key_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("007", "007"),
        (7, "7"),
        (7.0, "7"),
        (7.5, "7.5"),
        (1e22, "10000000000000000000000"),
        (float("inf"), "inf"),
        (datetime(2013, 7, 1, 12), "2013-07-01T12:00:00"),
    ],
)
def test_a_key_of_a_table_and_that_of_a_request_are_the_same_text(value: Any, text: str) -> None:
    assert key_text(value) == text
