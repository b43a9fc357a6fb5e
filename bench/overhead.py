"""CPU that the graph costs over one script that makes the same twelve calls in one process."""

import sys
import tempfile
from pathlib import Path

from measure import GRAPH, clone, run

ONE_SCRIPT = "import importlib\n" + "\n".join(
    f"importlib.import_module('perennial.stages.{stage}').main()" for stage in GRAPH
)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        script = run([sys.executable, "-c", ONE_SCRIPT], clone(Path(folder) / "script"))
        graph = run(["dvc", "repro", "--force", "--no-run-cache"], clone(Path(folder) / "graph"))
    print(f"{'':12}{'CPU s':>9}{'wall s':>9}{'peak MB':>9}")
    for name, figures in (("one script", script), ("dvc repro", graph)):
        print(f"{name:12}{figures['cpu']:9.1f}{figures['wall']:9.1f}{figures['peak_mb']:9.0f}")
    print(f"overhead of the graph: {graph['cpu'] - script['cpu']:.1f} s of CPU (target ≤ 15)")


if __name__ == "__main__":
    main()
