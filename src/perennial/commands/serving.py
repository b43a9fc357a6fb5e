"""`perennial serve`: become the server of what was packaged; `perennial key`: who may ask it."""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from perennial.commands import Add
from perennial.commands.features import find_url
from perennial.commands.models import find_bento, find_bundle
from perennial.io.bento import bento_command, bento_environment, verify_sums
from perennial.io.databases import absolute_url
from perennial.io.files import read_json
from perennial.io.params import read_params
from perennial.refusal import Refusal
from perennial.serving.guard import refuse_open_door
from perennial.serving.keys import SCOPES, describe_key, make_key, parse_keys
from perennial.serving.lanes import describe_interface, refuse_different
from perennial.serving.runtime import load_predictor
from perennial.serving.settings import CANARY, LANES, PREFIX, read_settings

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
    """Return params as the service reads them, PERENNIAL_…; what the environment says already goes before.

    Paths are absolute: BentoML's workers run inside the bento, which nothing may be written into.
    """
    named = {f"{PREFIX}{name}": environment.get(f"{PREFIX}{name}") or str(p[leaf]) for leaf, name in SETTINGS.items()}
    named[f"{PREFIX}LOG_URL"] = absolute_url(named[f"{PREFIX}LOG_URL"])
    named[f"{PREFIX}FEATURES_URL"] = find_url(None, str(p["features.url"]), environment)
    files = [f"{PREFIX}{name}" for name in ("API_KEYS_FILE", "LOG_URL_FILE")]
    return named | {name: str(Path(environment[name]).absolute()) for name in files if environment.get(name)}


def find_challenger(word: str, bento: Path, lane_key: str | None = None) -> Path:
    """Return the bundle that challenges that of a bento; raises Refusal unless it loads and has the same contract.

    `lane_key` names the input whose value decides who answers, if any does.
    """
    bundle = find_bundle(word)
    champion, challenger = (describe_interface(load_predictor(one)) for one in (bento / "src" / "bundle", bundle))
    try:
        refuse_different(champion, challenger)
    except Refusal as refusal:
        raise Refusal(f"the challenger {word}: {refusal}") from None
    if lane_key and lane_key not in champion["inputs"]:
        raise Refusal(f"--lane-key is {lane_key!r}, which is not an input: name one, or none.")
    return bundle


def name_lanes(arguments: argparse.Namespace, bento: Path) -> dict[str, str]:
    """Return the options about a challenger as the service reads them."""
    word = arguments.challenger or os.environ.get(f"{PREFIX}CHALLENGER")
    if not word:
        if alone := [name for name in ("lane", "share", "lane_key") if getattr(arguments, name) is not None]:
            raise Refusal(f"--{alone[0].replace('_', '-')} is about a challenger: name one with --challenger.")
        return {}
    if arguments.share is not None and (arguments.lane or os.environ.get(f"{PREFIX}LANE")) != CANARY:
        raise Refusal("--share is of a canary, which answers: add --lane canary.")
    given = {
        "CHALLENGER": str(find_challenger(word, bento, arguments.lane_key or os.environ.get(f"{PREFIX}LANE_KEY"))),
        "LANE": arguments.lane,
        "CANARY_SHARE": arguments.share,
        "LANE_KEY": arguments.lane_key,
    }
    return {f"{PREFIX}{name}": value for name, value in given.items() if value is not None}


def serve(arguments: argparse.Namespace) -> None:
    """Become the server of the packaged bento, on loopback unless there are API keys; ends with Ctrl-C."""
    bento = BENTO.absolute() if arguments.champion is None else find_bento(arguments.champion)
    refuse_unpackaged(bento)
    p = read_params(PARAMS)
    host, port = arguments.host or p["serve.host"], arguments.port or p["serve.port"]
    if not 0 < port < 65_536:
        raise Refusal(f"--port is {port}: give one from 1 to 65535.")
    environment = bento_environment() | name_settings(p, os.environ) | name_lanes(arguments, bento)
    settings = read_settings(environment)
    parse_keys(settings.api_keys, f"{PREFIX}API_KEYS")
    refuse_open_door(host, bool(settings.api_keys or settings.api_keys_file))
    print(f"http://{host}:{port}: a page to try it; GET /schema says what to send to POST /predict", flush=True)
    command = bento_command("serve", "--host", host, "--port", str(port), str(bento))
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
    serving.add_argument("--champion", metavar="PATH|VERSION", help="a bento or a release instead of models/bento")
    serving.add_argument("--challenger", metavar="PATH|VERSION", help="a bundle, a bento or a release beside it")
    serving.add_argument("--lane", choices=LANES, help="shadow: scores and answers nothing (default); canary: a share")
    serving.add_argument("--share", help="of the keys that a canary answers, 0 to 1 (0.05)")
    serving.add_argument("--lane-key", metavar="INPUT", help="whose value decides who answers, before the key sent")
    key = add("key", print_key)
    key.add_argument("name", help="who will hold it, a word for logs and metrics")
    key.add_argument("--scopes", default="predict", help=f"some of {','.join(SCOPES)} (predict)")
