"""The roles of the examples, held against the columns that params.yaml names."""

from collections.abc import Mapping

from perennial.data.contract import Contract
from perennial.refusal import Refusal

_DECLARED_AS = {"label_time": "label_known_at"}


def refuse_other_roles(contract: Contract, named: Mapping[str, str | None]) -> None:
    """Raise Refusal when the examples give a role to other columns than params.yaml, which knows {role: column}.

    A contract that has no examples yet contradicts nobody.
    """
    for role, name in named.items():
        found = [column.name for column in contract.examples if column.role == role]
        if contract.examples and found != ([name] if name else []):
            raise Refusal(
                f"problem.{_DECLARED_AS.get(role, role)} is {name or 'null'}, but in data/contract.yaml, examples, the "
                f"role {role} has {' and '.join(found) or 'no column'}: name the same column in both."
            )
