"""What a user would write: the pipeline behind FastAPI, with the contract as a pydantic model.

`uvicorn api:app` in the folder that holds pipeline.joblib and schema.json; runs in the peers' environment.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import joblib
import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field, create_model

KINDS: dict[str, type] = {"numeric": float, "boolean": bool, "category": str}


def describe(column: dict[str, Any]) -> tuple[Any, Any]:
    """Return the type of one input, and that it must be there."""
    low, high = column["range"] or (None, None)
    plain = KINDS[column["dtype"]]
    kind: Any = Annotated[plain, Field(ge=low, le=high)] if low is not None or high is not None else plain
    return (kind | None if column["nullable"] else kind, ...)


INPUTS = json.loads(Path("schema.json").read_text())["inputs"]
FLAGS = {column["name"]: float for column in INPUTS if column["dtype"] == "boolean"}
STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
Row = create_model("Row", __config__=STRICT, **{column["name"]: describe(column) for column in INPUTS})


class Request(BaseModel):
    """What is asked."""

    model_config = STRICT
    rows: list[Row] = Field(min_length=1, max_length=1000)  # type: ignore[valid-type]


pipeline = joblib.load("pipeline.joblib")
app = FastAPI()


@app.post("/predict")
def predict(request: Request) -> dict[str, Any]:
    """Score and decide rows."""
    frame = pd.DataFrame([row.model_dump() for row in request.rows]).astype(FLAGS)
    scores = pipeline.predict_proba(frame)[:, 1]
    return {"predictions": [{"score": float(score), "decision": bool(score >= 0.5)} for score in scores]}


@app.get("/readyz")
def ready() -> dict[str, str]:
    """Say that it is ready."""
    return {"status": "ready"}
