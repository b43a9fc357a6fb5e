"""`perennial remote`, `push`, `pull`, `verify-data`: what a team shares, whole and with an end."""

import argparse
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

from perennial.commands import Add
from perennial.io.deadline import end_within
from perennial.io.objects import Owner, find_damaged, find_owners, heal_object, read_lock
from perennial.io.params import read_params
from perennial.io.remote import probe_remote, read_remote, write_remote
from perennial.io.scratch import scratch_folder
from perennial.io.stores import Cache, Shared, Store, open_cache, open_shared
from perennial.io.transfer import transfer
from perennial.refusal import Refusal

DEADLINE = "remote.deadline_seconds"


def _seconds(arguments: argparse.Namespace) -> float:
    return float(arguments.seconds or read_params((DEADLINE,))[DEADLINE])


def set_remote(arguments: argparse.Namespace) -> None:
    """Set the team's remote, what it sends verified: an s3:// address or the path of a shared folder."""
    write_remote(arguments.url, arguments.name, arguments.endpoint, arguments.profile)
    print(
        f"remote {arguments.name} is {arguments.url}, verified: commit .dvc/config, then `perennial push`", flush=True
    )
    probe_remote(read_remote())


def push(arguments: argparse.Namespace) -> None:
    """Send the outputs of this commit to the remote; safe to run again."""
    print(transfer("push", read_remote(), seconds=_seconds(arguments)))


def pull(arguments: argparse.Namespace) -> None:
    """Fetch the outputs of this commit from the remote, each verified; safe to run again."""
    remote = read_remote()
    print(transfer("pull", remote, seconds=_seconds(arguments)))


def _place(oid: str, owners: Mapping[str, Owner]) -> str:
    owner = owners.get(oid)
    return f"{owner.path} of stage {owner.stage}" if owner else "no output of this commit"


def describe_damage(store: str, damaged: Iterable[str], owners: Mapping[str, Owner]) -> list[str]:
    """Return one line for each damaged object: where it lies, its id, whose output it is."""
    return [f"{store}: object {oid} is damaged: {_place(oid, owners)}" for oid in damaged]


def _heal(harmed: Store, damaged: list[str], sound: Store | None, owners: Mapping[str, Owner]) -> list[str]:
    """Heal what can be; return the ids of what cannot."""
    known = set(sound.ids()) if sound else set()
    left = []
    with scratch_folder("heal") as scratch:
        for oid in damaged:
            owner = owners.get(oid)
            workspace = Path(owner.path) if owner else None
            if not heal_object(oid, harmed, sound if oid in known else None, workspace, scratch):
                left.append(oid)
    return left


def _stores(stack: ExitStack, cache_only: bool) -> tuple[Cache, Shared | None]:
    cache = open_cache()
    if cache_only:
        return cache, None
    remote = read_remote()
    probe_remote(remote)
    return cache, stack.enter_context(open_shared(remote.name))


def verify_data(arguments: argparse.Namespace) -> None:
    """Hash every object of the cache and of the remote anew; name what is damaged, and with --heal replace it."""
    with ExitStack() as stack:
        stack.enter_context(end_within(_seconds(arguments), "hashing the objects"))
        cache, shared = _stores(stack, arguments.cache_only)
        stores: list[Store] = [cache, shared] if shared else [cache]
        damaged = {store.name: find_damaged(store) for store in stores}
        owners = find_owners(read_lock(), cache)
        for store in stores:
            print("\n".join(describe_damage(store.name, damaged[store.name], owners)) or f"{store.name}: whole")
        if not any(damaged.values()):
            return
        if not arguments.heal:
            raise Refusal("some objects are damaged: `perennial verify-data --heal` replaces them by sound copies.")
        # In this order, so that what the cache lacks is sound before it is sent.
        left = {}
        for store, other in ((cache, shared), (shared, cache)) if shared else ((cache, None),):
            assert store is not None
            left[store.name] = _heal(store, damaged[store.name], other, owners)
        refuse_unhealed(left, owners)
        print("healed: every damaged object was replaced by a sound copy")


def refuse_unhealed(left: Mapping[str, list[str]], owners: Mapping[str, Owner]) -> None:
    """Raise Refusal with what to run for objects that had no sound copy anywhere."""
    lost = sorted({oid for ids in left.values() for oid in ids})
    stages = sorted({owners[oid].stage for oid in lost if oid in owners})
    if lost:
        again = f"run `dvc repro --force {' '.join(stages)}`, then `perennial push`" if stages else "nothing uses them"
        raise Refusal(f"{len(lost)} damaged objects had no sound copy and were removed: {again}.")


def declare(add: Add) -> None:
    """Declare the words of this module and their options."""
    remote = add("remote", set_remote)
    remote.add_argument("url", help="s3://BUCKET/FOLDER, or the path of a folder that the team shares")
    remote.add_argument("--name", default="storage")
    remote.add_argument("--endpoint", help="http(s) address of an S3 server other than Amazon's")
    remote.add_argument("--profile", help="of ~/.aws, written to .dvc/config.local alone")
    for command in (add("push", push), add("pull", pull), verify := add("verify-data", verify_data)):
        command.add_argument("--seconds", type=float, help="instead of remote.deadline_seconds of params.yaml")
    verify.add_argument("--heal", action="store_true", help="replace what is damaged by a sound copy")
    verify.add_argument("--cache-only", action="store_true", help="leave the remote alone")
