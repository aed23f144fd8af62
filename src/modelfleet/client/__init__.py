"""A fleet behind a server, with the same verbs as `Fleet`.

*In*: the library's own values. *Out*: the same values and errors as the library's. *Keeps*:
connections. *Ignores*: what the server does with them. A write whose connection was lost is sent
again: each gets an id beforehand, under which the server takes it once.
"""

from modelfleet.client.client import Client
from modelfleet.client.remote_task import RemoteTask

__all__ = ["Client", "RemoteTask"]
