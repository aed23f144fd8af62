"""Writing HTML: text is escaped, elements are nested, tables are built of rows."""

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files

import msgspec


class Card(msgspec.Struct, frozen=True):
    """A figure with its name above and a few words below; ``css`` is the class of its colour."""

    name: str
    figure: str
    said: str
    css: str = ""


def text(value: object) -> str:
    """A value as the text of an element or an attribute."""
    return escape(str(value), quote=True)


def element(tag: str, content: str, css: str = "") -> str:
    """An element around markup."""
    return f'<{tag} class="{css}">{content}</{tag}>' if css else f"<{tag}>{content}</{tag}>"


def section(title: str, lead: str, content: str) -> str:
    """A part of the page: a heading, a sentence that says what is seen, and the content."""
    said = element("p", text(lead), "lead") if lead else ""
    return element("section", element("h2", text(title)) + said + content)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of markup; the first column is text, the others are figures."""
    head = "".join(element("th", text(heading)) for heading in headings)
    body = "".join(element("tr", "".join(element("td", cell) for cell in cells)) for cells in rows)
    inner = element("thead", element("tr", head)) + element("tbody", body)
    return element("div", element("table", inner), "scroll")


def cards(shown: Iterable[Card]) -> str:
    """Figures beside one another."""
    return element("div", "".join(_card(card) for card in shown), "cards")


def note(said: str) -> str:
    """A remark below something."""
    return element("p", text(said), "note")


def document(title: str, body: str) -> str:
    """The whole page as one string of HTML."""
    style = (files("modelfleet.pages") / "style.css").read_text(encoding="utf-8")
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{text(title)}</title><style>{style}</style>"
    )
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>\n'


def _card(card: Card) -> str:
    inner = element("b", text(card.figure)) + element("span", text(card.said))
    return element("div", element("h3", text(card.name)) + inner, f"card {card.css}".strip())
