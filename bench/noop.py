"""A `dvc repro` with nothing to do, against `dvc status`, in alternating pairs on a finished project."""

import sys

from measure import ROOT, median, run


def main() -> None:
    if not (ROOT / "models" / "bundle").exists():
        sys.exit("run `make repro` first: this measures a finished project.")
    pairs = [(run(["dvc", "repro"], ROOT), run(["dvc", "status"], ROOT)) for _ in range(7)]
    repro, status = (median([pair[side]["wall"] for pair in pairs]) for side in (0, 1))
    ratio = median([first["wall"] / second["wall"] for first, second in pairs])
    print(f"no-op dvc repro {repro:.2f} s, dvc status {status:.2f} s, ratio {ratio:.2f} (targets ≤ 1 s and ≤ 1.3)")


if __name__ == "__main__":
    main()
