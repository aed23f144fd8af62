"""Fields as the databases keep them, such that what was sent comes back."""

import re

import msgspec

_EXACT = 2.0**53  # from here on every float is a whole number
_LARGEST_INTEGER = 2**63
# What any float beyond 2**53 looks like where others are around it.
_MAY_BE_LARGE = re.compile(r"[:,\[]-?[0-9](?:[0-9]{15,}\.|[0-9.]*e\+?[0-9])")


def encode_sqlite(value: object) -> str:
    """JSON as text."""
    return msgspec.json.encode(value).decode()


def encode_postgresql(value: object) -> str:
    """JSON for JSONB, which keeps decimals: a large float is written as the integer that it is.

    ``value`` is a list, a dictionary or a struct.
    """
    encoded = encode_sqlite(value)
    if not _MAY_BE_LARGE.search(encoded):
        return encoded
    return encode_sqlite(_whole(msgspec.to_builtins(value)))


def decode_postgresql(text: str | bytes) -> object:
    """What `encode_postgresql` wrote, after JSONB."""
    return _float_again(msgspec.json.decode(text))


def _whole(value: object) -> object:
    if isinstance(value, dict):
        return {key: _whole(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(inner) for inner in value]
    if type(value) is float and _EXACT < abs(value) < _LARGEST_INTEGER:
        return int(value)
    return value


def _float_again(value: object) -> object:
    """Integers that no event may hold were floats, such as 1e300."""
    if isinstance(value, dict):
        return {key: _float_again(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_float_again(inner) for inner in value]
    if type(value) is int and abs(value) >= _LARGEST_INTEGER:
        return float(value)
    return value
