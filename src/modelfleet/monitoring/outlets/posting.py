"""Posting JSON to an address that an operator has set, and nowhere else."""

from collections.abc import Mapping
from hashlib import sha256

import httpx

from modelfleet.monitoring.outlets.outlet import Answer, Refused, Taken, Unreachable
from modelfleet.settings import without_secrets

_SECONDS = httpx.Timeout(10.0, connect=5.0)
_LATER = {408, 425, 429}


class Poster:
    """A client of one address. It follows no redirect and reads no answer but the status."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = httpx.Client(timeout=_SECONDS, follow_redirects=False)

    def post(self, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a body; what came of it."""
        sent = {"Content-Type": "application/json", "User-Agent": "modelfleet", **(headers or {})}
        try:
            with self._http.stream("POST", self._url, content=body, headers=sent) as response:
                return _answer(response)
        except httpx.HTTPError as error:
            return Unreachable(f"{type(error).__name__}: {error}")

    def close(self) -> None:
        """Give back connections."""
        self._http.close()


def name_of(kind: str, address: str) -> str:
    """What is kept of an outlet is kept under this, which shows nothing of its address."""
    return f"{kind} {sha256(address.encode()).hexdigest()[:12]}"


def shown_as(kind: str, address: str) -> str:
    """An outlet as people are told of it: its host, and what tells two at one host apart."""
    _, _, apart = name_of(kind, address).rpartition(" ")
    return f"{kind} {without_secrets(address)} ({apart})"


def _answer(response: httpx.Response) -> Answer:
    status = response.status_code
    if response.is_success:
        return Taken()
    if status in _LATER or response.is_server_error:
        return Unreachable(f"answered {status}")
    if response.is_redirect:
        return Refused(f"answered {status}: it wants to send us elsewhere; set that address")
    return Refused(f"answered {status}")
