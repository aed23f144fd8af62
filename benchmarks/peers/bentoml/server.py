"""Becomes `bentoml serve` on the service beside this file, with one worker."""

import os
import sys
from pathlib import Path


def main() -> None:
    """Start it."""
    os.environ["BENTOML_DO_NOT_TRACK"] = "True"
    os.chdir(Path(__file__).parent)
    bentoml = str(Path(sys.executable).parent / "bentoml")
    options = ["--host", "127.0.0.1", "--port", os.environ["PEER_PORT"]]
    os.execv(bentoml, [bentoml, "serve", "service:Service", *options])  # noqa: S606 - of the same environment


if __name__ == "__main__":
    main()
