import pytest

from perennial.io.asking import ask_server, send_request, time_requests
from perennial.refusal import Refusal
from tests.io.web import gives, web_server


def test_a_reply_comes_whole_with_its_headers_in_lower_case() -> None:
    with web_server() as web:
        web.on("/a", gives(b"1,2", status=418, **{"X-Told": "Yes"}))
        port = int(web.address.rpartition(":")[2])
        reply = ask_server(port, "GET", "/a", headers={"Accept": "text/csv"})
        assert (reply.status, reply.body, reply.headers["x-told"]) == (418, b"1,2", "Yes")
        assert send_request(port, "GET", "/a", kind="text/plain") == (418, b"1,2")
        [(_, _, plain), (_, _, typed)] = web.asked
    assert plain["Accept"] == "text/csv"
    assert (plain.get("Content-Type"), typed["Content-Type"]) == (None, "text/plain")


def test_nobody_times_an_answer_that_is_no_answer() -> None:
    with web_server() as web, pytest.raises(Refusal, match="to a good row"):
        time_requests(int(web.address.rpartition(":")[2]), "/absent", [b"{}"])
