"""Whether it works when served, what changed since the released model, and where all this comes from."""

from __future__ import annotations

from typing import Any

from perennial.report.blocks import OPEN, Section, Table, Terms, Text, keep, state_mark
from perennial.report.opening import metric_name
from perennial.report.words import (
    humanise,
    is_number,
    number,
    percent,
    percent_interval,
    pick,
    plural,
    short,
    signed,
    value_of,
)

Facts = dict[str, Any]


def tell_rehearsal(facts: Facts) -> Section:
    """Whether the packaged model answered as a real server."""
    found = facts.get("rehearsal") or {}
    title = "The rehearsal"
    if not found or found.get("rehearsed") is False:
        reason = pick(found, "reason", default="there was nothing packaged to start")
        return Section("rehearsal", title, (Text(f"{OPEN} Not rehearsed: {str(reason).rstrip('.')}.", "warn"),))
    checks = read_checks(found.get("checks"))
    failing = [name for name, passed, _ in checks if passed is False]
    told = "The packaged model was started as a real server, questioned over HTTP, and stopped."
    if checks:
        told += f" {plural(len(checks), 'check')}: {'all passed' if not failing else f'{len(failing)} failed'}."
    rows = tuple((state_mark(passed), humanise(name), said) for name, passed, said in checks)
    return Section("rehearsal", title, keep(Text(told), Table(("Result", "Check", "Found"), rows, 3)))


def read_checks(checks: Any) -> list[tuple[str, bool | None, str]]:
    """Name, verdict and sentence of each check."""
    return [(str(c.get("name")), c.get("passed"), str(c.get("sentence") or "")) for c in checks or []]


def tell_champion(facts: Facts) -> Section:
    """This model beside the released one, on the same rows."""
    champion = pick(facts, "evaluation", "champion", default={})
    title = "What changed since the released model"
    if not champion:
        return Section("champion", title, (Text("There is no released model yet: this would be the first."),))
    if champion.get("same"):
        return Section("champion", title, (Text("Nothing: this is the released model, bundle for bundle."),))
    if champion.get("obstacle"):
        return Section("champion", title, (Text(f"{OPEN} {champion['obstacle']}", "warn"),))
    told = "Both models were judged on the same rows, which neither has seen."
    gain = pick(facts, "evaluation", "improvement", "over_champion")
    if is_number(pick(gain, "value")):
        size, worse = percent(abs(gain["value"])), "worse" if gain["value"] < 0 else "better"
        spread = percent_interval(gain.get("interval"))
        told += f" The {metric_name(facts)} of this one is {size} {worse} (interval {spread})."
    return Section("champion", title, keep(Text(told), champion_table(facts, champion), changed_slices(facts)))


def champion_table(facts: Facts, champion: Facts) -> Table:
    """Each score of both models and the difference, said to be better or worse."""
    ours, theirs = pick(facts, "evaluation", "metrics", default={}), champion.get("metrics") or {}
    rows = []
    for name in sorted(set(ours) & set(theirs)):
        new, old = value_of(ours[name]), value_of(theirs[name])
        if not (is_number(new) and is_number(old)):
            continue
        gain = (old - new) if pick(ours[name], "direction") == "lower" else (new - old)
        verdict = "same" if gain == 0 else "better" if gain > 0 else "worse"
        rows.append((humanise(name), verdict, number(new, 4), number(old, 4), signed(new - old, 4)))
    return Table(("Score", "This one is", "This model", "Released", "Change"), tuple(rows), 2)


def changed_slices(facts: Facts) -> Table:
    """The groups of rows that lost most against the released model."""
    found = [s for s in pick(facts, "evaluation", "slices", default=[]) if is_number(pick(s, "over_champion", "value"))]
    ordered = sorted(found, key=lambda s: (s["over_champion"]["value"], str(s["column"]), str(s["value"])))
    rows = tuple(
        (
            str(item["column"]),
            short(item["value"], 40),
            number(item["rows"]),
            percent(item["over_champion"]["value"]),
            percent_interval(item["over_champion"].get("interval")),
        )
        for item in ordered[:6]
    )
    head = ("Column", "Value", "Rows", "Better than released", "Interval")
    return Table(head, rows, 2, "The groups that gained least, or lost")


def tell_provenance(facts: Facts) -> Section:
    """As of when, which bundle, which released model."""
    pairs = [
        ("As of", pick(facts, "problem", "as_of")),
        ("Bundle", bundle_of(facts)),
        ("Verdict about", pick(facts, "gate", "bundle")),
        ("Released model", pick(facts, "champion", "bundle", default=pick(facts, "champion", "version"))),
        ("Seen until", pick(facts, "train", "seen_until")),
    ]
    told = "The same data, params, code and lock file give the same bundle, byte for byte."
    return Section(
        "provenance", "Where this comes from", (Text(told), Terms(tuple((n, str(v)) for n, v in pairs if v)))
    )


def bundle_of(facts: Facts) -> str:
    """Hash of the judged bundle."""
    return str(pick(facts, "evaluation", "bundle", default=pick(facts, "train", "bundle", default="")))
