"""data/contract.yaml, read."""

from pathlib import Path

import yaml

from perennial.data.contract import Contract, parse_contract
from perennial.refusal import Refusal

PATH = "data/contract.yaml"


def read_contract(path: str | Path = PATH) -> Contract:
    """Read the contract; raises Refusal when it is absent, not YAML, or not a contract."""
    try:
        document = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Refusal(f"{path} is not there: run this in the root of the repository.") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(f"{path} is not YAML in UTF-8: {' '.join(str(error).split())}.") from None
    try:
        return parse_contract(document)
    except (AttributeError, TypeError, IndexError, KeyError, ValueError) as error:
        if isinstance(error, Refusal):
            raise
        raise Refusal(f"{path} is not a contract ({error}): compare its shape with the one in Git.") from None
