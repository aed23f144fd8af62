"""A small business's requests, as examples."""

from collections.abc import Sequence

import numpy as np
import pytest

from modelfleet.learners.examples import Examples
from modelfleet.text import Features, default_encoder

REQUESTS = {
    "billing": [
        "invoice",
        "refund",
        "charged twice",
        "payment declined",
        "wrong amount",
        "receipt",
    ],
    "delivery": ["parcel", "where is my order", "late shipment", "courier", "tracking", "address"],
    "account": ["password", "can't log in", "change my email", "locked out", "delete my profile"],
    "returns": ["send it back", "exchange the size", "broken on arrival", "return label", "refit"],
}
FRAMES = ["{}", "hello, {} please", "i have a question about {}", "URGENT {}!!", "{} since monday"]


def encoded(texts: Sequence[str]) -> list[Features]:
    return default_encoder().encode(texts, [{}] * len(texts))


@pytest.fixture(scope="session")
def examples() -> Examples:
    told = [
        (frame.format(words), column)
        for frame in FRAMES
        for column, requests in enumerate(REQUESTS.values())
        for words in requests
    ]
    targets = np.array([column for _, column in told], np.intp)
    return Examples(
        encoded([text for text, _ in told]), targets, np.ones(len(told)), tuple(REQUESTS)
    )
