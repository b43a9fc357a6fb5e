import pytest
from markdown_it import MarkdownIt

from perennial.report.untrusted import BREAK, CUT, MOST_CHARACTERS, tame_markdown
from tests.report.test_comment import links_of, tags_of

OWN = "https://github.com/them/flights"


@pytest.mark.parametrize(
    "text",
    [
        "[a](http://evil.example)",
        "[a](//evil.example)",
        "[a](javascript:alert(1))",
        "[a](<http://evil.example>)",
        "![a](https://evil.example/x.png)",
        "<http://evil.example>",
        "[a][b]\n\n[b]: http://evil.example",
        "[b]\n\n[b]: /x",
        "[a](https://github.com/them/flights.evil)",
        "[a](https://github.com/them/flights/../../evil)",
        "[a](https://github.com/them/flights/%2e%2e/x)",
        "&#91;a](http://evil.example)",
        "[a&#93;(http://evil.example)",
    ],
)
def test_no_foreign_address_survives(text: str) -> None:
    assert links_of(tame_markdown(text, OWN)) == []


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x>",
        "<script>x</script>",
        "<!-- perennial: report -->",
        "<a href=x>",
        "<!--",
        "<details open>",
        "<?x?>",
    ],
)
def test_no_tag_survives(text: str) -> None:
    assert tags_of(f"a {tame_markdown(text, OWN)}") == set()


@pytest.mark.parametrize(
    "text",
    ["@team", "a@b.example", "#12", "GH-12", "www.evil.example", "https://x.y", "&#64;team", "&commat;team", "$x$"],
)
def test_nobody_is_notified_and_nothing_is_referred_to(text: str) -> None:
    tamed = tame_markdown(text, OWN)
    assert text not in tamed
    assert tamed.replace(BREAK, "") == text


def test_own_addresses_folds_code_and_escapes_stay() -> None:
    text = f"<details><summary>A</summary>\n\n```text\na < b ├─┤\n```\n</details>\n[p]({OWN}/actions/runs/12) &#124;\n"
    assert tame_markdown(text, OWN) == text


def test_control_characters_and_reversals_become_spaces() -> None:
    assert tame_markdown("a\x00b\u202ec\r\nd\te", OWN) == "a b c\nd e"


@pytest.mark.parametrize("start", ["<details>\n\n```\n", "", "<details><details>"])
def test_what_is_too_long_is_cut_with_a_sentence_and_closed(start: str) -> None:
    tamed = tame_markdown(start + "word\n" * 60_000, OWN)
    assert len(tamed) <= MOST_CHARACTERS - 150
    assert tamed.endswith(CUT)
    assert tamed.count("<details>") == tamed.count("</details>")
    assert tamed.count("```") % 2 == 0


def test_a_picture_becomes_a_link() -> None:
    assert "<img" not in MarkdownIt("commonmark").render(tame_markdown(f"![a]({OWN}/x)", OWN))
