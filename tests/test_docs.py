"""The documentation can't rot: it has every kind of event and every setting."""

import re
from pathlib import Path

import msgspec
import pytest

from modelfleet.events import Event, body_of, kinds
from modelfleet.events.kinds import Json
from modelfleet.events.validation import check_event
from modelfleet.settings import PREFIX, Settings

DOCS = Path(__file__).parent.parent / "docs"
FAR = 4_000_000_000_000_000


def _page(name: str) -> str:
    page = DOCS / name
    if not page.exists():
        pytest.skip(f"docs/{name} isn't written yet")
    return page.read_text()


def _examples(page: str, kind: str) -> list[dict[str, Json]]:
    """The fields that the page shows under the heading of a kind."""
    section = re.search(rf"^### {re.escape(kind)}$(.*?)(?=^##|\Z)", page, re.DOTALL | re.MULTILINE)
    assert section, f"docs/events.md has no heading for {kind}"
    blocks = re.findall(r"```json\n(.*?)```", section[1], re.DOTALL)
    return [msgspec.json.decode(block) for block in blocks]


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_every_kind_of_event_has_an_example_that_can_be_read(kind: str) -> None:
    examples = _examples(_page("events.md"), kind)
    assert examples
    known = kinds.KINDS[kind].__struct_fields__
    for fields in examples:
        event = Event(kind, "acme", 0, "an-id", "team", fields)
        assert body_of(check_event(event, FAR)) is not None
        assert set(fields) <= set(known)
    unseen = set(known) - {field for fields in examples for field in fields}
    assert not {field for field in unseen if f"`{field}`" not in _page("events.md")}


@pytest.mark.parametrize("setting", Settings.__struct_fields__)
def test_every_setting_is_documented(setting: str) -> None:
    pages = sorted(DOCS.rglob("*.md"))
    if not any("settings" in page.name or "configuration" in page.name for page in pages):
        pytest.skip("the settings' page isn't written yet")
    text = "\n".join(page.read_text() for page in pages)
    assert f"`{setting}`" in text or f"{PREFIX}{setting.upper()}" in text
