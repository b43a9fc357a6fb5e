"""How a challenger comes to stand beside the champion: loaded in the same verified order, and of the same contract."""

from perennial.io.companion import Companion, read_greeting
from perennial.model.explanation import adds_up
from perennial.refusal import Refusal
from perennial.serving.challenger import START_SECONDS, Challenger, start_process
from perennial.serving.lanes import describe_interface, refuse_different
from perennial.serving.runtime import Predictor
from perennial.serving.settings import CANARY, Settings


def begin_challenger(settings: Settings) -> Companion | None:
    """Start the process of the challenger, if one is wanted; it loads while the champion does."""
    if not settings.challenger:
        return None
    return start_process(settings.challenger, settings.lane)


def meet_challenger(companion: Companion, settings: Settings, champion: Predictor) -> Challenger:
    """Wait until the challenger has loaded, and look at it.

    Raises Refusal, its process ended, when its bundle is not as packed or callers would notice another contract.
    """
    try:
        greeting = read_greeting(companion, START_SECONDS)
        if "refused" in greeting:
            raise Refusal(greeting["refused"])
        refuse_different(describe_interface(champion), greeting["interface"])
        if settings.lane == CANARY and adds_up(champion.model) and not greeting["explains"]:
            raise Refusal("it cannot explain its score as the champion does: let it stand in the shadow.")
        if settings.lane_key and settings.lane_key not in {field.name for field in champion.fields}:
            raise Refusal(f"PERENNIAL_LANE_KEY is {settings.lane_key!r}, which is not an input: name one, or none.")
    except Refusal as refusal:
        companion.end(0)
        raise Refusal(f"the challenger at {settings.challenger}: {refusal}") from None
    return Challenger(companion, settings, greeting)
