"""Tenants, requests and events for the benchmarks: the same for the same seed.

Texts are the hand-written ones of `modelfleet demo`'s world, or those of a folder with
`*/train.jsonl` files (lines with `text` and `label`), such as BANKING77 and CLINC150.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np

from modelfleet.clock import now
from modelfleet.events import Event, kinds, make
from modelfleet.fleet import Fleet

TASK = "team"
_TOGETHER = 2_000
_OFFICES = ("Oslo", "Lima", "Pune", "Turin", "Accra", "Leeds", "Osaka", "Quito")
_HELD_OUT_OF = 5  # one text of five is held out


class Source(msgspec.Struct, frozen=True):
    """A label and what people wrote for it; ``texts`` were never held out, ``held_out`` are."""

    body: kinds.LabelDefined
    texts: tuple[str, ...]
    held_out: tuple[str, ...]


class Business(msgspec.Struct, frozen=True):
    """Labels that belong together, and what people put in front of a request."""

    sources: tuple[Source, ...]
    openers: tuple[str, ...]


class Tenant(msgspec.Struct, frozen=True):
    """A tenant's labels, labelled requests to learn from, and others to be tested on."""

    name: str
    labels: tuple[kinds.LabelDefined, ...]
    examples: tuple[tuple[str, str], ...]
    held_out: tuple[tuple[str, str], ...]

    def events(self) -> list[Event]:
        """What an application would log of it: labels, then examples."""
        bodies: list[kinds.Body] = [*self.labels]
        bodies += [kinds.ExampleGiven(text, label) for text, label in self.examples]
        time = now()
        return [make(body, tenant=self.name, task=TASK, time=time) for body in bodies]


def businesses(data_folder: Path | None = None) -> list[Business]:
    """Where tenants get their labels and texts from.

    Raises:
        SystemExit: the folder has no `*/train.jsonl`.
    """
    return _of_demo() if data_folder is None else _of_folder(data_folder)


def tenants(
    count: int, *, labels: int = 5, examples: int = 200, data_folder: Path | None = None
) -> Iterator[Tenant]:
    """Tenants with some labels of one business each, and examples spread evenly over them."""
    pool = [one for one in businesses(data_folder) if len(one.sources) >= labels]
    generator = np.random.default_rng(1)
    for number in range(count):
        business = pool[number % len(pool)]
        chosen = generator.permutation(len(business.sources))[:labels]
        sources = [business.sources[index] for index in chosen]
        yield Tenant(
            name=f"tenant-{number:06d}",
            labels=tuple(source.body for source in sources),
            examples=_examples(sources, business.openers, examples, generator),
            held_out=tuple((text, s.body.label) for s in sources for text in s.held_out[:10]),
        )


def fill(fleet: Fleet, made: Iterable[Tenant]) -> int:
    """Log all that tenants consist of, in large groups; how many events that was."""
    left = (event for tenant in made for event in tenant.events())
    count = 0
    while group := list(islice(left, _TOGETHER)):
        count += len(fleet.import_events(group))
    return count


def patient_recipe(folder: Path) -> Path:
    """The default recipe, but new evidence alone has nothing trained before weeks have passed."""
    text = (files("modelfleet") / "recipes" / "default.toml").read_text(encoding="utf-8")
    patient = re.sub(r"(?m)^(quiet|patience|staleness) = .*$", r"\1 = 2e6", text)
    file = folder / "patient.toml"
    file.write_text(patient, encoding="utf-8")
    return file


def decided(count: int, tenants: int = 200) -> Iterator[Event]:
    """Decisions as they are logged: text, metadata, five candidates, a version."""
    texts = [text for one in businesses() for source in one.sources for text in source.texts]
    labels = [source.body.label for one in businesses() for source in one.sources]
    generator = np.random.default_rng(2)
    time = now()
    for _ in range(count):
        picks = generator.integers(0, 2**31, 8).tolist()
        shares = np.sort(generator.dirichlet(np.ones(5)))[::-1].round(6).tolist()
        named = [labels[(picks[1] + 7 * rank) % len(labels)] for rank in range(5)]
        body = kinds.RequestDecided(
            text=texts[picks[0] % len(texts)],
            metadata={
                "channel": ("mail", "chat", "phone")[picks[2] % 3],
                "office": _OFFICES[picks[3] % len(_OFFICES)],
                "customer": f"c-{picks[4] % 50_000}",
            },
            label=named[0] if shares[0] >= 0.5 else None,
            candidates=tuple(map(kinds.Candidate, named, shares)),
            threshold=0.5,
            version="20260301T093000.000000Z-0123abcd",
        )
        yield make(body, tenant=f"tenant-{picks[5] % tenants:06d}", task=TASK, time=time)


def _examples(
    sources: Sequence[Source],
    openers: Sequence[str],
    count: int,
    generator: np.random.Generator,
) -> tuple[tuple[str, str], ...]:
    """Each text once while there are any, then again behind what people begin with."""
    found = []
    for rank, source in enumerate(sources):
        wanted = (count + rank) // len(sources)
        order = generator.permutation(len(source.texts)).tolist()
        for number in range(wanted):
            text = source.texts[order[number % len(order)]]
            if number >= len(order) and openers:
                text = f"{openers[int(generator.integers(len(openers)))]} {text}"
            found.append((text, source.body.label))
    return tuple(found[index] for index in generator.permutation(len(found)))


def _of_demo() -> list[Business]:
    found = []
    for file in sorted((files("modelfleet") / "demo" / "world").iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            world = tomllib.loads(file.read_text(encoding="utf-8"))
            sources = tuple(
                _source(
                    kinds.LabelDefined(
                        team["label"], team["name"], team["description"], tuple(team["keywords"])
                    ),
                    team["requests"],
                )
                for team in world["teams"]
            )
            found.append(Business(sources, tuple(world["openers"])))
    return found


def _of_folder(folder: Path) -> list[Business]:
    found = []
    for file in sorted(folder.glob("*/train.jsonl")):
        texts: dict[str, list[str]] = {}
        for line in file.read_text(encoding="utf-8").splitlines():
            read = json.loads(line)
            texts.setdefault(read["label"], []).append(read["text"])
        sources = (
            _source(kinds.LabelDefined(label, name=label.replace("_", " ")), texts[label])
            for label in sorted(texts)
        )
        found.append(Business(tuple(sources), ()))
    if not found:
        raise SystemExit(f"--data-folder {folder}: there is no */train.jsonl in it")
    return found


def _source(body: kinds.LabelDefined, texts: Sequence[str]) -> Source:
    held_out = tuple(texts[::_HELD_OUT_OF])
    learned = tuple(text for text in texts if text not in set(held_out))
    return Source(body, learned, held_out)
