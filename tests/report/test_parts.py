from perennial.report.blocks import Text
from perennial.report.parts import blocks_of, fence, fold


def test_what_is_absent_leaves_nothing() -> None:
    assert (blocks_of(None), fold("Title", ""), fence("")) == ("", "", "")
    assert blocks_of(None, Text("a*b")) == "a&#42;b\n"


def test_a_drawing_cannot_end_its_fence() -> None:
    assert fence("``` x\n```").count("```") == 2
