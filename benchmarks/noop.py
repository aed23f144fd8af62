"""A server whose one JSON endpoint does nothing, run exactly as `modelfleet serve` runs its own.

It takes a request to decide and answers with a decision, always the same one: as much JSON comes in
and goes out as in the real thing.
"""

import argparse
from typing import Any

import uvloop
from litestar import Litestar, get, post

from modelfleet.api import samples
from modelfleet.api.server import Asgi, serve


@get("/noop")
async def ready() -> dict[str, bool]:
    """Say that it runs."""
    return {"ok": True}


@post("/noop", status_code=200)
async def noop(data: dict[str, Any]) -> dict[str, Any]:
    """Read a request, and answer without having done anything."""
    return samples.DECISION if data else {}


def main() -> None:
    """Answer until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    app: Asgi = Litestar([ready, noop], openapi_config=None, logging_config=None)
    uvloop.run(serve(app, "127.0.0.1", parser.parse_args().port, lambda: None))


if __name__ == "__main__":
    main()
