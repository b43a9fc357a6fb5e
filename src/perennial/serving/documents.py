"""What is only shown: the documents, the page, the figures, and whether this worker lives and is ready."""

from perennial.serving import metrics
from perennial.serving.calls import Answer, Call
from perennial.serving.limits import JSON
from perennial.serving.page import PAGE
from perennial.serving.problems import busy

HTML = "text/html; charset=utf-8"


async def show_document(call: Call) -> Answer:
    """Show what was made when the service began."""
    return JSON, call.desk.pages[call.path]


async def show_page(_call: Call) -> Answer:
    """Show the page to try it."""
    return HTML, PAGE.encode()


async def show_metrics(call: Call) -> Answer:
    """Show the figures of this worker."""
    return metrics.KIND, call.desk.metrics.render()


async def say_alive(_call: Call) -> Answer:
    """Say that the process runs."""
    return JSON, b'{"status": "alive"}'


async def say_ready(call: Call) -> Answer:
    """Say whether a balancer should send requests here."""
    if not call.desk.ready:
        raise busy(
            503, "ending" if call.desk.ending or call.desk.draining else "the log could not be written a moment ago"
        )
    return JSON, b'{"status": "ready"}'
