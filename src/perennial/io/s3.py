"""An S3 bucket asked one short question, and each way in which it can fail said in one sentence."""

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from perennial.refusal import Refusal

MISSING = "the remote {url} needs dvc-s3: run `python3 requirements/install.py runtime s3`."
SENTENCES = {
    "NoCredentialsError": "there are no credentials for {place}: {give}.",
    "PartialCredentialsError": "half of the credentials for {place} is missing: {give}.",
    "ProfileNotFound": "the profile {profile} for {place} is not in ~/.aws: {give}.",
    "NoSuchBucket": "the bucket {bucket} is not at {endpoint}: make it, or correct the address.",
    "InvalidAccessKeyId": "{endpoint} does not know the access key in use for {bucket}: {give}.",
    "SignatureDoesNotMatch": "{endpoint} refuses the secret of the access key in use for {bucket}: {give}.",
    "ExpiredToken": "the credentials in use for {place} have expired: fetch new ones.",
    "AccessDenied": "the credentials in use may not list {place}: ask for ListBucket, GetObject, PutObject.",
    "EndpointConnectionError": "nothing answers at {endpoint}: {look}.",
    "ConnectTimeoutError": "{endpoint} does not answer within {seconds:g} s: {look}.",
    "ReadTimeoutError": "{endpoint} takes the connection and then says nothing for {seconds:g} s: {look}.",
    "ConnectionClosedError": "{endpoint} hangs up: {look}.",
    "SSLError": "{endpoint} shows a certificate that is not trusted: correct the address or set `ssl_verify`.",
}
LOOK = "is the server up, and endpointurl or AWS_ENDPOINT_URL right? Nothing is lost, run again later"


def endpoint_of(options: Mapping[str, Any]) -> str:
    """Return the address that serves a bucket: the remote's own, the environment's, or Amazon's."""
    names = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    found = options.get("endpointurl") or next(filter(None, (os.environ.get(name) for name in names)), None)
    return str(found or "Amazon S3")


def _give(name: str) -> str:
    return (
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, "
        f"or run `dvc remote modify --local {name} profile PROFILE`"
    )


def explain_failure(
    kind: str, words: str, *, name: str, url: str, options: Mapping[str, Any], seconds: float, **others: str
) -> str:
    """Return one sentence for a failure of S3: `kind` is the name of botocore's exception or the server's code.

    `others` are the words `give` and `look` where it is no remote of DVC.
    """
    facts = {
        "place": f"{url} at {endpoint_of(options)}",
        "bucket": urlsplit(url).netloc,
        "endpoint": endpoint_of(options),
        "profile": options.get("profile") or os.environ.get("AWS_PROFILE", "default"),
        "give": _give(name),
        "look": LOOK,
        "seconds": seconds,
    } | others
    if kind in SENTENCES:
        return SENTENCES[kind].format(**facts)
    return f"{facts['place']} cannot be used ({' '.join(words.split())[:300]}): {facts['look']}."


def open_client(options: Mapping[str, Any], seconds: float) -> Any:
    """Return a client that gives up after one try and so many seconds of silence."""
    import botocore.config
    import botocore.session

    limits = botocore.config.Config(
        connect_timeout=seconds,
        read_timeout=seconds,
        retries={"total_max_attempts": 1},
        signature_version=botocore.UNSIGNED if options.get("allow_anonymous_login") else None,
    )
    return botocore.session.Session(profile=options.get("profile")).create_client(
        "s3",
        region_name=options.get("region"),
        endpoint_url=options.get("endpointurl"),
        use_ssl=options.get("use_ssl", True),
        verify=options.get("ssl_verify"),
        aws_access_key_id=options.get("access_key_id"),
        aws_secret_access_key=options.get("secret_access_key"),
        aws_session_token=options.get("session_token"),
        config=limits,
    )


def probe_bucket(name: str, url: str, options: Mapping[str, Any], seconds: float) -> None:
    """Raise Refusal in one sentence unless the bucket of `url` can be listed within about `seconds`."""
    try:
        import botocore.exceptions as faults
        import dvc_s3  # noqa: F401
    except ImportError:
        raise Refusal(MISSING.format(url=url)) from None
    try:
        bucket, prefix = urlsplit(url).netloc, urlsplit(url).path.strip("/")
        open_client(options, seconds).list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
    except faults.ClientError as error:
        kind, words = error.response["Error"].get("Code", ""), str(error)
    except (faults.BotoCoreError, ValueError, OSError) as error:
        kind, words = type(error).__name__, str(error)
    else:
        return
    raise Refusal(explain_failure(kind, words, name=name, url=url, options=options, seconds=seconds))
