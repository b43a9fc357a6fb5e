"""Where the feature table is, for the commands that write it, compare it and serve from it."""

import os
from collections.abc import Mapping

from perennial.data.fetching import Fetch
from perennial.io.credentials import fill_in, read_variables
from perennial.io.databases import absolute_url, parse_url
from perennial.refusal import Refusal

NAME = "the feature table"
VARIABLE = "PERENNIAL_FEATURES_URL"


def find_url(given: str | None, configured: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return the address that was given, else that of PERENNIAL_FEATURES_URL, else that of params.yaml.

    `${NAME}` stands for a variable of the environment; raises Refusal where a password is written out.
    """
    if given is None and environment.get(VARIABLE):
        return absolute_url(environment[VARIABLE], NAME)
    address = given or configured
    if "${" not in address and parse_url(address, NAME).password:
        raise Refusal(
            f"the address of {NAME} holds a password: write ${{VARIABLE}} for one of the environment that holds it, "
            f"or set {VARIABLE}."
        )
    declared = Fetch(address)
    return absolute_url(fill_in(declared, read_variables(declared)).url, NAME)
