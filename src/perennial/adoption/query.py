"""How the rows of an adopted table become examples: data/examples.sql."""

from perennial.adoption.joining import Joined, joined_relation
from perennial.adoption.names import group_name, is_suspected, row_name
from perennial.adoption.plan import TablePlan
from perennial.data.point_in_time import quote


def target_sql(plan: TablePlan) -> str:
    """Return the SQL of the target among the examples: a flag, a class or a number."""
    target, name = plan.target, quote(plan.target.name)
    if target.task != "binary" or target.dtype == "boolean":
        return name
    value = target.positive or ""
    if target.dtype != "numeric":
        value = "'" + value.replace("'", "''") + "'"
    return f"({name} = {value}) AS {name}"


def render_query(plan: TablePlan, joined: tuple[Joined, ...] = ()) -> str:
    """Return data/examples.sql: one row per row of the table, without what is left out."""
    group = group_name(plan)
    inputs = [quote(column.name) for column in plan.columns if column.role == "input"]
    chosen = [quote(row_name(plan))]
    if group and not plan.group:
        cells = ", ".join(
            f"coalesce(CAST({quote(c.name)} AS VARCHAR), '')" for c in plan.columns if c.role in ("input", "target")
        )
        chosen.append(f"md5(concat_ws(chr(31), {cells})) AS {quote(group)}")
    kept = [column for column in plan.columns if column.role != "key" and column.name != plan.target.name]
    chosen += [
        quote(column.name) for column in kept if column.role in ("time", "group", "input") or is_suspected(column)
    ]
    lines = ",\n    ".join([*chosen, target_sql(plan)])
    said = (
        f"-- One row per row of the table {plan.name}, {len(inputs)} inputs. A feature is one more line here, and one\n"
    )
    order = quote(row_name(plan))
    rows = joined_relation(plan.name, joined)
    return f"{said}-- in data/contract.yaml.\nSELECT\n    {lines}\nFROM {rows}\nORDER BY {order}\n"
