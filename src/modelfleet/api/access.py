"""Who may do what: keys are looked up by their digest, and remembered for a second."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Literal
from urllib.parse import urlsplit

from modelfleet.api.problems import KeyMissing
from modelfleet.catalog import Catalog, Key, digest_of
from modelfleet.errors import NotAllowed, NotFound

Role = Literal["public", "holder", "user", "owner", "operator"]
"""The least role that a route asks for; ``public`` needs no key.

A ``holder`` has a key of any tenant or of the fleet, and is shown what is that key's to see.
"""

REMEMBERED = 0.9
"""Seconds for which a key is believed to be in force; so a revoked one is refused in a second."""

_MOST_REMEMBERED = 10_000
_OF_PROXIES = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


class Access:
    """Decides whether a request may go on.

    Keys are ``required`` or not; None: not before somebody makes one, which is noticed in a second.
    """

    def __init__(
        self,
        catalog: Catalog,
        *,
        required: bool | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalog = catalog
        self._required = required
        self._clock = clock
        self._remembered: dict[str, tuple[Key, float]] = {}
        self._open_until = 0.0

    async def check(self, headers: Mapping[str, str], role: Role, tenant: str | None) -> str | None:
        """Let pass whose key has the role; the only tenant that it may see, None for all.

        Args:
            headers: of the request, their names in lower case.
            role: the least that is asked for.
            tenant: whose the thing is that is asked for; None if it is nobody's.

        Raises:
            KeyMissing: there is no key, or it isn't in force.
            NotFound: the key is another tenant's, who learns nothing of this one.
            NotAllowed: the key's role isn't enough; or there are no keys yet, and the request comes
                from elsewhere.
        """
        if role == "public":
            return None
        if not await self._needs_key():
            _refuse_others(headers)
            return None
        key = await self._key(headers.get("authorization", ""))
        if key.role == "operator":
            return None
        if tenant is not None and tenant != key.tenant:
            raise NotFound.at("tenant", "there is nothing under this path that this key may see")
        missing = tenant is None and role != "holder"
        if missing or role == "operator" or (role == "owner" and key.role != "owner"):
            raise NotAllowed.at("key", f"a key with the role '{key.role}' may not do this")
        return key.tenant

    async def _needs_key(self) -> bool:
        """Whether a key is asked for; once one was, always."""
        now = self._clock() if self._required is None else 0.0
        if self._required is None and now >= self._open_until:
            self._open_until = now + REMEMBERED
            if await asyncio.to_thread(self._catalog.has_keys):
                self._required = True
        return bool(self._required)

    async def _key(self, authorization: str) -> Key:
        scheme, _, secret = authorization.partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise KeyMissing
        digest = digest_of(secret.strip())
        key, until = self._remembered.get(digest, (None, 0.0))
        now = self._clock()
        if key is not None and now < until:
            return key
        found = await asyncio.to_thread(self._catalog.key_by_digest, digest)
        if found is None:
            self._remembered.pop(digest, None)
            raise KeyMissing
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[digest] = (found, now + REMEMBERED)
        return found


def _refuse_others(headers: Mapping[str, str]) -> None:
    """A server that asks for no key is for this machine alone.

    Neither a proxy may open it to others nor a page of another site in a browser that runs here.
    """
    if any(name in headers for name in _OF_PROXIES):
        raise NotAllowed.at(
            "key",
            "behind a proxy requests need a key, and none was made yet: "
            "modelfleet keys create operator",
        )
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != headers.get("host"):
        raise NotAllowed.at("origin", "pages of other sites may not use a server without keys")
