from collections import Counter

import pytest

from perennial.model.blocks import Block, cut_tree, read_shape
from perennial.model.packing import read_trees
from tests.model.boosters import fit

TREES = [tree for tree in read_trees(fit("regression"))[1] if tree["leaves"] > 1]


def cut(largest: int) -> list[list[Block]]:
    return [cut_tree(read_shape(tree, 100, 1000), 0, largest) for tree in TREES]


@pytest.mark.parametrize("largest", [0, 64, 4096])
def test_every_leaf_is_in_one_block(largest: int) -> None:
    for tree, blocks in zip(TREES, cut(largest), strict=True):
        values = [value for block in blocks for value, _ in block.leaves]
        assert Counter(values) == Counter(tree["leaf_value"].tolist())


def test_blocks_of_several_leaves_are_no_larger_than_asked() -> None:
    assert {len(block.leaves) for blocks in cut(0) for block in blocks} == {1}
    several = [block for blocks in cut(512) for block in blocks if len(block.leaves) > 1]
    assert several
    assert max(block.size for block in several) <= 512


def test_larger_blocks_are_fewer() -> None:
    counts = [sum(map(len, cut(largest))) for largest in (0, 64, 4096)]
    assert counts == sorted(set(counts), reverse=True)


def test_every_bit_is_set_by_a_step_and_every_row_comes_to_a_leaf() -> None:
    for blocks in cut(512):
        for block in blocks:
            assert {bit for _, bit in block.steps} == {1 << place for place in range(block.bits)}
            patterns = range(1 << block.bits)
            met = [
                sum(all(pattern & bits == wanted for bits, wanted, _ in path.values()) for _, path in block.leaves)
                for pattern in patterns
            ]
            assert max(met) == 1
            assert met[0] == 1


def test_the_shares_on_a_path_are_the_leafs_share_of_all_rows() -> None:
    for tree, blocks in zip(TREES, cut(4096), strict=True):
        counts = dict(zip(tree["leaf_value"].tolist(), tree["leaf_count"].tolist(), strict=True))
        for value, path in (leaf for block in blocks for leaf in block.leaves):
            share = 1.0
            for _, _, each in path.values():
                share *= each
            assert share == pytest.approx(counts[value] / tree["internal_count"][0], rel=1e-12)
