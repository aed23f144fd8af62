"""Writing HTML: text is escaped, elements are nested, tables are built of rows."""

from collections.abc import Iterable, Sequence
from html import escape


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
