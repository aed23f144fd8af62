"""The report's figures add up, on histories small enough to do them by hand."""

from html.parser import HTMLParser

import msgspec
import pytest
from rich.console import Console

from modelfleet.clock import DAY
from modelfleet.replay import Course, Options, Report, page, print_report, report_on
from modelfleet.replay.columns import Asked, choose
from modelfleet.replay.history import History
from modelfleet.replay.lead import WINDOW, first_lead
from modelfleet.replay.measures import add, by_band, measure
from modelfleet.replay.observed import Observed
from modelfleet.replay.periods import by_period, falls
from modelfleet.replay.report import as_json
from modelfleet.replay.run import Trained
from modelfleet.replay.ticket import Malformed
from modelfleet.training import Kept, Published

NASTY = '<script src="http://x.example/">&'


def seen(
    nth: int,
    truth: str | None,
    decided: str | None,
    best: tuple[str, ...] = (),
    *,
    baseline: str | None = None,
    tenant: str = "north",
) -> Observed:
    return Observed(tenant, nth, nth * DAY // 24, truth, decided, best, baseline)


TINY = (
    seen(1, "a", None),
    seen(2, "a", "a", ("a", "b", "c"), baseline="a"),
    seen(3, "b", "a", ("a", "b", "c"), baseline="a"),
    seen(4, "d", None, ("a", "b", "c"), baseline="a"),
    seen(5, None, "a", ("a",), baseline="a"),
    seen(6, None, None, ("a",), baseline="a"),
    seen(11, "c", None, ("c", "a", "b"), baseline="a", tenant=NASTY),
    seen(12, "a", "a", ("a", "c", "b"), baseline="b", tenant=NASTY),
)


def tiny_report() -> Report:
    history = History(
        file="tiny & small.csv",
        columns=choose(["text", "label"], Asked()),
        tickets=(),
        malformed=(Malformed(7, f"text: {NASTY}"),),
        rows=9,
        made_up_times=False,
        notes=("A note.",),
    )
    trained = (
        Trained(DAY, Published("north", "label", "v1", "the first version")),
        Trained(2 * DAY, Kept("north", "label", "worse")),
    )
    return report_on(history, Options(), Course(TINY, trained))


def test_shares_are_of_what_they_say() -> None:
    measures = measure(TINY)
    assert (measures.requests, measures.labelled, measures.decided) == (8, 6, 4)
    assert measures.accuracy == pytest.approx(3 / 6)  # rows 2, 11 and 12; abstained or not
    assert measures.top_3 == pytest.approx(4 / 6, abs=1e-6)  # and row 3
    assert measures.coverage == pytest.approx(4 / 8)
    assert measures.precision == pytest.approx(2 / 4)  # row 3 is wrong, row 5 had no label
    assert measures.baseline == pytest.approx(1 / 6, abs=1e-6)


def test_parts_add_up_to_the_whole() -> None:
    assert add([measure(TINY[:3]), measure(TINY[3:])]) == measure(TINY)
    assert add([]) == measure([])
    assert measure([]).precision is None
    bands = by_band(TINY)
    assert [(band.first, band.last) for band in bands] == [(1, 10), (11, 50)]
    assert add(band.measures for band in bands) == measure(TINY)


def test_a_model_leads_once_it_was_more_often_right_over_the_window() -> None:
    losing = [seen(n, "a", None, ("b",), baseline="a") for n in range(1, WINDOW + 1)]
    assert first_lead(losing) is None
    winning = [seen(WINDOW + n, "a", None, ("a",), baseline="b") for n in range(1, WINDOW + 1)]
    lead = first_lead(losing + winning)
    assert lead is not None
    assert lead.nth == WINDOW + WINDOW // 2 + 1  # one more than half of the window was won
    assert first_lead(winning[:-1]) is None  # a full window is asked for


def days_with(accuracies: list[float], requests: int = 40) -> list[Observed]:
    return [
        Observed("n", 1, (day + 400) * DAY + number, "a", None, ("a" if right else "b",), None)
        for day, accuracy in enumerate(accuracies)
        for number in range(requests)
        for right in [number < round(accuracy * requests)]
    ]


def test_a_bad_day_is_found_and_ordinary_ones_are_not() -> None:
    (fall,) = falls(by_period(days_with([0.9, 0.875, 0.925, 0.9, 0.6, 0.9]), 1))
    assert (fall.accuracy, fall.days, fall.labelled) == (0.6, 1, 40)
    assert fall.before == pytest.approx(0.9)
    assert fall.start == 404 * DAY
    assert fall.chance < 0.001


def test_few_requests_show_no_fall() -> None:
    assert not falls(by_period(days_with([1.0, 1.0, 1.0, 0.0], requests=10), 1))


def test_weeks_begin_on_mondays() -> None:
    weeks = by_period(days_with([0.5] * 15, requests=2), 7)
    assert sum(week.measures.requests for week in weeks) == 30
    assert all((week.start // DAY + 3) % 7 == 0 for week in weeks)


def test_the_report_counts_tenants_labels_and_trainings() -> None:
    report = tiny_report()
    assert [part.tenant for part in report.tenants] == ["north", NASTY]
    assert report.tenants[1].name != NASTY
    assert report.total.labels == 4
    trainings = report.tenants[0].trainings
    assert (trainings.trained, trainings.published, trainings.kept) == (2, 1, 1)
    assert add(part.measures for part in report.tenants) == report.total.measures


def test_the_json_can_be_read_back() -> None:
    report = tiny_report()
    assert msgspec.json.decode(as_json(report), type=Report) == report


def test_the_tables_show_tenants_and_bad_rows() -> None:
    console = Console(width=80, record=True, file=None, quiet=False)
    with console.capture() as capture:
        print_report(tiny_report(), console)
    said = capture.get()
    assert "north" in said
    assert "line 7" in said


class Tags(HTMLParser):
    """Collects elements, and those that are never closed."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.open: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.addresses += [name for name, _ in attrs if name in {"src", "href", "srcset", "data"}]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_needs_nothing_from_outside_and_is_well_formed() -> None:
    html = page(tiny_report())
    tags = Tags()
    tags.feed(html)
    assert not tags.open
    assert not tags.addresses
    assert not {"script", "link", "iframe", "img", "object"}.intersection(tags.seen)
    assert "url(" not in html
    assert "@import" not in html
    assert "svg" in tags.seen


def test_what_comes_from_the_file_is_escaped() -> None:
    html = page(tiny_report())
    assert NASTY not in html
    assert "&lt;script src=&quot;http://x.example/&quot;&gt;&amp;" in html
    assert "tiny &amp; small.csv" in html


def test_a_file_without_one_good_row_gives_a_page_too() -> None:
    report = report_on(
        History("x.csv", choose(["text", "label"], Asked()), (), (), 0, True, ()),
        Options(),
        Course((), ()),
    )
    assert "x.csv" in page(report)
    print_report(report, Console(quiet=True))
