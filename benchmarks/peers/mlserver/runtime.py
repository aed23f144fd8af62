"""MLServer: one model of its repository for each tenant, by a runtime for pipelines of texts."""

from typing import Any

import joblib
from mlserver import MLModel
from mlserver.codecs import StringCodec
from mlserver.types import InferenceRequest, InferenceResponse


class TextPipeline(MLModel):  # type: ignore[misc] # mlserver isn't in our own environment
    """A joblib file that takes texts."""

    async def load(self) -> bool:
        """Read the file that the model's settings name."""
        self._pipeline: Any = joblib.load(self.settings.parameters.uri)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """The label of each text, and its probability."""
        texts = StringCodec.decode_input(payload.inputs[0])
        probabilities = self._pipeline.predict_proba(texts)
        best = probabilities.argmax(axis=1)
        labels = [str(label) for label in self._pipeline.classes_[best]]
        return InferenceResponse(
            model_name=self.name, outputs=[StringCodec.encode_output("label", labels)]
        )
