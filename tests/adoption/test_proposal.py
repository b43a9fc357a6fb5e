from perennial.adoption.proposal import read_out
from tests.adoption.tables import orders, plan_of


def test_the_proposal_is_read_out_with_its_reasons() -> None:
    said = "\n".join(read_out(plan_of(orders(), target="total")))
    assert "asked: total, regression" in said
    assert "suspected leak" in said
    assert "split: by time, ordered_at, over 90 days" in said
