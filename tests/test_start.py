"""A server starts without what it doesn't need."""

import subprocess
import sys

HEAVY = ("scipy.optimize", "scipy.cluster", "scipy.spatial", "psycopg", "alembic", "grpc", "jax")


def test_what_a_server_does_not_need_is_not_imported_when_it_starts() -> None:
    script = (
        "import sys, modelfleet.cli.roles\n"
        f"print([name for name in {HEAVY} if name in sys.modules])\n"
    )
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
