"""Pages of HTML that need nothing from outside: tables, and charts drawn as SVG, light and dark.

*In*: texts and shares. *Out*: markup, in which all that was given is escaped. *Keeps*: nothing.
*Ignores*: what the figures mean. Imports nothing of modelfleet.
"""

from modelfleet.pages.charts import Axis, Band, Frame, Line, Mark, Moment, Plot, chart, legend
from modelfleet.pages.markup import (
    Card,
    cards,
    document,
    element,
    note,
    section,
    table,
    text,
)

__all__ = [
    "Axis",
    "Band",
    "Card",
    "Frame",
    "Line",
    "Mark",
    "Moment",
    "Plot",
    "cards",
    "chart",
    "document",
    "element",
    "legend",
    "note",
    "section",
    "table",
    "text",
]
