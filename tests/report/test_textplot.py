import math

from perennial.report.textplot import WIDTH, Range, draw_ranges


def test_values_stand_on_one_axis() -> None:
    drawn = draw_ranges(
        [Range("base", 0.0, (0.0, 0.5), mark="○"), Range("now", 1.0, (0.5, 1.0), other=0.75, note="one")]
    ).splitlines()
    assert drawn[0].split() == ["0", "1"]
    assert drawn[1].startswith("base  ○──")
    assert drawn[1].endswith("┤")
    assert drawn[2].endswith("●  one")
    assert "○" in drawn[2]
    assert drawn[2].index("●") - drawn[1].index("○") == WIDTH - 1


def test_the_reference_and_the_marks_need_no_colour() -> None:
    drawn = draw_ranges([Range("a", 1.0, (-1.0, 2.0), other=0.5)], reference=0.0)
    assert [drawn.count(mark) for mark in "├┤●○┊"] == [1, 1, 1, 1, 0] or drawn.count("┊") == 1


def test_a_value_that_is_not_finite_is_left_out() -> None:
    assert "bad" not in draw_ranges([Range("good", 1.0), Range("bad", math.nan)])
    assert draw_ranges([Range("bad", math.inf)]) == ""


def test_one_point_alone_is_drawn() -> None:
    assert "●" in draw_ranges([Range("a", 1.0)])


def test_a_long_label_is_cut_and_the_columns_stay_in_line() -> None:
    lines = draw_ranges([Range("x" * 90, 0.0, note="n"), Range("y", 1.0, note="n")]).splitlines()
    assert "…" in lines[1]
    assert len(lines[1]) == len(lines[2])
