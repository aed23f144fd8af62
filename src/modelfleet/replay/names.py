"""Safe names for the tenants and labels of real data, which may be any strings."""

import re
import unicodedata
from hashlib import sha256

from modelfleet.errors import InvalidInput
from modelfleet.events.validation import check_name

_MADE = re.compile(r".*@[0-9a-f]{12}")
_UNSAFE = re.compile(r"[^A-Za-z0-9_+-]+")
_LONGEST_PART = 60


def safe_name(original: str) -> str:
    """A name that the platform accepts: the original itself if it is one, else one made from it.

    A made name ends in ``@`` and 12 digits of the original's SHA-256, and an original that looks
    like that is made anew; so two different originals never share a name.
    """
    if not _MADE.fullmatch(original) and _is_name(original):
        return original
    plain = unicodedata.normalize("NFKD", original).encode("ascii", "ignore").decode()
    readable = _UNSAFE.sub("-", plain).strip("-+_")[:_LONGEST_PART] or "name"
    digest = sha256(original.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{readable}@{digest[:12]}"


def _is_name(text: str) -> bool:
    try:
        check_name(text, "name")
    except InvalidInput:
        return False
    return True
