"""Who may ask: keys from the environment or a mounted file, and nobody from elsewhere without one."""

import ipaddress
import logging
import time
from functools import lru_cache
from pathlib import Path

from starlette.types import Scope

from perennial.refusal import Refusal
from perennial.serving.keys import Key, find_key, parse_keys
from perennial.serving.limits import find_header
from perennial.serving.problems import Problem
from perennial.serving.settings import Settings

REREAD_SECONDS = 1.0
logger = logging.getLogger("perennial.serving")
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="perennial"'}


@lru_cache(maxsize=1000)
def is_loopback(host: str) -> bool:
    """Return whether an address can be reached from this machine alone; a socket file can."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in ("", "localhost")


class Guard:
    """The keys of a service; those of a mounted file are read again when it changes."""

    def __init__(self, settings: Settings) -> None:
        self._file = Path(settings.api_keys_file) if settings.api_keys_file else None
        self._fixed = parse_keys(settings.api_keys, "PERENNIAL_API_KEYS")
        self._mounted: tuple[Key, ...] = ()
        self._stamp: tuple[int, int, int] | None = None
        self._looked = 0.0
        self._reread()

    @property
    def guarded(self) -> bool:
        """Whether keys are asked for."""
        return bool(self._fixed) or self._file is not None

    def _reread(self) -> None:
        if self._file is None:
            return
        try:
            found = self._file.stat()
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
            if stamp != self._stamp:
                self._mounted = parse_keys(self._file.read_text(encoding="utf-8"), str(self._file))
                self._stamp = stamp
        except (OSError, UnicodeDecodeError) as error:
            raise Refusal(f"the API keys in {self._file} cannot be read ({error}).") from None

    def _keys(self) -> tuple[Key, ...]:
        now = time.monotonic()
        if self._file is not None and now - self._looked > REREAD_SECONDS:
            self._looked = now
            try:
                self._reread()
            except Refusal as refusal:  # it may be half replaced: the keys that were read stay
                logger.warning("%s The keys that were read before stay.", refusal)
        return self._fixed + self._mounted

    def admit(self, scope: Scope, scopes: tuple[str, ...]) -> str:
        """Return who asks: the name of the key, or the address where none is needed; raises 401 or 403."""
        if not self.guarded:
            client = scope.get("client") or ("", 0)
            server = scope.get("server") or ("", 0)
            if not is_loopback(str(server[0] or "")):
                raise Problem(403, "without API keys this service answers its own machine alone.")
            return str(client[0])
        kind, _, presented = find_header(scope, b"authorization").partition(" ")
        if kind.lower() != "bearer" or not presented:
            raise Problem(401, "send an API key: `Authorization: Bearer KEY`.", headers=CHALLENGE)
        key = find_key(self._keys(), presented.strip())
        if key is None:
            raise Problem(401, "this API key is not known here.", headers=CHALLENGE)
        if not key.scopes & set(scopes):
            raise Problem(403, f"this API key may not do this: it needs the scope {' or '.join(scopes)}.")
        return key.name


def refuse_open_door(host: str, guarded: bool) -> None:
    """Raise Refusal when others than this machine could ask and no key is needed."""
    if not guarded and not is_loopback(host):
        raise Refusal(
            f"the service would listen on {host} without API keys: set PERENNIAL_API_KEYS or PERENNIAL_API_KEYS_FILE "
            "(`perennial key NAME` makes one), or listen on 127.0.0.1."
        )
