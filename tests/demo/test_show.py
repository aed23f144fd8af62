"""A small world runs to its end, and what it says of itself is what the fleet's log says."""

from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest
from rich.console import Console

from modelfleet import Fleet
from modelfleet.clock import DAY
from modelfleet.demo import Plan, load_world, show
from modelfleet.demo.life import PROBE
from modelfleet.demo.screen import View
from modelfleet.demo.summary import Run, summary
from modelfleet.errors import InvalidInput
from modelfleet.events import Logged, Query

WORLD = load_world()[:3]
PLAN_DAYS = 2


class Lived(NamedTuple):
    view: View
    run: Run
    said: str
    picture: str
    log: list[Logged]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    folder = tmp_path_factory.mktemp("demo")
    out = StringIO()
    plan = Plan(folder / "data", days=PLAN_DAYS, minutes=0, seed=5, record=folder / "demo.svg")
    view, run = show(plan, WORLD, Console(file=out, width=100))
    with Fleet(plan.data, train=False) as fleet:
        log = list(fleet.events(Query()))
    return Lived(view, run, out.getvalue(), (folder / "demo.svg").read_text(), log)


def of_kind(lived: Lived, kind: str) -> list[Logged]:
    return [e for e in lived.log if e.kind == kind and not e.id.startswith(PROBE)]


def test_the_figures_are_those_of_the_log(lived: Lived) -> None:
    tally = lived.view.tally
    for tenant in tally.tenants:
        counts = tally.of([tenant])
        decided = [e for e in of_kind(lived, "request.decided") if e.tenant == tenant]
        assert counts.requests == len(decided)
        assert counts.decided == sum("label" in e.fields for e in decided)
        assert counts.requests == counts.right + counts.corrected  # each other one
        reassigned = of_kind(lived, "decision.reassigned")
        assert counts.corrected == sum(e.tenant == tenant for e in reassigned)
        accepted = of_kind(lived, "decision.accepted")
        assert counts.accepted == sum(e.tenant == tenant for e in accepted)
        published = of_kind(lived, "version.published")
        assert tally.published[tenant] == sum(e.tenant == tenant for e in published)


def test_models_were_trained_on_the_way(lived: Lived) -> None:
    assert lived.view.tally.trained > 0
    assert sum(lived.view.tally.failed.values()) == 0


def test_all_days_were_lived_and_each_has_its_line(lived: Lived) -> None:
    assert lived.run.lived == PLAN_DAYS
    assert [line[:6] for line in lived.said.splitlines() if "models trained  decide" in line] == [
        "day  1",
        "day  2",
    ]


def test_corrections_were_followed_up_outside_the_figures(lived: Lived) -> None:
    probes = [e for e in lived.log if e.id.startswith(PROBE)]
    times = lived.view.times
    assert len(probes) >= len(times.freshness) + times.unseen > 0


def test_events_carry_the_worlds_time_and_none_lies_in_the_future(lived: Lived) -> None:
    end = lived.view.calendar.end
    for event in of_kind(lived, "request.decided") + of_kind(lived, "decision.reassigned"):
        assert end - PLAN_DAYS * DAY <= event.time < end
    assert all(event.time <= event.logged for event in lived.log)


def test_the_summary_says_where_the_data_lies_and_how_to_go_on(lived: Lived) -> None:
    said = "\n".join(summary(lived.view, lived.run))
    assert said in lived.said.replace("\n\n", "\n")
    assert f"modelfleet up --data {lived.run.data}" in said
    assert f"{lived.view.tally.of(lived.view.tally.tenants).requests:,} requests" in said


def test_the_picture_shows_every_trade_and_asks_no_other_host(lived: Lived) -> None:
    assert lived.picture.startswith("<svg")
    words = lived.picture.replace("&#160;", " ").lower()
    assert all(business.trade[:20].lower() in words for business in WORLD)
    assert "font-face" not in lived.picture
    assert "@import" not in lived.picture


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InvalidInput, match="data: must be a new or an empty folder"):
        show(Plan(tmp_path, days=1, minutes=0), WORLD, Console(file=StringIO()))
    assert (tmp_path / "mine.txt").read_text() == "mine"
