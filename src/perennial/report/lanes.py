"""Two models side by side, in words."""

from collections.abc import Mapping
from typing import Any

Facts = Mapping[str, Any]


def describe_pair(facts: Facts) -> str:
    """Return the facts of `judge_pair` as lines of text, the answer first."""
    lines = [
        f"{facts['lane']}: challenger {facts['challenger']} against champion {facts['champion']}, "
        f"{facts['since'][:10]} to {facts['until'][:10]}",
        f"  {say_better(facts)}",
    ]
    for name in ("champion", "challenger"):
        rows, labelled = facts["rows"][name], facts["labelled"][name]
        loss = facts["loss"] and facts["loss"][name]
        told = f", {facts['metric']} {loss['value']:.5g} {_interval(loss)}" if loss else ""
        lines.append(f"  {name:11}{rows:,} rows, {labelled:,} with a label ({labelled / rows:.0%}){told}")
    lines += [f"  {facts['blocks']} {facts['block']}s with labels of both", *_say_scores(facts["scores"])]
    what = "answered by the champion instead" if facts["lane"] == "canary" else "not scored"
    lines.append(f"  failed     {facts['failed']['rows']:,} rows {what} ({facts['failed']['share']:.2%})")
    for name, words in (("scoring_ms", "scoring"), ("latency_ms", "answer")):
        lines += _say_times(words, facts.get(name))
    return "\n".join(lines)


def _interval(one: Facts) -> str:
    low, high = one["interval"]
    return f"[{low:.5g}, {high:.5g}]"


def say_better(facts: Facts) -> str:
    """Return the sentence that answers which is better."""
    if facts["missing"]:
        return f"too few to say: needs {'; '.join(facts['missing'])}"
    difference = facts["difference"]
    by = f"its {facts['metric']} is {difference['value']:+.5g} {_interval(difference)} (95 %, {facts['block']} blocks)"
    if facts["better"] == "challenger":
        return f"the challenger is better: {by}"
    if facts["better"] == "champion":
        return f"the champion is better; the challenger: {by}"
    return f"neither is better, clear of chance; the challenger: {by}"


def _say_scores(scores: Facts) -> list[str]:
    lines = []
    for name in ("champion", "challenger"):
        one = scores[name]
        shares = scores.get("decisions", {}).get(name, {})
        decided = ", ".join(f"{share:.1%} {decision}" for decision, share in shares.items())
        told = f"mean {one['mean']:.4g}, 5 % {one['p5']:.4g}, median {one['p50']:.4g}, 95 % {one['p95']:.4g}"
        lines.append(f"  scores     {name}: {told}{'; decides ' if decided else ''}{decided}")
    apart = f"  apart      the distributions by {scores['distance']:.3g} (Kolmogorov-Smirnov)"
    if "mean_change" in scores:
        apart += f", the scores of a row by {scores['mean_change']:.4g}"
    if "decided_differently" in scores:
        apart += f"; {scores['decided_differently']:.2%} are decided differently"
    return [*lines, apart]


def _say_times(words: str, times: Facts | None) -> list[str]:
    if times is None or times["champion"] is None or times["challenger"] is None:
        return []
    told = (
        f"{name} p50 {one['p50']:.3g}, p95 {one['p95']:.3g}, p99 {one['p99']:.3g} ms"
        for name, one in ((name, times[name]) for name in ("champion", "challenger"))
    )
    return [f"  {words:11}{'; '.join(told)}"]
