"""KServe's own client asks a server; run by an environment that has it, and prints what it got."""

import asyncio
import json
import sys
from typing import Any

from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig


def question(model: str, text: str, *, binary: bool) -> InferRequest:
    """One text, in JSON or in binary."""
    tensor = InferInput("text", [1], "BYTES", data=[text.encode() if binary else text])
    if binary:
        tensor.set_data_from_numpy(_array(text), binary_data=True)
    return InferRequest(model_name=model, infer_inputs=[tensor], request_id="42")


def _array(text: str) -> Any:  # noqa: ANN401 - an array, of that environment's numpy
    import numpy as np  # noqa: PLC0415 - that environment's, not ours

    return np.array([text.encode()], dtype=np.object_)


async def told(url: str, key: str, model: str, text: str) -> dict[str, Any]:
    """What both protocols' clients get."""
    header = {"Authorization": f"Bearer {key}"}
    first = InferenceRESTClient(RESTConfig(protocol="v1"))
    second = InferenceRESTClient(RESTConfig(protocol="v2"))
    predicted = await first.infer(url, {"instances": [text]}, model, headers=dict(header))
    found: dict[str, Any] = {
        "live": [await client.is_server_live(url) for client in (first, second)],
        "ready": [
            await second.is_server_ready(url),
            await first.is_model_ready(url, model, headers=header),
            await second.is_model_ready(url, model, headers=header),
        ],
        "v1": predicted["predictions"][0]["probability"],
    }
    for binary in (False, True):
        asked = question(model, text, binary=binary)
        answer = await second.infer(url, asked, model, headers=dict(header))
        shown = {one.name: one.as_numpy().tolist() for one in answer.outputs}
        found["binary" if binary else "json"] = shown["probability"][0]
        found["id"] = answer.id
    return found


if __name__ == "__main__":
    try:
        print(json.dumps(asyncio.run(told(*sys.argv[1:]))))  # noqa: T201 - read by the test
    except Exception as error:  # noqa: BLE001 - the test looks at what the client says
        print(json.dumps({"error": str(error)}))  # noqa: T201 - the same
