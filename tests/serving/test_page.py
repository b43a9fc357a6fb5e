import base64
import hashlib
import re

from perennial.serving.page import PAGE, POLICY


def test_the_policy_names_the_very_script_and_style_of_the_page() -> None:
    for tag in ("script", "style"):
        [content] = re.findall(f"<{tag}>(.*?)</{tag}>", PAGE, flags=re.S)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in POLICY


def test_nothing_comes_from_elsewhere_and_nothing_is_made_markup() -> None:
    assert not re.search(r"https?:|//|@import|url\(|<link rel=.style|<img", PAGE)
    assert not re.search(r"innerHTML|insertAdjacent|document\.write|eval|localStorage|\son\w+=", PAGE)
