"""API keys: who holds one may do what its role says, within its tenant."""

from hashlib import sha256

from modelfleet.errors import InvalidInput
from modelfleet.events.validation import check_name

ROLES = ("user", "owner", "operator")
"""In rising order: decides and gives feedback; everything within a tenant; everything."""


def digest_of(secret: str) -> str:
    """What is kept of a secret: of 256 random bits, so a plain SHA-256 can't be guessed."""
    return sha256(secret.encode()).hexdigest()


def check_role(role: str, tenant: str) -> None:
    """The role of a new key.

    Raises:
        InvalidInput: unknown, or a tenant where none belongs, or none where one does.
    """
    if role not in ROLES:
        raise InvalidInput.at("role", f"must be one of {', '.join(ROLES)}; got {role!a}")
    if role != "operator":
        check_name(tenant, "tenant")
    elif tenant:
        raise InvalidInput.at("tenant", "doesn't go with the role operator, which has all")
