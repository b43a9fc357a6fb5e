"""A `dvc repro` with nothing to do, against `dvc status`, in alternating pairs: of a finished project, of an empty one.

The empty graph has one stage without a dependency: what it takes is DVC's own, and no project can be below it.
"""

import sys
import tempfile
from pathlib import Path

from measure import ROOT, median, run

EMPTY = "stages:\n  nothing:\n    cmd: echo\n"
PAIRS = 7


def time_pairs(folder: Path) -> tuple[float, float, float]:
    """Return the medians of the seconds of `dvc repro`, of `dvc status`, and of their ratio by pairs."""
    pairs = [(run(["dvc", "repro"], folder), run(["dvc", "status"], folder)) for _ in range(PAIRS)]
    repro, status = (median([pair[side]["wall"] for pair in pairs]) for side in (0, 1))
    return repro, status, median([first["wall"] / second["wall"] for first, second in pairs])


def main() -> None:
    if not (ROOT / "models" / "bundle").exists():
        sys.exit("run `make repro` first: this measures a finished project.")
    with tempfile.TemporaryDirectory() as name:
        empty = Path(name)
        for command in (["git", "init", "-q"], ["dvc", "init", "-q"]):
            run(command, empty)
        (empty / "dvc.yaml").write_text(EMPTY)
        run(["dvc", "repro"], empty)
        for what, folder in (("an empty graph", empty), ("this project", ROOT)):
            repro, status, ratio = time_pairs(folder)
            print(f"{what:15} no-op dvc repro {repro:.2f} s, dvc status {status:.2f} s, ratio {ratio:.2f}")
    print("targets of this project: ≤ 1 s and ≤ 1.3")


if __name__ == "__main__":
    main()
