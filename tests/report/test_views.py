from perennial.report.views import render_views
from tests.report.example import binary_facts


def test_every_view_by_its_file_name() -> None:
    views = render_views(binary_facts())
    assert list(views) == ["index.html", "report.md", "model_card.md"]
    assert all(text.endswith(("\n", "</html>")) for text in views.values())
