"""A body of two parts: JSON, and behind it the tensors that came in binary."""

from modelfleet.errors import InvalidInput

HEADER = "Inference-Header-Content-Length"


def split(header: str | None, body: bytes) -> tuple[bytes, bytes]:
    """The JSON, and the bytes behind it; without the header all is JSON.

    Raises:
        InvalidInput: the header isn't the length of a part of the body.
    """
    if header is None:
        return body, b""
    if not (header.isascii() and header.isdecimal() and len(header) < 20):  # noqa: PLR2004 - as many digits as 64 bits have
        raise InvalidInput.at(HEADER, f"must be the number of bytes of JSON; got {header[:40]!a}")
    length = int(header)
    if length > len(body):
        raise InvalidInput.at(HEADER, f"is {length:,}, but the body has {len(body):,} bytes")
    return body[:length], body[length:]
