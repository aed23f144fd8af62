"""A server whose one JSON endpoint does nothing, run exactly as `modelfleet serve` runs its own."""

import argparse
import asyncio

from litestar import Litestar, get

from modelfleet.api.server import Asgi, serve


@get("/noop")
async def noop() -> dict[str, bool]:
    """Do nothing, and say so."""
    return {"ok": True}


def main() -> None:
    """Answer until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    app: Asgi = Litestar([noop], openapi_config=None, logging_config=None)
    asyncio.run(serve(app, "127.0.0.1", parser.parse_args().port, lambda: None))


if __name__ == "__main__":
    main()
