"""The options of `perennial adopt` that say how a source is fetched."""

import argparse
import re
from collections.abc import Sequence

from perennial.data.fetching import PAGE_KEYS, Fetch, refuse_literal_secrets
from perennial.io.fetch import is_remote, may_be_database
from perennial.refusal import Refusal


def add_fetch_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how a source is fetched; the values of credentials are named, ${NAME}, not written."""
    parser.add_argument("--query", metavar="SQL", action="append", help="of a database; once for each that is given")
    parser.add_argument("--watermark", metavar="COLUMN", help="that grows with every change: fetch only what is new")
    parser.add_argument("--parameter", action="append", metavar="NAME=VALUE", help="of the query or the request")
    parser.add_argument(
        "--header", action="append", metavar="NAME=VALUE", help="such as 'Authorization=Bearer ${TOKEN}'"
    )
    parser.add_argument("--join", metavar="COLUMN", help="by which the other sources are joined to the first")
    parser.add_argument("--records", metavar="PATH", help="where the rows are in a JSON answer, such as data.items")
    parser.add_argument("--pages", metavar="HOW", help="link, next=PATH, or parameter=NAME,first=1")
    parser.add_argument("--sha256", help="that the file must have")
    parser.add_argument("--sheet", help="of a workbook")
    parser.add_argument("--encoding", metavar="NAME", help="of a CSV that is not UTF-8, such as shift_jis")
    parser.add_argument("--endpoint", help="http(s) address of an S3 server other than Amazon's")


def declare_fetch(arguments: argparse.Namespace, address: str, query: str | None) -> Fetch | None:
    """Return how a source is fetched, as the person has said it; None for files that are here."""
    if not is_remote(address):
        return None
    declared = Fetch(
        url=address,
        query=query,
        parameters=read_pairs(arguments.parameter, "--parameter"),
        headers={str(name): str(value) for name, value in read_pairs(arguments.header, "--header").items()},
        records=arguments.records,
        pages=read_pages_option(arguments.pages),
        sha256=arguments.sha256,
        sheet=arguments.sheet,
        encoding=arguments.encoding,
        endpoint=arguments.endpoint,
    )
    refuse_literal_secrets(declared, "the source")
    return declared


def pair_queries(addresses: Sequence[str], queries: Sequence[str]) -> list[tuple[str, str | None]]:
    """Return the sources with their queries: each database takes the next one; Refusal when one is left over."""
    waiting = list(queries)
    pairs = [(each, waiting.pop(0) if waiting and may_be_database(each) else None) for each in addresses]
    if waiting:
        raise Refusal(f"--query {waiting[0]!r} belongs to no source: only databases are asked by a query.")
    return pairs


def read_pairs(words: list[str] | None, option: str) -> dict[str, object]:
    """Return options written NAME=VALUE, numbers as such; raises Refusal for others."""
    pairs: dict[str, object] = {}
    for word in words or ():
        name, mark, value = word.partition("=")
        if not mark or not name:
            raise Refusal(f"{option} {word}: write NAME=VALUE.")
        pairs[name] = int(value) if re.fullmatch(r"-?\d{1,15}", value) else value
    return pairs


def read_pages_option(text: str | None) -> dict[str, object]:
    """Return `--pages`: `link`, or `parameter=page,first=1`, or `next=links.next`."""
    if text in (None, "link"):
        return {"link": True} if text else {}
    pages = read_pairs(str(text).split(","), "--pages")
    if not set(pages) <= set(PAGE_KEYS):
        raise Refusal(f"--pages {text}: write link, next=PATH, or parameter=NAME,first=1.")
    return pages
