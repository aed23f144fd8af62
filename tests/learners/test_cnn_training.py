"""A trained network is right, and the same bytes in whatever process. Needs the extra `cnn`."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from tests.learners.conftest import FRAMES, REQUESTS

from modelfleet.learners import cnn
from modelfleet.learners.cnn import CnnModel
from modelfleet.learners.examples import Examples
from modelfleet.text import default_encoder

pytest.importorskip("optax", reason="the extra modelfleet[cnn] isn't installed")

PROGRAM = """
import json, os, sys
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
import numpy as np
from modelfleet.learners import cnn
from modelfleet.text import default_encoder
cnn.CNN_FEWEST_EXAMPLES, cnn._SHARES = 100, (0.5,)
texts, targets, labels = json.load(sys.stdin)
features = default_encoder().encode(texts, [{}] * len(texts))
model = cnn.fit(features, np.array(targets), tuple(labels), np.ones(len(texts)))
for array in [*model.to_arrays().values(), *(model.scores([example])[0] for example in features)]:
    sys.stdout.buffer.write(array.tobytes())
"""


@pytest.fixture(scope="module")
def model(examples: Examples) -> CnnModel:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cnn, "CNN_FEWEST_EXAMPLES", 100)
        patch.setattr(cnn, "_SHARES", (0.5,))
        return cnn.fit(examples.features, examples.targets, examples.labels, examples.weights)


def test_linear_model_and_network_decide_together_and_each_alone(
    model: CnnModel, examples: Examples
) -> None:
    assert model.network is not None
    asked = list(zip(examples.features, examples.targets, strict=True))
    for scores in (
        [model.scores([features])[0] for features, _ in asked],
        [model.linear.scores([features])[0] for features, _ in asked],
        [model.network.scores(features.tokens) for features, _ in asked],
    ):
        assert np.mean([s.argmax() == t for s, (_, t) in zip(scores, asked, strict=True)]) > 0.97
    new = default_encoder().encode(["since monday my password is gone"], [{}])[0]
    assert model.labels[int(model.network.scores(new.tokens).argmax())] == "account"


def test_neither_the_process_nor_its_threads_change_a_bit(
    model: CnnModel, examples: Examples
) -> None:
    arrays = model.to_arrays().values()
    scores = [model.scores([features])[0] for features in examples.features]
    here = b"".join(array.tobytes() for array in [*arrays, *scores])
    assert _trained_elsewhere(examples) == here


def _texts() -> list[str]:
    """Those of the examples."""
    return [frame.format(words) for frame in FRAMES for told in REQUESTS.values() for words in told]


def _trained_elsewhere(examples: Examples) -> bytes:
    """In a process that may use one core only, and puts what has no order in another one."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PYTHONHASHSEED": "7",
        "OPENBLAS_NUM_THREADS": "1",
    }
    given = json.dumps([_texts(), examples.targets.tolist(), examples.labels])
    return subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-c", PROGRAM],
        env=environment,
        input=given.encode(),
        capture_output=True,
        check=True,
    ).stdout
