"""`perennial image`: the packaged bento as a container image."""

import argparse

from perennial.commands import Add
from perennial.commands.serving import BENTO, refuse_unpackaged
from perennial.io.image import build_image, collect_context, find_builder, read_version
from perennial.io.scratch import scratch_folder


def image(arguments: argparse.Namespace) -> None:
    """Build the image perennial:VERSION of the packaged bento with docker, podman or buildah."""
    refuse_unpackaged()
    builder, tag = find_builder(arguments.builder), f"{arguments.name}:{read_version(BENTO)}"
    with scratch_folder("image") as folder:
        collect_context(folder / "context", BENTO)
        build_image(builder, folder / "context", tag, arguments.base, arguments.option)
    print(f"built {tag}")


def declare(add: Add) -> None:
    """Declare the word of this module and its options."""
    command = add("image", image)
    command.add_argument("--name", default="perennial", help="the image's name before its tag (perennial)")
    command.add_argument("--base", help="the image it is built on, by tag and digest")
    command.add_argument("--builder", help="docker, podman or buildah, instead of the first that answers")
    command.add_argument(
        "--option",
        action="append",
        default=[],
        help="an option for the builder itself, for instance --option=--no-cache",
    )
