"""`perennial serve`: become the server of what was packaged."""

import argparse
import os
from pathlib import Path

from perennial.commands import Add
from perennial.io.bento import bento_command, bento_environment, verify_sums
from perennial.io.files import read_json
from perennial.io.params import read_params
from perennial.refusal import Refusal

BENTO = Path("models/bento")
PARAMS = ("serve.port",)


def refuse_unpackaged(bento: Path = BENTO) -> None:
    """Raise Refusal with the reasons when nothing was packaged, or when the bento is not as it was packed."""
    record = bento / "refusal.json"
    if record.exists():
        raise Refusal(f"nothing is packaged: {'; '.join(read_json(record)['reasons'])}")
    verify_sums(bento)


def serve(arguments: argparse.Namespace) -> None:
    """Become the server of the packaged bento, on loopback; ends with Ctrl-C."""
    refuse_unpackaged()
    port = arguments.port or read_params(PARAMS)["serve.port"]
    print(f"http://127.0.0.1:{port}: GET /schema says what to send to POST /predict", flush=True)
    command = bento_command("serve", "--host", "127.0.0.1", "--port", str(port), str(BENTO.absolute()))
    os.execve(command[0], command, bento_environment())


def declare(add: Add) -> None:
    """Declare the words of this module and their options."""
    add("serve", serve).add_argument("--port", type=int, help="instead of serve.port of params.yaml")
