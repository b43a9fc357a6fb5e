"""The comment under a pull request: the verdict, what moved, what changed, what ran."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from perennial.report.blocks import Table, Text, Verdict, state_mark
from perennial.report.change import Run, diff_checks
from perennial.report.declared import tell_changes
from perennial.report.markdown import MOST_CHARACTERS, escape_text
from perennial.report.moves import draw_scores, score_table, tell_comparable, tell_primary
from perennial.report.opening import judge
from perennial.report.parts import blocks_of, fence, fold
from perennial.report.ran import tell_stages
from perennial.report.words import humanise, listed, short
from perennial.report.worst import tell_worst

CUT = "\n_The rest does not fit into a comment: see the whole page._\n"


def render_comment(
    base: Run,
    run: Run,
    *,
    files: Iterable[tuple[str, str]] = (),
    seconds: Mapping[str, float] | None = None,
    stale: Sequence[str] = (),
    page: str = "",
    settings: Sequence[str] = (),
    difference: Mapping[str, Any] | None = None,
) -> str:
    """Return the comment as Markdown of at most `MOST_CHARACTERS`, cut with a sentence.

    files: (status letter, path) between the two; seconds: of the stages that ran, None where nobody timed them;
    stale: stages whose committed dvc.lock is not what the code gave; page: address of the whole page; settings:
    params that were set for this run only; difference: of the primary score, paired by block.
    """
    parts = [
        head_line(base, run, stale, settings, difference),
        tell_scores(base, run, difference),
        tell_gate_moves(base, run),
        fold("What changed", tell_changes(base, run, files)),
        fold("Where it fails", tell_worst(base, run)),
        fold("What ran", tell_stages(base, run, seconds)),
    ]
    return cut_parts([part for part in parts if part], page_line(base, run, page))


def cut_parts(parts: Sequence[str], last: str) -> str:
    """Join the parts that fit and the last line, with a sentence where one did not fit."""
    room, kept = MOST_CHARACTERS - len(last) - len(CUT) - 2, list[str]()
    for part in parts:
        if len(part) + 1 <= room:
            room -= len(part) + 1
            kept.append(part)
    return "\n".join([*kept, *([CUT] if len(kept) < len(parts) else []), last])


def head_line(
    base: Run,
    run: Run,
    stale: Sequence[str],
    settings: Sequence[str],
    difference: Mapping[str, Any] | None = None,
) -> str:
    """The verdict, the primary score, and whatever must be known before either is believed."""
    gate = run.metrics.get("gate") or {}
    checks = gate.get("checks") or []
    verdict = judge(gate, checks, [check for check in checks if not check.get("passed")])
    title = f"## {verdict.symbol} {escape_text(verdict.word)}: {escape_text(tell_primary(base, run, difference))}\n"
    warnings: list[Text | Verdict] = []
    if settings:
        warnings.append(Text(f"An experiment with {listed(list(settings), 20)}: nothing of it is committed."))
    if stale:
        names = f"{'stage' if len(stale) == 1 else 'stages'} {listed([short(name) for name in stale], 20)}"
        sentence = f"This is not what the code gives in {names}: run `make repro` and commit what it writes."
        warnings.append(Verdict("failed", "dvc.lock", sentence))
    return "\n".join([title, blocks_of(Text(verdict.sentence), *warnings)])


def tell_scores(base: Run, run: Run, difference: Mapping[str, Any] | None = None) -> str:
    """Every score of both runs, and the primary one drawn with its intervals."""
    table = score_table(base, run)
    if table is None:
        return blocks_of(Text("This run has measured nothing: there are no scores to show."))
    read = tell_comparable(base, run, difference)
    drawn = [fence(draw_scores(base, run)), blocks_of(Text(read) if read else None)]
    return "\n".join([*drawn, fold("All scores", blocks_of(table))])


def tell_gate_moves(base: Run, run: Run) -> str:
    """The checks whose answer is another than before."""
    moved = diff_checks(base.metrics.get("gate"), run.metrics.get("gate"))
    if "gate" not in base.metrics or "gate" not in run.metrics:
        return ""
    if not moved:
        return blocks_of(Text("No check of the gate moved."))
    rows = tuple(
        (short(humanise(name)), state_mark(old), state_mark(new), short(found, 300)) for name, old, new, found in moved
    )
    return "### Checks that moved\n\n" + blocks_of(Table(("Check", "Base", "Now", "Found"), rows, 4))


def page_line(base: Run, run: Run, page: str) -> str:
    """Where the whole page is, and what was compared."""
    whole = f"[The whole page]({page}) is in the artifact `page`." if page else "The whole page: `reports/index.html`."
    return f"{whole} Compared with {escape_text(base.name)}.\n"
