"""data/contract.yaml, read."""

from pathlib import Path

from perennial.data.contract import Contract, parse_contract
from perennial.io.documents import load_yaml
from perennial.refusal import Refusal

PATH = "data/contract.yaml"


def read_contract(path: str | Path = PATH) -> Contract:
    """Read the contract; raises Refusal when it is absent, not YAML, or not a contract."""
    document = load_yaml(path)
    try:
        return parse_contract(document)
    except (AttributeError, TypeError, IndexError, KeyError, ValueError) as error:
        if isinstance(error, Refusal):
            raise
        raise Refusal(f"{path} is not a contract ({error}): compare its shape with the one in Git.") from None
