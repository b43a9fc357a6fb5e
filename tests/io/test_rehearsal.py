import os
import subprocess
import sys

import pytest

from perennial.evaluation.bad_requests import Request
from perennial.io.rehearsal import check_stopped, run_step, send_bad
from perennial.io.server import MARK
from perennial.refusal import Refusal
from tests.io.web import gives, web_server


def test_a_process_that_outlives_its_server_fails_the_rehearsal() -> None:
    mark = f"rehearsal-{os.getpid()}"
    assert run_step("stopped", lambda: check_stopped(mark))["passed"]
    code = "print(flush=True); import time; time.sleep(60)"
    left = subprocess.Popen([sys.executable, "-c", code], env=os.environ | {MARK: mark}, stdout=subprocess.PIPE)
    assert left.stdout is not None
    try:
        left.stdout.readline()
        found = run_step("stopped", lambda: check_stopped(mark))
    finally:
        left.kill()
        left.wait()
    assert not found["passed"]
    assert found["sentence"] == f"1 process(es) of the server outlived it: [{left.pid}]."


def test_an_answer_that_is_no_json_hides_no_other_fault() -> None:
    """A proxy or another framework answers in its own words: each request is named all the same."""
    requests = [Request(name, 404, b"", path=path, method="GET") for name, path in (("one", "/a"), ("two", "/b"))]
    with web_server() as web:
        web.on("/a", gives(b"Not Found", status=404))
        web.on("/b", gives(b"", status=200))
        with pytest.raises(Refusal, match=r"2 of 2 bad requests went wrong: one: refused otherwise .*; two: answered"):
            send_bad(int(web.address.rpartition(":")[2]), requests)
