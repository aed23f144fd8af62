"""The tables of a report: confusions, slices, examples and labels."""

from collections import Counter
from collections.abc import Sequence

from modelfleet.monitoring.metrics import Confused
from modelfleet.monitoring.reporting.figures import moment, percent, range_of
from modelfleet.monitoring.reporting.report import Report, Wrong
from modelfleet.pages import element, note, section, table, text

_MOST_LABELS = 10
_MOST_EXAMPLES = 15
_MOST_ROWS = 30
_NONE = "no label"
_REST = "others"

Cells = Counter[tuple[str, str]]


def confusion(report: Report) -> str:
    """What was decided beside what was right, as a matrix."""
    pairs = report.measured.now.confusion
    if not pairs:
        return section("What was decided, and what was right", "", note("People said nothing."))
    cells, names = _grouped(pairs)
    rows = sorted({row for row, _ in cells}, key=names.index)
    columns = sorted({column for _, column in cells}, key=names.index)
    head = element("th", "") + "".join(element("th", text(name)) for name in columns)
    body = "".join(_row(cells, row, columns) for row in rows)
    drawn = element(
        "table", element("thead", element("tr", head)) + element("tbody", body), "matrix"
    )
    return section(
        "What was decided, and what was right",
        "Rows: what was decided. Columns: what people said was right. The darker, the larger the "
        "share of its row.",
        element("div", drawn, "scroll"),
    )


def slices(report: Report) -> str:
    """The kinds of requests that did worse than the rest."""
    lead = (
        "Kinds of requests of which fewer decisions were right than of all. The interval allows "
        "for how many kinds were looked at: with 90%, none is here by chance."
    )
    if not report.slices:
        return section("Where it is worst", lead, note("None."))
    rows = [
        [
            text(f"{one.field.removeprefix('metadata.')} = {one.value or _NONE}"),
            f"{one.metrics.requests:,}",
            f"{one.metrics.confirmed + one.metrics.corrected:,}",
            percent(one.precision.share),
            range_of(one.precision),
            percent(one.metrics.coverage),
        ]
        for one in report.slices
    ]
    headings = ("kind of request", "requests", "judged", "right", "interval", "decided alone")
    return section("Where it is worst", lead, table(headings, rows))


def examples(report: Report) -> str:
    """Decisions that were corrected: of each confusion some, so that no one fills the list."""
    if not report.wrong:
        return section("What went wrong", "", note("Nobody corrected a decision."))
    rows = [
        [
            text(moment(one.time)),
            text(one.text),
            text(one.decided),
            text(_right(one)),
            f"{one.confidence:.0%}",
        ]
        for one in sorted(in_turn(report.wrong)[:_MOST_EXAMPLES], key=lambda one: -one.time)
    ]
    shown = table(("when", "request", "decided", "right", "confidence"), rows)
    return section(
        "What went wrong",
        "Decisions that people corrected lately, some of each confusion.",
        element("div", shown, "words"),
    )


def labels(report: Report) -> str:
    """Precision and recall of each label, the most frequent first."""
    found = sorted(
        report.measured.now.labels, key=lambda one: (-(one.right + one.missed), one.label)
    )
    rows = [
        [
            text(one.label),
            f"{one.right:,}",
            f"{one.wrong:,}",
            f"{one.missed:,}",
            percent(one.precision),
            percent(one.recall),
            percent(one.f1),
        ]
        for one in found[:_MOST_ROWS]
    ]
    headings = ("label", "right", "wrong", "missed", "precision", "recall", "F1")
    left = len(found) - _MOST_ROWS
    more = note(f"… and {left:,} rarer ones, all of them in the JSON.") if left > 0 else ""
    return section("Label by label", "", table(headings, rows) + more) if rows else ""


def in_turn(wrong: Sequence[Wrong]) -> list[Wrong]:
    """The first of each confusion, then the second of each, and so on."""
    seen: Counter[tuple[str, str | None]] = Counter()
    ranked: list[tuple[int, int, Wrong]] = []
    for place, one in enumerate(wrong):
        pair = one.decided, one.right
        ranked.append((seen[pair], place, one))
        seen[pair] += 1
    return [one for _, _, one in sorted(ranked, key=lambda item: item[:2])]


def _right(wrong: Wrong) -> str:
    if wrong.right is not None:
        return wrong.right
    return "no request" if wrong.said == "irrelevant" else "no label fits"


def _grouped(pairs: Sequence[Confused]) -> tuple[Cells, list[str]]:
    """Cells of the matrix by name, and the names in order: the rarest labels are one."""
    sizes: Counter[str] = Counter()
    for one in pairs:
        for label in {one.decided, one.right} - {None}:
            sizes[str(label)] += one.count
    kept = [label for label, _ in sizes.most_common(_MOST_LABELS)]

    def named(label: str | None) -> str:
        return _NONE if label is None else label if label in kept else _REST

    cells: Cells = Counter()
    for one in pairs:
        cells[named(one.decided), named(one.right)] += one.count
    return cells, [*kept, _REST, _NONE]


def _row(cells: Cells, row: str, columns: Sequence[str]) -> str:
    total = sum(cells[row, column] for column in columns)
    drawn = "".join(_cell(cells[row, column], total, right=row == column) for column in columns)
    return element("tr", element("th", text(row)) + drawn)


def _cell(count: int, total: int, *, right: bool) -> str:
    if not count:
        return element("td", "")
    share = count / total
    css = "right" if right else "wrong"
    return (
        f'<td class="{css}" style="--share:{share:.2f}" title="{share:.0%} of {total:,}">'
        f"{count:,}</td>"
    )
