"""What every encoder is: the protocol that learners, training and serving know it by."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from modelfleet.text.features import Features


class Encoder(Protocol):
    """Makes features of requests; nothing changes it, so threads share it."""

    @property
    def name(self) -> str:
        """What opens it, and its version: ``static#2``. The same name makes the same features."""
        ...

    @property
    def dimension(self) -> int:
        """Length of the dense block."""
        ...

    @property
    def quick(self) -> bool:
        """Whether a request takes microseconds, so that it needn't be done beside others."""
        ...

    def encode(
        self, texts: Sequence[str], metadata: Sequence[Mapping[str, object]]
    ) -> list[Features]:
        """The features of each text with its metadata; the same alone as in any batch.

        Raises:
            ValueError: if there are not as many metadata as texts.
        """
        ...
