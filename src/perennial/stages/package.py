"""package: the bento of a blessed bundle; for any other a record of the reasons, so that the experiment is kept."""

from pathlib import Path

from perennial.evaluation.gate import refusal_reasons
from perennial.io.bento import SHIPPED, build_bento, choose_lock
from perennial.io.bundle import bundle_hash, load_bundle
from perennial.io.files import read_json, replace_folder, write_json
from perennial.io.params import read_params
from perennial.io.process import run_stage
from perennial.refusal import Refusal

PARAMS = (
    "package.max_body_bytes",
    "package.max_rows",
    "problem.as_of",
    "problem.audience",
    "problem.decision",
    "problem.key",
    "problem.label",
    "problem.moment",
    "problem.statement",
)
SHIPS = SHIPPED
"""Modules that are copied, not imported: their closure is a dep all the same."""

BUNDLE = Path("models/bundle")
BENTO = Path("models/bento")
VERDICT = "metrics/gate.json"


def find_reasons(bundle: Path) -> list[str]:
    """Return why the bundle may not be packaged: altered, or without a blessing of its own; empty when it may."""
    try:
        load_bundle(bundle)
    except Refusal as refusal:
        return [f"altered: {refusal}"]
    return refusal_reasons(read_json(VERDICT), bundle_hash(bundle))


def main() -> None:
    """Read bundle and verdict; write the bento or the refusal."""
    p = read_params(PARAMS)
    if reasons := find_reasons(BUNDLE):
        with replace_folder(BENTO) as folder:
            write_json(folder / "refusal.json", {"packaged": False, "reasons": reasons})
        return
    limits = {"max_rows": p["package.max_rows"], "max_body_bytes": p["package.max_body_bytes"]}
    card = {
        "statement": p["problem.statement"],
        "decision": p["problem.decision"],
        "audience": p["problem.audience"],
        "moment": p["problem.moment"],
        "label": p["problem.label"],
    }
    packaged = {"card": card, "key": p["problem.key"], "verdict": read_json(VERDICT)}
    build_bento(BUNDLE, BENTO, limits=limits, as_of=p["problem.as_of"], packaged=packaged, lock=choose_lock(BUNDLE))


if __name__ == "__main__":
    run_stage(main)
