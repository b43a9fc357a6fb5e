"""Tables of text cells, as a file gives them."""

import numpy as np
import pandas as pd

from perennial.adoption.plan import TablePlan, Wishes, plan_table


def customers(rows: int = 400, seed: int = 0) -> pd.DataFrame:
    """A table of customers: a number, words, a flag, an e-mail, and whether they left; all cells text."""
    draw = np.random.default_rng(seed)
    spend, plan = draw.gamma(2.0, 30.0, rows), draw.choice(["basic", "plus", "pro"], rows)
    left = draw.random(rows) < 1 / (1 + np.exp((spend - 40) / 20))
    return pd.DataFrame(
        {
            "customer_id": [f"C{number:05d}" for number in range(rows)],
            "email": [f"p{number}@example.org" for number in range(rows)],
            "spend": [f"{value:.2f}" for value in spend],
            "plan": plan,
            "gender": draw.choice(["f", "m"], rows),
            "country": "DE",
            "churned": np.where(left, "yes", "no"),
        }
    )


def orders(rows: int = 600, seed: int = 0) -> pd.DataFrame:
    """Orders over ninety days, with parts of their price: the price is amount plus fee, paid afterwards."""
    draw = np.random.default_rng(seed)
    ordered = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.sort(draw.integers(0, 90 * 86400, rows)), unit="s")
    amount, fee = draw.gamma(2.0, 10.0, rows), draw.gamma(1.0, 3.0, rows)
    return pd.DataFrame(
        {
            "ordered_at": ordered.astype("str"),
            "paid_at": (ordered + pd.Timedelta(hours=5)).astype("str"),
            "items": draw.integers(1, 9, rows).astype(str),
            "amount": [f"{value:.2f}" for value in amount],
            "fee": [f"{value:.2f}" for value in fee],
            "total": [f"{value:.2f}" for value in amount + fee],
        }
    )


def plan_of(table: pd.DataFrame, **wishes: str) -> TablePlan:
    """What is proposed for a table named `t`."""
    return plan_table(table, "t", Wishes(**wishes))
