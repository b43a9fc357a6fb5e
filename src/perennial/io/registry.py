"""The registry: GTO's tags in Git, which `gto show` and `dvc artifacts get` read without this project."""

import time
from collections.abc import Mapping

from perennial.io.git import list_refs, run_git, tag_time
from perennial.refusal import Refusal

NAME = "perennial"


def version_tag(version: str) -> str:
    """Return the tag that registers a version."""
    return f"{NAME}@{version}"


def list_versions() -> list[str]:
    """Return the registered versions, oldest first."""
    return [tag.partition("@")[2] for tag in list_refs(f"{NAME}@v*") if "!" not in tag]


def list_stages() -> dict[str, str]:
    """Return the version that each stage holds: that of its newest assignment, unless GTO took it away again."""
    newest: dict[str, tuple[int, str]] = {}
    for tag in list_refs(f"{NAME}#*"):
        stage, _, number = tag.removeprefix(f"{NAME}#").rpartition("#")
        if number.isdigit():
            name = stage.removesuffix("!")
            newest[name] = max(newest.get(name, (0, "")), (int(number), tag))
    registered = {commit_of(version_tag(version)): version for version in list_versions()}
    held = {stage: registered.get(commit_of(tag)) for stage, (_, tag) in newest.items() if "!" not in tag}
    return {stage: version for stage, version in held.items() if version is not None}


def stages_of(version: str, stages: Mapping[str, str]) -> list[str]:
    """Return the stages that a version holds, sorted."""
    return sorted(stage for stage, held in stages.items() if held == version)


def commit_of(tag: str) -> str:
    """Return the hash of the commit that a tag points to."""
    return run_git("rev-parse", "--verify", f"refs/tags/{tag}^{{commit}}").strip()


def register_version(version: str, commit: str, message: str) -> None:
    """Make the annotated tag of a version on its commit."""
    import gto.api  # half a second that no other command need pay
    from gto.exceptions import GTOException

    try:
        gto.api.register(".", NAME, commit, version=version, message=message)
    except GTOException as error:
        raise Refusal(f"GTO did not register {version}: {error}") from None


def assign_stage(version: str, stage: str, message: str) -> None:
    """Make the annotated tag that gives a stage to a version, later than every other tag by a second of Git's clock."""
    import gto.api
    from gto.exceptions import GTOException

    while time.time() < tag_time(f"{NAME}#*") + 1 and tag_time(f"{NAME}#*") <= time.time() + 1:
        time.sleep(0.05)
    try:
        # A version that held the stage once and holds it no longer takes it again only by force.
        gto.api.assign(".", NAME, stage, version=version, message=message, force=True)
    except GTOException as error:
        raise Refusal(f"GTO did not assign {stage} to {version}: {error}") from None
