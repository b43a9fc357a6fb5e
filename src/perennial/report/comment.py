"""The comment under a pull request: the verdict, what moved, what changed, what ran."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from perennial.report.blocks import Table, Text, Verdict, keep, state_mark
from perennial.report.change import Run, diff_checks, diff_columns, diff_leaves, diff_stages, written_by_hand
from perennial.report.markdown import MOST_CHARACTERS, escape_text, render_block
from perennial.report.moves import draw_scores, score_table, tell_comparable, tell_primary
from perennial.report.opening import judge
from perennial.report.textplot import Range, draw_ranges
from perennial.report.words import humanise, is_number, listed, number, percent, pick, plain, plural, short

CUT = "\n_The rest does not fit into a comment: see the whole page._\n"
MOST_LISTED = 30
FIRST_FILES = ("data/", "params.yaml", "dvc.yaml", "src/", "requirements/")
STATUS = {"A": "added", "D": "removed", "M": "changed", "T": "changed"}


def render_comment(
    base: Run,
    run: Run,
    *,
    files: Iterable[tuple[str, str]] = (),
    seconds: Mapping[str, float] | None = None,
    stale: Sequence[str] = (),
    page: str = "",
    settings: Sequence[str] = (),
) -> str:
    """Return the comment as Markdown of at most `MOST_CHARACTERS`, cut with a sentence.

    files: (status letter, path) between the two; seconds: of the stages that ran, None where nobody timed them;
    stale: stages whose committed dvc.lock is not what the code gave; page: address of the whole page; settings:
    params that were set for this run only.
    """
    parts = [
        head_line(base, run, stale, settings),
        tell_scores(base, run),
        tell_gate_moves(base, run),
        fold("What changed", tell_changes(base, run, files)),
        fold("Where it fails", tell_worst(base, run)),
        fold("What ran", tell_stages(base, run, seconds)),
    ]
    return cut_parts([part for part in parts if part], page_line(base, run, page))


def cut_parts(parts: Sequence[str], last: str) -> str:
    """Join the parts that fit, then the last line."""
    room, kept = MOST_CHARACTERS - len(last) - len(CUT) - 2, list[str]()
    for part in parts:
        room -= len(part) + 1
        if room < 0:
            return "\n".join([*kept, CUT, last])
        kept.append(part)
    return "\n".join([*kept, last])


def blocks_of(*blocks: Any) -> str:
    """Render the blocks that are there."""
    return "\n".join(render_block(block) for block in keep(*blocks))


def fold(title: str, body: str) -> str:
    """A part behind a line that opens it; nothing when it is empty."""
    return f"<details><summary>{escape_text(title)}</summary>\n\n{body}\n</details>\n" if body else ""


def fence(drawing: str) -> str:
    """A drawing in a fixed-width face; nothing in it can end the fence."""
    return f"```text\n{drawing.replace('`', chr(39))}\n```\n" if drawing else ""


def head_line(base: Run, run: Run, stale: Sequence[str], settings: Sequence[str]) -> str:
    """The verdict, the primary score, and whatever must be known before either is believed."""
    gate = run.metrics.get("gate") or {}
    checks = gate.get("checks") or []
    verdict = judge(gate, checks, [check for check in checks if not check.get("passed")])
    title = f"## {verdict.symbol} {escape_text(verdict.word)}: {escape_text(tell_primary(base, run))}\n"
    warnings: list[Text | Verdict] = []
    if settings:
        warnings.append(Text(f"An experiment with {listed(list(settings), 20)}: nothing of it is committed."))
    if stale:
        names = f"{'stage' if len(stale) == 1 else 'stages'} {listed(list(stale), 20)}"
        sentence = f"This is not what the code gives in {names}: run `make repro` and commit what it writes."
        warnings.append(Verdict("failed", "dvc.lock", sentence))
    return "\n".join([title, blocks_of(Text(verdict.sentence), *warnings)])


def tell_scores(base: Run, run: Run) -> str:
    """Every score of both runs, and the primary one drawn with its intervals."""
    table = score_table(base, run)
    if table is None:
        return blocks_of(Text("This run has measured nothing: there are no scores to show."))
    read = tell_comparable(base, run)
    drawn = [fence(draw_scores(base, run)), blocks_of(Text(read) if read else None)]
    return "\n".join([*drawn, fold("All scores", blocks_of(table))])


def tell_gate_moves(base: Run, run: Run) -> str:
    """The checks whose answer is another than before."""
    moved = diff_checks(base.metrics.get("gate"), run.metrics.get("gate"))
    if "gate" not in base.metrics or "gate" not in run.metrics:
        return ""
    if not moved:
        return blocks_of(Text("No check of the gate moved."))
    rows = tuple((humanise(name), state_mark(old), state_mark(new), found) for name, old, new, found in moved)
    return "### Checks that moved\n\n" + blocks_of(Table(("Check", "Base", "Now", "Found"), rows, 4))


def tell_changes(base: Run, run: Run, files: Iterable[tuple[str, str]]) -> str:
    """Params leaf by leaf, the data, the columns, the files that people write."""
    leaves = diff_leaves(base.params, run.params) if base.params else []
    params = Table(("Param", "Base", "Now"), tuple((n, show(o), show(w)) for n, o, w in leaves), 3)
    gained, lost = diff_columns(base.metrics.get("profile"), run.metrics.get("profile"))
    told = [f"Column {name} is new." for name in gained] + [f"Column {name} is gone." for name in lost]
    columns = Text(" ".join(told[:MOST_LISTED])) if told and base.metrics.get("profile") else None
    data = Table(("Data", "Base", "Now"), tuple(data_rows(base, run)), 3) if base.metrics else None
    written = sorted(written_by_hand(files), key=lambda file: (file_rank(file[1]), file[1]))
    shown = tuple((path, STATUS.get(status[:1], status)) for status, path in written[:MOST_LISTED])
    more = len(written) - len(shown)
    rest = Text(f"And {plural(more, 'more file')}.") if more > 0 else None
    return blocks_of(params, data, columns, Table(("File", "Was"), shown, 2), rest)


def file_rank(path: str) -> int:
    """Declarations first, then code, then what the code runs on, then the rest."""
    return next((rank for rank, start in enumerate(FIRST_FILES) if path.startswith(start)), len(FIRST_FILES))


def show(value: Any) -> str:
    """A param as it stands in the file; a dash where it is absent."""
    return "–" if value is None else short(str(value), 80)


def data_rows(base: Run, run: Run) -> list[tuple[str, str, str]]:
    """What differs in the sources and roles: rows and months, by name."""
    tellers: tuple[Callable[[Run], dict[str, str]], ...] = (source_facts, role_facts)
    rows = []
    for tell in tellers:
        rows += [(name, show(old), show(new)) for name, old, new in diff_leaves(tell(base), tell(run))]
    return rows


def source_facts(run: Run) -> dict[str, str]:
    """Rows, bad rows and months of each source."""
    sources = pick(run.metrics.get("validation"), "sources", default={})
    return {f"source {name}": describe_source(found) for name, found in sources.items()}


def describe_source(found: Mapping[str, Any]) -> str:
    """One source in a line."""
    bad = f", {number(found['bad'])} bad" if found.get("bad") else ""
    return f"{plural(found.get('rows'), 'row')}{bad}{months(*(found.get('span') or ()))}"


def role_facts(run: Run) -> dict[str, str]:
    """Rows and months of each role of the split."""
    roles = pick(run.metrics.get("split"), "roles", default={})
    spans = {name: (found.get("first"), found.get("last")) for name, found in roles.items()}
    return {f"role {n}": f"{plural(f.get('rows'), 'row')}{months(*spans[n])}" for n, f in roles.items()}


def months(*instants: Any) -> str:
    """The first and the last month of two instants as text; nothing without them."""
    found = [str(instant)[:7] for instant in instants if instant]
    if not found:
        return ""
    return f", {found[0]}" if found[0] == found[-1] else f", {found[0]} to {found[-1]}"


def tell_worst(base: Run, run: Run, most: int = 8) -> str:
    """The groups of rows on which it helps least, beside where the base stood."""
    slices = [s for s in pick(run.metrics.get("evaluation"), "slices", default=[]) if is_number(gain(s))]
    olds = {slice_name(s): gain(s) for s in pick(base.metrics.get("evaluation"), "slices", default=[])}
    worst = sorted(slices, key=lambda s: (gain(s), slice_name(s)))[:most]
    ranges = [
        Range(
            slice_name(item),
            gain(item),
            tuple(pick(item, "over_constant", "interval", default=())) or None,
            olds.get(slice_name(item)),
            note=f"{percent(gain(item))} of {plural(item.get('rows'), 'row')}",
        )
        for item in worst
    ]
    if not ranges:
        return ""
    told = "Improvement over a constant: ● now with its interval, ○ base, ┊ no improvement. Worst first."
    return blocks_of(Text(told)) + "\n" + fence(draw_ranges(ranges, reference=0.0))


def slice_name(item: Mapping[str, Any]) -> str:
    """A slice in a few printable letters."""
    text = f"{item['column']} = {item['value']}"
    return "".join(char if char.isprintable() else " " for char in text)


def gain(item: Mapping[str, Any]) -> Any:
    """Improvement over the constant in one slice."""
    return pick(item, "over_constant", "value")


def tell_stages(base: Run, run: Run, seconds: Mapping[str, float] | None) -> str:
    """The stages whose entry in dvc.lock is another, why, and how long each took where somebody timed it."""
    rows = []
    for change in diff_stages(base.lock, run.lock):
        causes = listed([short(cause, 80) for cause in change.causes], 3) or "its outputs"
        rows.append(
            (change.name, causes, "other outputs" if change.wrote else "the same outputs", took(change, seconds))
        )
    if not rows:
        return blocks_of(Text("No stage differs from the base.")) if base.lock else ""
    told = Text(f"{plural(len(rows), 'stage')} of {len(run.lock)} differ from the base.")
    if seconds is not None:
        told = Text(f"{told.text} {plural(len(seconds), 'stage')} ran, {duration(sum(seconds.values()))} together.")
    return blocks_of(told, Table(("Stage", "Because of", "Wrote", "Took"), tuple(rows), 3))


def took(change: Any, seconds: Mapping[str, float] | None) -> str:
    """How long a stage took; a dash where it did not run or nobody timed it."""
    return duration(seconds[change.name]) if seconds and change.name in seconds else "–"


def duration(seconds: float) -> str:
    """A span of time as people say it."""
    return f"{plain(seconds, 2)} s" if seconds < 100 else f"{number(round(seconds / 60))} min"


def page_line(base: Run, run: Run, page: str) -> str:
    """Where the whole page is, and what was compared."""
    whole = f"[The whole page]({page}) is in the artifact `page`." if page else "The whole page: `reports/index.html`."
    return f"{whole} Compared with {escape_text(base.name)}.\n"
