import pytest

from perennial.evaluation.spans import reaches_into


@pytest.mark.parametrize(
    ("seen", "first", "reaches"),
    [
        ("2013-06-30T22:00:00", "2013-07-01T00:00:00", False),
        ("2013-07-01T00:00:00", "2013-07-01T00:00:00", True),
        ("2013-07-02T00:00:00Z", "2013-07-01", True),
        (None, "2013-07-01", False),
        ("2013-07-01", None, False),
    ],
)
def test_what_was_seen_must_end_before_the_test(seen: str | None, first: str | None, reaches: bool) -> None:
    assert reaches_into(seen, first) is reaches
