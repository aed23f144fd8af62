"""BentoML: one service that loads a tenant's joblib file when it is first asked for."""

import os
from pathlib import Path
from typing import Any

import bentoml
import joblib


class Predictor:
    """The pipelines that were asked for."""

    def __init__(self) -> None:
        self._folder = Path(os.environ["PEER_MODELS"])
        self._loaded: dict[str, Any] = {}

    def predict(self, tenant: str, text: str) -> dict[str, Any]:
        """The label, and its probability."""
        model = self._loaded.get(tenant)
        if model is None:
            model = self._loaded[tenant] = joblib.load(self._folder / f"{tenant}.joblib")
        probabilities = model.predict_proba([text])[0]
        best = int(probabilities.argmax())
        return {"label": str(model.classes_[best]), "probability": float(probabilities[best])}


Predictor.predict = bentoml.api(Predictor.predict)  # type: ignore[method-assign] # as its decorator
Service = bentoml.service(workers=1)(Predictor)
