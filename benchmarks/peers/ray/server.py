"""Ray Serve: one replica that multiplexes a joblib file for each tenant."""

import os
import time
from pathlib import Path
from typing import Any

import joblib
import ray
from ray import serve
from starlette.requests import Request

_MOST_MODELS = 1_000


class Predictor:
    """Pipelines by tenant, as many as Ray keeps."""

    def __init__(self) -> None:
        self._folder = Path(os.environ["PEER_MODELS"])

    async def load(self, tenant: str) -> Any:  # noqa: ANN401 - a pipeline of scikit-learn
        """Read a tenant's file."""
        return joblib.load(self._folder / f"{tenant}.joblib")

    async def __call__(self, request: Request) -> dict[str, Any]:
        """The label, and its probability."""
        if request.url.path == "/ready":
            return {"ready": True}
        model = await self.load(serve.get_multiplexed_model_id())
        body = await request.json()
        probabilities = model.predict_proba([body["text"]])[0]
        best = int(probabilities.argmax())
        return {"label": str(model.classes_[best]), "probability": float(probabilities[best])}


def main() -> None:
    """Start Ray on this machine alone, and serve."""
    ray.init(num_cpus=4, include_dashboard=False, configure_logging=False)
    serve.start(http_options={"host": "127.0.0.1", "port": int(os.environ["PEER_PORT"])})
    multiplexed = serve.multiplexed(max_num_models_per_replica=_MOST_MODELS)
    Predictor.load = multiplexed(Predictor.load)  # type: ignore[method-assign] # as its decorator
    deployment = serve.deployment(num_replicas=1, max_ongoing_requests=64)(Predictor)
    serve.run(deployment.bind(), route_prefix="/")
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main()
