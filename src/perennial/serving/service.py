"""The BentoML service: verifies the bundle beside it, proves it on one row, and mounts the routes."""

import json
from pathlib import Path

import bentoml

from perennial.io.files import read_json
from perennial.io.process import die_with_parent
from perennial.refusal import Refusal
from perennial.serving.app import ServeLimits, answer_predict, build_app
from perennial.serving.runtime import Predictor, load_predictor

HOME = Path(__file__).resolve().parents[2]
LIMITS = ServeLimits(**read_json(HOME / "limits.json"))


def current_predictor() -> Predictor:
    """Return the predictor of the service that runs in this process."""
    predictor: Predictor = bentoml.get_current_service().predictor
    return predictor


@bentoml.asgi_app(build_app(current_predictor, LIMITS))
@bentoml.service(
    name="perennial",
    workers=1,
    http={"host": "127.0.0.1"},
    logging={"access": {"enabled": False}},
)
class Perennial:
    """Answers rows of the problem in params.yaml with a score and a decision."""

    def __init__(self) -> None:
        die_with_parent("bentoml")  # a worker that outlives BentoML's arbiter keeps the port
        self.predictor = load_predictor(HOME / "bundle")
        body = json.dumps({"rows": [self.predictor.example]}).encode()
        answer = answer_predict(self.predictor, LIMITS, body)
        if answer.status_code != 200:
            raise Refusal(
                f"the example made from the bundle's schema is refused by its own service: {bytes(answer.body)!r:.300}"
            )
