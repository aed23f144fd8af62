"""API keys: of a secret only its digest is kept."""

from hashlib import sha256


def digest_of(secret: str) -> str:
    """What is kept of a secret: of 256 random bits, so a plain SHA-256 can't be guessed."""
    return sha256(secret.encode()).hexdigest()
