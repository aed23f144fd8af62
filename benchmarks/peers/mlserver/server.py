"""Writes MLServer's repository, a folder with settings for each model, and becomes MLServer."""

import json
import os
import sys
import tempfile
from pathlib import Path


def main() -> None:
    """Lay the repository, and start the server on it: one process, as few options as can be."""
    models, port = Path(os.environ["PEER_MODELS"]), int(os.environ["PEER_PORT"])
    folder = Path(tempfile.mkdtemp(prefix="mlserver-"))
    settings = {
        "host": "127.0.0.1",
        "http_port": port,
        "grpc_port": port + 1,
        "metrics_port": port + 2,
        "parallel_workers": 0,
        "debug": False,
    }
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    for file in sorted(models.glob("*.joblib")):
        place = folder / file.stem
        place.mkdir()
        model = {
            "name": file.stem,
            "implementation": "runtime.TextPipeline",
            "parameters": {"uri": str(file)},
        }
        (place / "model-settings.json").write_text(json.dumps(model), encoding="utf-8")
    os.environ["PYTHONPATH"] = str(Path(__file__).parent)
    mlserver = str(Path(sys.executable).parent / "mlserver")
    os.execv(mlserver, [mlserver, "start", str(folder)])  # noqa: S606 - of the same environment


if __name__ == "__main__":
    main()
