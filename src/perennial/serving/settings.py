"""What an operator decides where the service runs; all of it comes by the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perennial.refusal import Refusal

DURABILITIES = ("commit", "queue", "off")
SHADOW, CANARY = LANES = ("shadow", "canary")
"""Of a challenger: it scores everything and answers nothing; it answers a share."""
PREFIX = "PERENNIAL_"


@dataclass(frozen=True)
class Settings:
    """Where predictions are recorded and features looked up, who may ask, how much is held, and who challenges."""

    log_url: str = ""
    log_url_file: str = ""
    log_durability: str = "commit"
    log_retention_days: int = 0
    api_keys: str = ""
    api_keys_file: str = ""
    in_flight: int = 128
    in_flight_per_caller: int = 64
    timeout_seconds: float = 10.0
    drain_seconds: float = 5.0
    features_url: str = ""
    features_max_age_seconds: float = 0.0
    notice_seconds: float = 0.0
    challenger: str = ""
    lane: str = "shadow"
    canary_share: float = 0.05
    canary_timeout_seconds: float = 1.0
    lane_key: str = ""


def _read(name: str, default: str | int | float, text: str) -> str | int | float:
    if isinstance(default, str):
        return text
    try:
        value = type(default)(text)
    except ValueError:
        value = type(default)(-1)
    if not 0 <= value < 1e9:
        kind = "whole number" if isinstance(default, int) else "number"
        raise Refusal(f"{PREFIX}{name.upper()} is {text!r}: give a {kind} of at least 0.")
    return value


def _read_url(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(f"PERENNIAL_LOG_URL_FILE names {path}, which cannot be read ({error}).") from None


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings that the environment gives, PERENNIAL_LOG_URL and so on; raises Refusal at a misfit."""
    given: dict[str, Any] = {}
    for name, default in vars(Settings()).items():
        text = environment.get(f"{PREFIX}{name.upper()}", "")
        given[name] = _read(name, default, text) if text else default
    if given["log_url_file"]:  # holds a password, which a mounted file keeps better than the environment
        given["log_url"] = _read_url(given["log_url_file"])
    settings = Settings(**given)
    if settings.log_durability not in DURABILITIES:
        raise Refusal(f"PERENNIAL_LOG_DURABILITY is {settings.log_durability!r}: give {', '.join(DURABILITIES)}.")
    if settings.log_durability != "off" and not settings.log_url:
        raise Refusal(
            "nothing says where predictions are recorded: set PERENNIAL_LOG_URL (sqlite:////folder/predictions.db, "
            "postgresql+psycopg://…), or PERENNIAL_LOG_DURABILITY=off."
        )
    if settings.in_flight < 1 or settings.in_flight_per_caller < 1 or settings.timeout_seconds <= 0:
        raise Refusal("PERENNIAL_IN_FLIGHT, …_PER_CALLER and PERENNIAL_TIMEOUT_SECONDS must be above 0.")
    if settings.lane not in LANES:
        raise Refusal(f"PERENNIAL_LANE is {settings.lane!r}: give {' or '.join(LANES)}.")
    if settings.canary_share > 1 or settings.canary_timeout_seconds <= 0:
        raise Refusal("PERENNIAL_CANARY_SHARE must be from 0 to 1, PERENNIAL_CANARY_TIMEOUT_SECONDS above 0.")
    return settings
