"""Files in an S3 bucket."""

from pathlib import Path
from typing import Any

from perennial.data.fetching import Fetch
from perennial.io.retry import Transient
from perennial.io.s3 import explain_failure, open_client
from perennial.refusal import Refusal

MISSING = "s3:// needs its client: run `python3 requirements/install.py runtime s3`."
GIVE = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
PASSING = {
    *("EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ConnectionClosedError"),
    *("IncompleteReadError", "ResponseStreamingError", "SlowDown", "InternalError", "ServiceUnavailable", "503", "500"),
}


def download_objects(fetch: Fetch, folder: Path, *, seconds: float) -> list[Path]:
    """Fetch an object, or all below an address that ends in a slash, and return the files in order of their names.

    Raises Transient when the server is away, Refusal when it does not give them.
    """
    try:
        import botocore.exceptions as faults
    except ImportError:
        raise Refusal(MISSING) from None
    options = {"endpointurl": fetch.endpoint}
    try:
        return _download(open_client(options, seconds), fetch.url, folder)
    except faults.ClientError as error:
        kind, words = str(error.response["Error"].get("Code", "")), str(error)
    except (faults.BotoCoreError, OSError) as error:
        kind, words = type(error).__name__, str(error)
    if kind == "NoSuchKey":
        raise Refusal(f"{fetch.url} is not there: correct the address; that of a folder ends in a slash.")
    said = explain_failure(
        kind, words, name="", url=fetch.url, options=options, seconds=seconds, give=GIVE, look="is the server up?"
    )
    if kind in PASSING:
        raise Transient(said.split(": is the server up?")[0])
    raise Refusal(said)


def _download(client: Any, url: str, folder: Path) -> list[Path]:
    bucket, _, key = url.removeprefix("s3://").partition("/")
    keys = [key]
    if not key or key.endswith("/"):
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
        keys = sorted(each["Key"] for page in pages for each in page.get("Contents", []) if each["Size"])
    if not keys:
        raise Refusal(f"nothing lies below {url}: correct the address.")
    files = []
    for number, name in enumerate(keys):
        # Numbered, because two folders may hold files of one name.
        place = folder / f"{number:06d}-{name.rsplit('/', 1)[-1]}"
        with place.open("wb") as file:
            for chunk in client.get_object(Bucket=bucket, Key=name)["Body"].iter_chunks(2**20):
                file.write(chunk)
        files.append(place)
    return files
