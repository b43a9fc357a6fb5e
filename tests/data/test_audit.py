import numpy as np
import pandas as pd
import pytest

from perennial.data.audit import choose_cuts, compare_features, refuse_peeking, summarise_audit
from perennial.refusal import Refusal

DECISIONS = np.arange("2013-03-08T00:07", "2013-03-12T00:07", 45, dtype="datetime64[m]").astype("datetime64[us]")
ARRIVALS = np.array(["2013-03-09T10:00", "NaT", "2013-03-11T04:30"], dtype="datetime64[us]")


def cuts(**changes: int) -> list[tuple[str, np.datetime64]]:
    sizes = {"random": 3, "adversarial": 2, "seed": 0} | changes
    return choose_cuts(DECISIONS, {"arrived_at": ARRIVALS}, days=["2013-03-10"], **sizes)


def test_every_kind_of_cut_is_drawn_in_order_of_time() -> None:
    kinds = {kind for kind, _ in cuts()}
    assert kinds == {
        *("random", "a minute after a decision", "midnight", "just before arrived_at", "at arrived_at"),
        "the day 2013-03-10",
    }
    instants = [cut for _, cut in cuts()]
    assert instants == sorted(instants)
    assert DECISIONS[0] < instants[0] <= instants[-1] <= DECISIONS[-1]


def test_cuts_are_where_their_kind_says() -> None:
    by_kind: dict[str, list[np.datetime64]] = {}
    for kind, cut in cuts():
        by_kind.setdefault(kind, []).append(cut)
    minute = np.timedelta64(1, "m")
    assert all(cut - minute in DECISIONS for cut in by_kind["a minute after a decision"])
    assert all(cut == cut.astype("datetime64[D]") for cut in by_kind["midnight"])
    assert by_kind["at arrived_at"] == [ARRIVALS[0], ARRIVALS[2]]
    assert [cut + minute for cut in by_kind["just before arrived_at"]] == by_kind["at arrived_at"]


def test_the_same_seed_draws_the_same_cuts() -> None:
    assert cuts() == cuts()
    assert cuts(seed=1) != cuts()


def frame(**columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame({"id": ["a", "b"], "x": [1.0, 2.0], "c": ["u", None]} | columns)


@pytest.mark.parametrize(
    ("masked", "column", "values"),
    [
        ({}, None, None),
        ({"x": [1.0 + 9e-10, 2.0]}, None, None),
        ({"x": [1.0, 2.0 + 2e-9]}, "x", ("2.0", "2.000000002")),
        ({"x": [1.0, None]}, "x", ("2.0", "nan")),
        ({"c": ["u", "v"]}, "c", ("nan", "v")),
        ({"c": ["w", None]}, "c", ("u", "w")),
        ({"id": ["a", "z"]}, "id", ("there", "absent")),
    ],
)
def test_what_differs_is_named_with_both_values(
    masked: dict[str, list[object]], column: str | None, values: tuple[str, str] | None
) -> None:
    found = compare_features(frame(), frame(**masked), key="id", columns=["x", "c"], cut="t")
    assert [one.column for one in found] == ([column] if column else [])
    if values:
        assert (found[0].full, found[0].masked) == values


def test_the_order_of_the_rows_does_not_matter() -> None:
    assert compare_features(frame(), frame().iloc[::-1], key="id", columns=["x", "c"], cut="t") == []


def test_a_peek_is_refused_with_columns_a_row_and_both_values() -> None:
    found = compare_features(frame(), frame(x=[1.0, 7.0]), key="id", columns=["x"], cut="2013-03-10T05:00")
    with pytest.raises(Refusal, match=r"x \(1 rows; at 2013-03-10T05:00 row b is 2\.0 in full and 7\.0"):
        refuse_peeking(found, 2)
    refuse_peeking([], 2)


def test_a_clean_audit_is_summed_up_by_kind() -> None:
    facts = summarise_audit([("midnight", DECISIONS[0]), ("midnight", DECISIONS[1])], 10, 2)
    assert facts["passed"] is True
    assert facts["cuts"] == [{"kind": "midnight", "count": 2}]
