"""How the model was found and what it leans on."""

from __future__ import annotations

from typing import Any

from perennial.report.blocks import Drawing, Figures, Section, Table, Terms, Text, keep
from perennial.report.curves import Axis, Line, bounds, line_chart
from perennial.report.opening import metric_name
from perennial.report.ranks import Bar, ranked_rows
from perennial.report.selection import tell_selection
from perennial.report.svg import Box
from perennial.report.words import is_number, listed, number, percent, pick, plain, plural

Facts = dict[str, Any]
MOST_IMPORTANT = 12


def tell_search(facts: Facts) -> Section:
    """How many configurations were tried, and how the best score fell."""
    search = facts.get("search") or {}
    if not search.get("trials"):
        return Section("search", "The search", (Text("No search has been recorded."),))
    metric, score = metric_name(facts), number(pick(search, "best", "score"), 4)
    told = (
        f"{plural(search['trials'], 'configuration')} tried on {plural(search.get('folds'), 'fold')} of "
        f"{number(search.get('rows'))} rows learned from. The best is {pick(search, 'best', 'family')}, "
        f"with {metric} {score}."
    )
    if search.get("link"):
        told += " The number is learned as its logarithm, which lost less on the folds, and its mean is brought back."
    if search.get("stopped"):
        told += f" It was stopped {search['stopped']}: another run may find other settings."
    return Section("search", "The search", keep(Text(told), history_figure(facts), family_table(search)))


def history_figure(facts: Facts) -> Figures | None:
    """Each trial's score and the best so far, and which settings mattered."""
    rows = [row for row in pick(facts, "curves", "search_history", default=[]) if is_number(row.get("trial"))]
    tried = [(row["trial"], row["loss"]) for row in rows if is_number(row.get("loss"))]
    best = [(row["trial"], row["best"]) for row in rows if is_number(row.get("best"))]
    if len(best) < 2:
        return None
    low, high = bounds([score for _, score in best] + better_part([score for _, score in tried]))
    shown = [(trial, min(score, high)) for trial, score in tried]
    lines = [Line("best so far", best), Line("one trial", shown, dots=True, stroke=False)]
    told = tell_best([score for _, score in best])
    x, y = Axis("trial", rows[0]["trial"], rows[-1]["trial"]), Axis("", low, high)
    svg = line_chart("Search history", told, lines, x=x, y=y, box=Box(top=34), named_at=(46, 12))
    history = Drawing(svg, "Score of each trial", f"{told} Lower is better; hopeless trials sit on the upper edge.")
    return Figures(tuple(drawing for drawing in (history, settings_drawing(facts)) if drawing))


def tell_best(best: list[float]) -> str:
    """Whether any trial beat the first one."""
    first, last = number(best[0], 4), number(best[-1], 4)
    if first == last:
        return f"None of {len(best)} trials beat the settings that the search began with, {last}."
    return f"The best score fell from {first} to {last} in {len(best)} trials."


def better_part(values: list[float]) -> list[float]:
    """The better three quarters: one hopeless trial must not flatten the chart."""
    return sorted(values)[: max(1, len(values) * 3 // 4)]


def settings_drawing(facts: Facts) -> Drawing | None:
    """Which settings set the good trials apart."""
    rows = [r for r in pick(facts, "curves", "search_importances", default=[]) if is_number(r.get("importance"))]
    if not rows:
        return None
    bars = [Bar(str(row["setting"]), row["importance"], note=percent(row["importance"], 0)) for row in rows[:8]]
    told = f"What set the good trials apart: mostly {listed([bar.label for bar in bars[:2]])}."
    return Drawing(ranked_rows("Settings that mattered", told, bars, from_zero=True), "Settings that mattered", told)


def family_table(search: Facts) -> Table:
    """Best score per family."""
    families = sorted((search.get("families") or {}).items())
    rows = [(name, *(number(f.get(k), 4) for k in ("complete", "pruned", "score"))) for name, f in families]
    return Table(("Family", "Trials", "Given up early", "Best score"), tuple(rows), caption="Families")


def tell_model(facts: Facts) -> Section:
    """What the bundle holds, and which columns its score depends on."""
    blocks = (model_terms(facts), member_table(facts), importance_figure(facts))
    return Section("model", "The model", keep(*blocks, *tell_selection(pick(facts, "search", "selection"))))


def model_terms(facts: Facts) -> Terms | None:
    """Family, rows, what it has seen, calibration, threshold, and the margin over a linear model while training."""
    train = facts.get("train") or {}
    gain = pick(train, "improvement_over_linear", "value")
    pairs = (
        ("Family", train.get("family")),
        ("Rows learned from", train.get("rows")),
        ("Seen until", str(train["seen_until"]).replace("T", " ") if train.get("seen_until") else None),
        ("Calibration", train.get("calibration")),
        ("Threshold", train.get("threshold")),
        ("Better than linear", f"{percent(gain)} on rows held out while training" if is_number(gain) else None),
    )
    kept = tuple((name, plain(value)) for name, value in pairs if value is not None)
    return Terms(kept) if kept else None


def member_table(facts: Facts) -> Table:
    """The configurations whose predictions are mixed, with their weights."""
    rows = []
    for member in pick(facts, "train", "members", default=[]):
        settings = ", ".join(f"{name} {plain(value)}" for name, value in sorted(member["params"].items()))
        rows.append((member["family"], settings, percent(member["weight"], 0)))
    return Table(("Member", "Settings", "Weight"), tuple(rows), 2)


def importance_figure(facts: Facts) -> Figures | None:
    """How much worse the score gets when one column, or a whole group of columns, is shuffled."""
    titles = {"importances": "What the model leans on", "groups": "What each group of columns brings"}
    drawings = []
    for key, title in titles.items():
        found = [item for item in pick(facts, "evaluation", key, default=[]) if is_number(item.get("value"))]
        if found:
            drawings.append(draw_importances(title, found[:MOST_IMPORTANT], metric_name(facts), key == "groups"))
    return Figures(tuple(drawings)) if drawings else None


def importance_bar(item: Facts) -> Bar:
    """One column or group with its interval when there is one."""
    low, high = item.get("interval") or (None, None)
    return Bar(str(item["column"]), item["value"], low, high, number(item["value"]))


def draw_importances(title: str, found: list[Facts], metric: str, grouped: bool) -> Drawing:
    """Bars of the rise of the score, largest first."""
    bars = [importance_bar(item) for item in found]
    what = "all columns of a group together" if grouped else "one column"
    told = f"How much worse {metric} gets when {what} is shuffled: most for {listed([bar.label for bar in bars[:3]])}."
    return Drawing(ranked_rows(title, told, bars, from_zero=True), title, told.replace("together is", "together are"))
