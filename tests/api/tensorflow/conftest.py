"""The same world as the other protocol's tests have."""

from tests.api.inference.conftest import api, cast, fleet, guarded, versions

__all__ = ["api", "cast", "fleet", "guarded", "versions"]
