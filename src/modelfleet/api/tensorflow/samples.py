"""The story of `api.samples`, in the words of TensorFlow Serving."""

from typing import Any

from modelfleet.api.tensorflow import answers

PREDICT: dict[str, Any] = {
    "instances": [{"text": "I can't get on the wifi", "metadata": '{"office": "Oslo"}'}]
}
PREDICTIONS: dict[str, Any] = {
    "predictions": [
        {
            "label": "it",
            "probability": 0.91,
            "labels": ["it", "facilities"],
            "probabilities": [0.91, 0.09],
            "reason": "",
            "threshold": 0.6,
            "version": "20260301T090000.000000Z-1f0c7a52",
        }
    ]
}
CLASSIFY: dict[str, Any] = {"examples": [{"text": "I can't get on the wifi"}]}
RESULTS: dict[str, Any] = {"results": [[["it", 0.91], ["facilities", 0.09]]]}
STATUS: dict[str, Any] = answers.status([1772355600000000], {})
METADATA: dict[str, Any] = answers.metadata("acme.team", 1772355600000000)
REFUSAL = {"error": "Servable not found for request: Latest(acme.team)"}
