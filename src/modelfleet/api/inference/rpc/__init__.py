"""The Open Inference Protocol over gRPC, beside the HTTP API and within its event loop.

*In*: messages of the protocol; keys as metadata. *Out*: messages, and gRPC's statuses. *Keeps*: a
listening port. *Ignores*: what an answer says; the modules above know that for REST too. Needs the
extra `grpc`.
"""

from modelfleet.api.inference.rpc.server import serving

__all__ = ["serving"]
