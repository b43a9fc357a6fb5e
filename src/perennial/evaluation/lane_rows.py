"""Recorded predictions by lane: which rows of a champion stand against which of a challenger."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

SHADOW, CANARY, CHAMPION, FALLBACK = "shadow", "canary", "champion", "fallback"
EPOCH = datetime(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Answer:
    """One recorded prediction, with its label where one is known; `block` is what shares its luck with others."""

    at: datetime
    model: str
    score: float
    scores: Mapping[str, float] | None
    decision: Any
    label: Any
    latency_ms: float
    scoring_ms: float | None
    block: Any


@dataclass(frozen=True)
class Pair:
    """Rows of two models; in the shadow they are the same rows, in the same order. `failed` counts those not scored."""

    lane: str
    champion: str
    challenger: str
    ours: Sequence[Answer]
    theirs: Sequence[Answer]
    failed: int
    own_blocks: bool = False

    @property
    def labelled(self) -> tuple[list[Answer], list[Answer]]:
        """The rows whose label is known, of both."""
        ours, theirs = ([one for one in side if one.label is not None] for side in (self.ours, self.theirs))
        return ours, theirs

    @property
    def since(self) -> datetime:
        """The first row that the challenger scored."""
        return min(one.at for one in self.theirs)

    @property
    def until(self) -> datetime:
        """The last row that the challenger scored."""
        return max(one.at for one in self.theirs)


def name_block(block: str, group: str | None, row: Mapping[str, Any], at: datetime) -> Any:
    """Return the block of a recorded prediction: its UTC day as a number, the value of its group, or itself.

    Where the group is no input, the key that was sent stands for it.
    """
    if block == "day":
        return at.toordinal() - EPOCH
    if block == "group":
        value = row["inputs"].get(group)
        return str(value if value is not None else row["key"] if row["key"] is not None else row["id"])
    return str(row["shadow_of"] or row["id"])


def read_answer(row: Mapping[str, Any], block: str, group: str | None) -> Answer:
    """Return one row of `read_predictions`."""
    at = row["at"] if row["at"].tzinfo else row["at"].replace(tzinfo=UTC)
    same = {name: row[name] for name in ("model", "score", "scores", "decision", "label", "latency_ms", "scoring_ms")}
    return Answer(at=at, block=name_block(block, group, row, at), **same)


@dataclass
class Lanes:
    """Every recorded prediction, by lane."""

    answered: dict[str, Answer]
    shadows: dict[str, Answer]
    canaries: list[Answer]
    fallbacks: list[Answer]
    own_blocks: bool


def sort_rows(rows: Iterable[Mapping[str, Any]], block: str, group: str | None) -> Lanes:
    """Return recorded predictions by lane; `answered` are the champion's by id, `shadows` by what they stood beside."""
    found = Lanes({}, {}, [], [], own_blocks=block == "row")
    for row in rows:
        one = read_answer(row, block, group)
        if row["lane"] == SHADOW:
            found.shadows[row["shadow_of"]] = one
        elif row["lane"] == CHAMPION:
            found.answered[row["id"]] = one
        else:
            (found.canaries if row["lane"] == CANARY else found.fallbacks).append(one)
    return found


def pair_shadows(lanes: Lanes) -> Iterator[Pair]:
    """Yield the pairs of models that scored the same rows."""
    pairs: dict[tuple[str, str], list[tuple[Answer, Answer]]] = {}
    for name, beside in lanes.shadows.items():
        if (answer := lanes.answered.get(name)) is not None:
            beside = replace(beside, block=answer.block)  # it was scored a moment later, perhaps after midnight
            pairs.setdefault((answer.model, beside.model), []).append((answer, beside))
    for (champion, challenger), both in pairs.items():
        ours, theirs = [one for one, _ in both], [one for _, one in both]
        since, until = min(one.at for one in ours), max(one.at for one in ours)
        answered = sum(one.model == champion and since <= one.at <= until for one in lanes.answered.values())
        yield Pair(SHADOW, champion, challenger, ours, theirs, answered - len(ours), lanes.own_blocks)


def pair_canaries(lanes: Lanes) -> Iterator[Pair]:
    """Yield each challenger that answered, with the rows that champions answered between its first and its last."""
    for challenger in sorted({one.model for one in lanes.canaries}):
        theirs = [one for one in lanes.canaries if one.model == challenger]
        since, until = min(one.at for one in theirs), max(one.at for one in theirs)
        meanwhile = [one for one in lanes.answered.values() if since <= one.at <= until]
        for champion in sorted({one.model for one in meanwhile}):
            ours = [one for one in meanwhile if one.model == champion]
            failed = sum(one.model == champion and since <= one.at <= until for one in lanes.fallbacks)
            yield Pair(CANARY, champion, challenger, ours, theirs, failed, lanes.own_blocks)


def find_classes(task: str, lanes: Lanes) -> list[Any]:
    """Return the classes that were decided or came in as labels, sorted as they were for training."""
    if task == "regression":
        return []
    rows = [*lanes.answered.values(), *lanes.canaries, *lanes.shadows.values()]
    told = next((one.scores for one in rows if one.scores is not None), None)
    if told is not None:
        return list(told)
    seen = {value for one in rows for value in (one.decision, one.label) if value is not None}
    return sorted(seen, key=lambda value: (str(type(value)), value))
