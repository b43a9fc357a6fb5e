import pandas as pd
import pytest

from perennial.adoption.plan import TablePlan, Wishes, plan_table
from perennial.refusal import Refusal
from tests.adoption.tables import customers, orders


def roles(plan: TablePlan) -> dict[str, str]:
    return {column.name: column.role for column in plan.columns}


def test_every_column_of_customers_has_its_part() -> None:
    plan = plan_table(customers(), "customers", Wishes())
    assert roles(plan) == {
        **{"customer_id": "key", "email": "ignored", "spend": "input", "plan": "input"},
        **{"gender": "input", "country": "ignored", "churned": "target"},
    }
    assert plan.target.task == "binary"
    assert {column.name for column in plan.columns if column.pii} == {"email"}
    assert {column.name for column in plan.columns if column.sensitive} == {"gender"}


def test_what_only_happens_afterwards_is_kept_out_and_said() -> None:
    plan = plan_table(orders(), "orders", Wishes(target="total"))
    assert plan.time == "ordered_at"
    assert {name for name, role in roles(plan).items() if role == "ignored"} == {"paid_at", "amount", "fee"}
    assert [warning.split(":")[0] for warning in plan.warnings[:-1]] == ["paid_at", "amount", "fee"]


def test_another_date_is_an_input() -> None:
    table = orders().assign(joined=[f"0{day % 9 + 1}.0{day % 7 + 1}.2019" for day in range(600)])
    plan = plan_table(table, "orders", Wishes(target="total"))
    joined = next(column for column in plan.columns if column.name == "joined")
    assert (joined.role, joined.dtype) == ("input", "datetime")
    assert joined.reason == "dates written %d.%m.%Y; its parts and ages are learned from"


def test_free_text_is_an_input_whose_values_are_shown_nowhere() -> None:
    table = customers().assign(remark=[f"they said {n} things and went home" for n in range(400)])
    plan = plan_table(table, "t", Wishes(target="churned"))
    remark = next(column for column in plan.columns if column.name == "remark")
    assert (remark.role, remark.dtype, remark.pii) == ("input", "text", True)


def test_a_copy_of_the_target_is_kept_out() -> None:
    table = customers()
    table["reason"] = table["churned"].map({"yes": "left", "no": "stays"})
    plan = plan_table(table, "t", Wishes(target="churned"))
    assert roles(plan)["reason"] == "ignored"
    assert any("reason" in warning and "nearly decides" in warning for warning in plan.warnings)


def test_a_table_of_dates_that_is_split_at_random_is_warned_of() -> None:
    plan = plan_table(orders(), "orders", Wishes(target="items", time="none"))
    assert any("--time ordered_at" in warning for warning in plan.warnings)


def test_a_table_of_years_that_is_split_at_random_is_warned_of() -> None:
    table = customers().assign(year=[str(2000 + row // 40) for row in range(400)])
    warnings = plan_table(table, "t", Wishes(target="churned")).warnings
    assert "year looks like a year, but rows are split at random: join it to a date, then say --time." in warnings


def test_copies_are_counted() -> None:
    table = customers().drop(columns=["customer_id", "email"])
    assert plan_table(pd.concat([table, table.head(7)]).reset_index(drop=True), "t", Wishes()).copies >= 7


@pytest.mark.parametrize(
    ("table", "wishes", "said"),
    [
        (customers().head(0), Wishes(), "no rows"),
        (customers().rename(columns={"spend": " "}), Wishes(), "column 3 of the table has no name"),
        (customers().rename(columns={"spend": "PLAN"}), Wishes(), "'PLAN' and 'plan' have the same name"),
        (customers().rename(columns={"spend": "a\nb"}), Wishes(), "cannot be printed"),
        (customers(), Wishes(target="churn"), "--target churn: the table has no such column"),
        (customers(), Wishes(key="plan"), "--key plan: it has 3 values on 400 rows"),
        (customers(), Wishes(time="plan"), "--time plan: its cells do not read as dates"),
        (customers()[["customer_id", "country", "churned"]], Wishes(), "no column is left to learn from"),
        (customers(), Wishes(target="churned", group="churned"), "--target and --group both name churned"),
        (customers(), Wishes(key="churned"), "--key churned: it is taken for the target"),
        (customers(), Wishes(target="email"), "it is an identifier or a text"),
    ],
)
def test_a_hopeless_table_is_refused(table: pd.DataFrame, wishes: Wishes, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        plan_table(table, "t", wishes)


def test_numbers_too_far_to_be_squared_are_kept_out_and_said() -> None:
    table = customers().assign(far=[f"{number % 7}e300" for number in range(400)])
    far = next(column for column in plan_table(table, "t", Wishes(target="churned")).columns if column.name == "far")
    assert (far.role, far.reason, far.high) == ("ignored", "it goes beyond 1e+100: mend its unit", None)
