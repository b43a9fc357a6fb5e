"""Trees cut into blocks: subtrees so small that what each pattern of their decisions adds can be kept."""

from dataclasses import dataclass, field

from perennial.model.packing import Tree

Condition = tuple[int, int, float]
"""Of a feature on the path to a leaf: the bits of its nodes, what they must be, the share of training rows."""
Steps = list[tuple[int, int]]

_LOOK_UP = 100  # what a feature of a block costs a row, in numbers of a table


@dataclass
class Block:
    """A subtree, or a leaf.

    Its pattern has a bit for each feature above it, set where a node there leads elsewhere, and one for each of its own
    nodes, set where the row goes right.
    """

    output: int
    bits: int
    features: dict[int, int]
    """The features of its paths, and the place of each."""
    steps: Steps
    """The ways that set bits: a node's number to go left there, so many nodes more to go right."""
    leaves: list[tuple[float, dict[int, Condition]]] = field(default_factory=list)
    """The value of each leaf, and the condition of each feature on its path."""

    @property
    def size(self) -> int:
        """Numbers in its table."""
        return len(self.features) << self.bits


@dataclass(frozen=True)
class Shape:
    """A tree that splits, as lists; its nodes count from `first`, among `total` of all trees."""

    feature: list[int]
    children: list[tuple[int, int]]
    shares: list[tuple[float, float]]
    """Of the training rows of a node, those that go left and right."""
    value: list[float]
    first: int
    total: int


def read_shape(tree: Tree, first: int, total: int) -> Shape:
    """Return a tree that splits as lists."""
    inner, leaf = tree["internal_count"].tolist(), tree["leaf_count"].tolist()
    children = list(zip(tree["left_child"].tolist(), tree["right_child"].tolist(), strict=True))
    counts = [[leaf[~child] if child < 0 else inner[child] for child in both] for both in children]
    shares = [
        (left / max(all_rows, 1), right / max(all_rows, 1))
        for (left, right), all_rows in zip(counts, inner, strict=True)
    ]
    return Shape(tree["split_feature"].tolist(), children, shares, tree["leaf_value"].tolist(), first, total)


def find_whole(tree: Shape, largest: int) -> list[bool]:
    """Return for each node whether one block of at most `largest` numbers costs less than blocks of its parts."""
    nodes = len(tree.feature)
    above, inside, count, least, whole = [0] * nodes, [0] * nodes, [1] * nodes, [0] * nodes, [False] * nodes
    for node, children in enumerate(tree.children):  # a child is later than its parent
        for child in children:
            if child >= 0:
                above[child] = above[node] | 1 << tree.feature[node]
    for node in reversed(range(nodes)):
        inside[node] = 1 << tree.feature[node]
        for child in tree.children[node]:
            if child < 0:
                deep = (above[node] | 1 << tree.feature[node]).bit_count()
                least[node] += (deep << deep) + _LOOK_UP * deep
            else:
                inside[node] |= inside[child]
                count[node] += count[child]
                least[node] += least[child]
        width = (above[node] | inside[node]).bit_count()
        size = width << (above[node].bit_count() + count[node])
        whole[node] = size <= largest and size + _LOOK_UP * width <= least[node]
        least[node] = size + _LOOK_UP * width if whole[node] else least[node]
    return whole


def cut_tree(tree: Shape, output: int, largest: int) -> list[Block]:
    """Return the blocks of a tree, those of more than one leaf with at most `largest` numbers each."""
    whole, blocks = find_whole(tree, largest), list[Block]()
    waiting: list[tuple[int, dict[int, float], Steps]] = [(0, {}, [])]
    while waiting:
        node, shares, steps = waiting.pop()
        if node < 0 or whole[node]:
            places = {name: place for place, name in enumerate(shares)}
            block = Block(output, len(places), places, [(way, 1 << places[name]) for way, name in steps])
            _fill(block, tree, node, {name: (1 << places[name], 0, share) for name, share in shares.items()})
            blocks.append(block)
            continue
        feature = tree.feature[node]
        for right, (child, share) in enumerate(zip(tree.children[node], tree.shares[node], strict=True)):
            elsewhere = tree.first + node + (0 if right else tree.total)
            known = {**shares, feature: shares.get(feature, 1.0) * share}
            waiting.append((child, known, [*steps, (elsewhere, feature)]))
    return blocks


def _fill(block: Block, tree: Shape, root: int, path: dict[int, Condition]) -> None:
    """Add the leaves below a node, and the bits of the nodes between."""
    waiting = [(root, path)]
    while waiting:
        node, path = waiting.pop()
        if node < 0:
            block.leaves.append((tree.value[~node], path))
            continue
        feature, bit = tree.feature[node], 1 << block.bits
        block.bits += 1
        block.features.setdefault(feature, len(block.features))
        block.steps.append((tree.first + node + tree.total, bit))
        bits, wanted, known = path.get(feature, (0, 0, 1.0))
        for right, (child, share) in enumerate(zip(tree.children[node], tree.shares[node], strict=True)):
            waiting.append((child, {**path, feature: (bits | bit, wanted | bit * right, known * share)}))
