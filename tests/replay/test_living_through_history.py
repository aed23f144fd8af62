"""A replay treats the platform as reality would: labels come after decisions, and late."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from tests.replay.conftest import MakeHistory, Replayed, lines

from modelfleet.clock import DAY, HOUR
from modelfleet.errors import InvalidInput
from modelfleet.events import Logged
from modelfleet.replay import Options, report_on, run
from modelfleet.replay.deliveries import is_told
from modelfleet.replay.report import as_json

Replay = Callable[[str, Options], Replayed]


def of_kind(log: Iterable[Logged], *kinds: str) -> list[Logged]:
    return [event for event in log if event.kind in kinds]


def unique_labels(count: int) -> str:
    rows = [f"question {number} xyzzy{number},label{number}" for number in range(count)]
    return "text,label\n" + "\n".join(rows) + "\n"


def test_no_request_is_decided_with_its_own_label_known(replay: Replay) -> None:
    replayed = replay(unique_labels(25), Options())
    assert len(replayed.course.observed) == 25
    for seen in replayed.course.observed:
        assert seen.truth not in {seen.decided, seen.baseline, *seen.best}


def test_a_label_is_in_the_log_only_behind_the_decision_it_is_about(replay: Replay) -> None:
    log = replay(unique_labels(25), Options()).log
    decided = {event.id: event for event in of_kind(log, "request.decided")}
    defined = {e.fields["label"]: e.seq for e in of_kind(log, "label.defined")}
    words = of_kind(log, "decision.reassigned", "decision.accepted")
    assert len(words) == len(decided) == 25
    for word in words:
        decision = decided[word.fields["decision"]]
        assert decision.seq < defined[word.fields["label"]] < word.seq
        assert word.fields["label"] not in str(decision.fields["text"])


def test_a_correction_is_known_to_the_very_next_request(replay: Replay) -> None:
    rows = "text,label\nmy parcel is late,delivery\nforgot my password,login\n"
    again = rows + "my parcel is late,delivery\nforgot my password,login\n"
    observed = replay(again, Options()).course.observed
    assert [seen.right for seen in observed] == [False, False, True, True]


def test_words_arrive_after_the_delay_and_not_before(replay: Replay) -> None:
    replayed = replay(lines(48), Options(delay=5 * HOUR))
    decided = {event.id: event for event in of_kind(replayed.log, "request.decided")}
    words = of_kind(replayed.log, "decision.reassigned", "decision.accepted")
    assert len(words) == 48
    for word in words:
        about = decided[word.fields["decision"]]
        assert word.time - about.time == word.logged - about.time == 5 * HOUR
        assert all(d.seq < word.seq for d in decided.values() if d.time < word.time)
    early = [seen for seen in replayed.course.observed if seen.nth == 1]
    assert all(seen.best == () for seen in early)


def test_people_say_a_word_about_the_share_that_was_asked_for(replay: Replay) -> None:
    keys = [f"row-{number}" for number in range(4_000)]
    told = {rate: {key for key in keys if is_told(key, rate)} for rate in (0.0, 0.3, 0.6, 1.0)}
    assert not told[0.0]
    assert len(told[1.0]) == 4_000
    assert 0.27 < len(told[0.3]) / 4_000 < 0.33
    assert told[0.3] < told[0.6]
    replayed = replay(lines(60), Options(feedback_rate=0.5))
    words = of_kind(replayed.log, "decision.reassigned", "decision.accepted")
    said = {word.fields["decision"] for word in words}
    decided = {event.id for event in of_kind(replayed.log, "request.decided")}
    assert len(replayed.course.observed) == 60
    assert said == {key for key in decided if is_told(key, 0.5)}


def test_without_any_feedback_nothing_is_learned(replay: Replay) -> None:
    replayed = replay(lines(30), Options(feedback_rate=0.0))
    assert {event.kind for event in replayed.log} == {"request.decided"}
    assert not any(seen.best or seen.baseline for seen in replayed.course.observed)


def test_a_request_that_no_label_fits_is_said_to_be_one(replay: Replay) -> None:
    log = replay("text,label\nhello,a\nlunch?,\n", Options()).log
    (refused,) = of_kind(log, "decision.refused")
    assert refused.fields["decision"] == "row-3"


def test_a_right_decision_is_accepted_a_wrong_one_reassigned(replay: Replay) -> None:
    log = replay(lines(200), Options()).log
    decided = {event.id: event for event in of_kind(log, "request.decided")}
    accepted = of_kind(log, "decision.accepted")
    assert accepted
    assert all(decided[e.fields["decision"]].fields["label"] for e in accepted)
    for word in of_kind(log, "decision.reassigned"):
        assert decided[word.fields["decision"]].fields.get("label") != word.fields["label"]


def test_models_train_in_the_time_of_the_replay_and_get_better(replay: Replay) -> None:
    replayed = replay(lines(240), Options())
    assert len(of_kind(replayed.log, "version.published")) > 2
    times = [event.logged for event in replayed.log]
    assert times == sorted(times)
    later = replayed.course.observed[120:]
    assert sum(seen.right for seen in later) > 0.8 * len(later)


def test_training_can_be_told_to_wait_so_that_years_take_minutes(replay: Replay) -> None:
    log = replay(lines(120), Options(settle=30 * DAY, staleness=60 * DAY)).log
    assert len(of_kind(log, "version.published")) <= 2 * 2  # two tenants, five days of requests


def test_the_same_file_gives_the_same_report(make_history: MakeHistory) -> None:
    history, options = make_history(lines(150)), Options(delay=HOUR, feedback_rate=0.7)
    reports = {
        as_json(report_on(history, options, run(history, options, lambda _: None)))
        for _ in range(2)
    }
    assert len(reports) == 1


def test_progress_adds_up_to_all_requests(make_history: MakeHistory) -> None:
    counts: list[int] = []
    run(make_history(lines(40)), Options(delay=3 * HOUR), counts.append)
    assert sum(counts) == 40
    assert max(counts) > 1  # requests that nothing happens between go in together


def test_a_folder_that_holds_a_fleet_is_left_alone(
    replay: Replay, make_history: MakeHistory, tmp_path: Path
) -> None:
    before = replay(lines(5), Options()).log
    with pytest.raises(InvalidInput, match="data"):
        run(make_history(lines(5)), Options(), lambda _: None, tmp_path / "fleet")
    assert before


def test_options_that_cannot_be_are_refused(make_history: MakeHistory) -> None:
    history = make_history(lines(2))
    for wrong in (Options(feedback_rate=1.5), Options(recipe="no such")):
        with pytest.raises(InvalidInput):
            run(history, wrong, lambda _: None)
