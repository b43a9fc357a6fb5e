"""`perennial serve`: become the server of what was packaged; `perennial key`: who may ask it."""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from perennial.commands import Add
from perennial.commands.features import find_url
from perennial.io.bento import bento_command, bento_environment, verify_sums
from perennial.io.databases import absolute_url
from perennial.io.files import read_json
from perennial.io.params import read_params
from perennial.refusal import Refusal
from perennial.serving.guard import refuse_open_door
from perennial.serving.keys import SCOPES, describe_key, make_key, parse_keys
from perennial.serving.settings import PREFIX, read_settings

BENTO = Path("models/bento")
SETTINGS = {
    "serve.in_flight": "IN_FLIGHT",
    "serve.in_flight_per_caller": "IN_FLIGHT_PER_CALLER",
    "serve.timeout_seconds": "TIMEOUT_SECONDS",
    "serve.drain_seconds": "DRAIN_SECONDS",
    "log.url": "LOG_URL",
    "log.durability": "LOG_DURABILITY",
    "log.retention_days": "LOG_RETENTION_DAYS",
    "features.url": "FEATURES_URL",
    "features.max_age_seconds": "FEATURES_MAX_AGE_SECONDS",
}
PARAMS = ("serve.host", "serve.port", *SETTINGS)


def refuse_unpackaged(bento: Path = BENTO) -> None:
    """Raise Refusal with the reasons when nothing was packaged, or when the bento is not as it was packed."""
    record = bento / "refusal.json"
    if record.exists():
        raise Refusal(f"nothing is packaged: {'; '.join(read_json(record)['reasons'])}")
    verify_sums(bento)


def name_settings(p: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, str]:
    """Return params as the service reads them, PERENNIAL_…; what the environment says already goes before."""
    named = {f"{PREFIX}{name}": str(p[leaf]) for leaf, name in SETTINGS.items()}
    named[f"{PREFIX}LOG_URL"] = absolute_url(str(p["log.url"]))
    named[f"{PREFIX}FEATURES_URL"] = find_url(None, str(p["features.url"]), environment)
    return {name: environment.get(name) or value for name, value in named.items()}


def serve(arguments: argparse.Namespace) -> None:
    """Become the server of the packaged bento, on loopback unless there are API keys; ends with Ctrl-C."""
    refuse_unpackaged()
    p = read_params(PARAMS)
    host, port = arguments.host or p["serve.host"], arguments.port or p["serve.port"]
    environment = bento_environment() | name_settings(p, os.environ)
    settings = read_settings(environment)
    parse_keys(settings.api_keys, f"{PREFIX}API_KEYS")
    refuse_open_door(host, bool(settings.api_keys or settings.api_keys_file))
    print(f"http://{host}:{port}: a page to try it; GET /schema says what to send to POST /predict", flush=True)
    command = bento_command("serve", "--host", host, "--port", str(port), str(BENTO.absolute()))
    os.execve(command[0], command, environment)


def print_key(arguments: argparse.Namespace) -> None:
    """Make an API key: the key for its holder, and the line that lets it in."""
    key = make_key()
    line = describe_key(arguments.name, arguments.scopes.split(","), key)
    parse_keys(line, "this key")
    print(f"the key, shown once: {key}")
    print(f"for PERENNIAL_API_KEYS, or a line of PERENNIAL_API_KEYS_FILE:\n{line}")


def declare(add: Add) -> None:
    """Declare the words of this module and their options."""
    serving = add("serve", serve)
    serving.add_argument("--host", help="instead of serve.host of params.yaml")
    serving.add_argument("--port", type=int, help="instead of serve.port of params.yaml")
    key = add("key", print_key)
    key.add_argument("name", help="who will hold it, a word for logs and metrics")
    key.add_argument("--scopes", default="predict", help=f"some of {','.join(SCOPES)} (predict)")
