import pandas as pd

from perennial.adoption.proposal import read_out
from tests.adoption.tables import customers, orders, plan_of


def test_the_proposal_is_read_out_with_its_reasons() -> None:
    said = "\n".join(read_out(plan_of(orders(), target="total")))
    assert "asked: total, regression" in said
    assert "suspected leak" in said
    assert "split: by time, ordered_at, over 90 days" in said


def test_copies_are_said_to_stay_together_only_where_they_do() -> None:
    """A split by time, or by a group of the table's own, does not look at copies."""
    alone = customers().drop(columns=["customer_id", "email"])
    twice = pd.concat([alone, alone], ignore_index=True)
    owned = twice.assign(shop_id=[f"S{number % 150}" for number in range(len(twice))])
    dated = pd.concat([orders(), orders()], ignore_index=True)
    kept = "copies stay on one side of the split"
    for table, wishes, together in (
        (twice, {}, True),
        (owned, {"group": "shop_id", "target": "churned"}, False),
        (dated, {"target": "total", "time": "ordered_at"}, False),
    ):
        [line] = [line for line in read_out(plan_of(table, **wishes)) if line.startswith("copies: ")]
        assert "rows repeat another" in line
        assert (kept in line) is together
