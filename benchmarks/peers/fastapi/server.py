"""FastAPI, and joblib files loaded when first asked for: what many would write first."""

import os
from pathlib import Path
from typing import Annotated, Any

import joblib
import uvicorn
from fastapi import Body, FastAPI

_FOLDER = Path(os.environ["PEER_MODELS"])
_loaded: dict[str, Any] = {}


def predict(tenant: str, text: Annotated[str, Body(embed=True)]) -> dict[str, Any]:
    """The label, and its probability."""
    model = _loaded.get(tenant)
    if model is None:
        model = _loaded[tenant] = joblib.load(_FOLDER / f"{tenant}.joblib")
    probabilities = model.predict_proba([text])[0]
    best = int(probabilities.argmax())
    return {"label": str(model.classes_[best]), "probability": float(probabilities[best])}


app = FastAPI()
app.post("/predict/{tenant}")(predict)
app.get("/ready")(lambda: {"ready": True})

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PEER_PORT"]), log_level="warning")
