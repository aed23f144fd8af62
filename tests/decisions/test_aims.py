"""A task states how often decisions must be right, sees what it costs, and may ask what if."""

import msgspec
import pytest
from tests.conftest import HandClock

from modelfleet.decisions import Example
from modelfleet.errors import InvalidInput, NotFound
from modelfleet.fleet import Fleet
from modelfleet.serving import judge
from modelfleet.task import Task
from modelfleet.training import Published

WHAT = {
    "it": ("laptop", "wifi", "password", "printer", "screen", "vpn", "keyboard", "phone"),
    "facilities": ("door", "lift", "heating", "window", "desk", "light", "parking", "carpet"),
}
BILLING = (
    "I was charged twice",
    "where is my invoice for May",
    "refund please",
    "the payment was declined",
    "your prices went up without notice",
    "can I pay in two parts",
    "send me the receipt",
    "wrong amount on my bill",
)
SAID = ("my {} is broken", "the {} again", "please fix the {}", "problem with {}", "{} {}")


def trained(fleet: Fleet, clock: HandClock, tenant: str = "acme") -> Task:
    task = fleet.task(tenant, "team")
    for label in WHAT:
        task.define_label(label)
    task.give_examples(
        [
            Example(said.format(word, word), label)
            for said in SAID
            for words in zip(*WHAT.values(), strict=True)
            for word, label in zip(words, WHAT, strict=True)
        ]
    )
    clock.advance(5)
    assert isinstance(fleet.train_due()[0], Published)
    return task


def test_without_being_asked_it_is_the_recipes(fleet: Fleet, clock: HandClock) -> None:
    (aim,) = trained(fleet, clock).targets()
    assert (aim.label, aim.precision, aim.asked) == (None, 0.9, False)
    assert aim.certified
    assert aim.coverage is not None
    assert aim.coverage > 0.5


def test_a_target_holds_from_the_next_decision_on_and_after_training(
    fleet: Fleet, clock: HandClock
) -> None:
    task = trained(fleet, clock)
    before = task.decide("the laptop is broken").threshold
    task.set_target_precision(0.995, by="alice")
    (aim,) = task.targets()
    strict = task.decide("the laptop is broken").threshold
    assert strict == aim.threshold > before
    assert (aim.precision, aim.asked, aim.certified) == (0.995, True, False)
    task.give_examples([Example("the laptop lid", "it"), Example("the door bell", "facilities")])
    task.retry_training()
    clock.advance(5)
    assert isinstance(fleet.train_due()[0], Published)
    assert task.targets()[0].precision == 0.995
    assert fleet.catalog.versions("acme", "team")[0].metrics["certified"] == 0
    task.set_target_precision(None)
    assert task.targets()[0].precision == 0.9
    assert task.decide("the laptop is broken").threshold < strict


def test_what_a_server_solves_again_is_what_training_solved(fleet: Fleet, clock: HandClock) -> None:
    task = trained(fleet, clock)
    before = task.targets()
    fleet.cache._entries.clear()
    assert task.targets() == before
    task.set_target_precision(0.99, label="it")
    asked = task.targets()
    fleet.cache._entries.clear()
    assert task.targets() == asked
    assert [aim.label for aim in asked] == [None, "it"]


def test_a_labels_own_target_leaves_the_others_alone(fleet: Fleet, clock: HandClock) -> None:
    task = trained(fleet, clock)
    others = task.decide("the door is stuck").threshold
    task.set_target_precision(0.999, label="it")
    assert task.decide("my laptop is broken").threshold > others
    assert task.decide("the door is stuck").threshold < 0.999
    task.set_target_precision(None, label="it")
    assert [aim.label for aim in task.targets()] == [None]


def test_before_any_example_probabilities_are_trusted(fleet: Fleet) -> None:
    task = fleet.task("acme", "team")
    task.define_label("it")
    task.define_label("hr")
    assert task.targets()[0].certified is False
    task.set_target_precision(0.97)
    assert task.decide("anything").threshold == 0.97


def test_a_preview_says_what_would_have_changed_and_changes_nothing(
    fleet: Fleet, clock: HandClock
) -> None:
    task = trained(fleet, clock)
    decisions = [task.decide(f"the {word} thing") for words in WHAT.values() for word in words]
    for decision in decisions[:4]:
        task.assign(decision.id, "it" if decision.candidates[0].label == "it" else "facilities")
    head = fleet.log.head()
    strict, mild = task.preview_target(0.9999), task.preview_target(0.05)
    assert fleet.log.head() == head
    assert strict.requests == mild.requests == len(decisions)
    assert strict.would_be_decided < mild.would_be_decided
    assert strict.aim.precision == 0.9999
    lost = [d for d in decisions[:4] if d.label is not None and d.confidence < strict.aim.threshold]
    assert strict.right_lost == len(lost)
    assert strict.wrong_avoided == 0
    of_it = task.preview_target(0.95, label="it")
    assert of_it.requests == sum(d.candidates[0].label == "it" for d in decisions)


@pytest.mark.parametrize("wrong", [0, 1, -0.5, 95, "0.95", True, float("nan")])
def test_a_precision_that_cannot_be_is_refused_and_changes_nothing(
    fleet: Fleet, wrong: object
) -> None:
    task = fleet.task("acme", "team")
    task.define_label("it")
    head = fleet.log.head()
    with pytest.raises(InvalidInput, match="precision"):
        task.set_target_precision(wrong)  # type: ignore[arg-type]
    with pytest.raises(NotFound, match="label"):
        task.set_target_precision(0.9, label="nobody")
    assert fleet.log.head() == head


def test_an_abstention_says_why(fleet: Fleet, clock: HandClock) -> None:
    task = fleet.task("acme", "team")
    assert task.decide("is anybody there").reason == "no_labels"
    task = trained(fleet, clock, "globex")
    assert task.decide("my laptop is broken").reason is None
    strange = task.decide("who won the olympic marathon in paris")
    assert (strange.label, strange.reason) == (None, "no_label_fits")
    assert strange.fit is not None
    assert strange.fit < 0
    task.set_target_precision(0.9999)
    torn = task.decide("problem with printer")
    assert (torn.label, torn.reason) == (None, "below_threshold")
    assert task.decision(torn.id) == torn


def test_a_task_with_one_label_abstains_on_what_is_unlike_it(
    fleet: Fleet, clock: HandClock
) -> None:
    task = fleet.task("acme", "only")
    task.define_label("billing", name="Billing", description="Invoices, refunds and payments")
    for _ in range(2):
        assert task.decide("I want a refund of the invoice").label == "billing"
        assert task.decide("will it rain in the mountains").reason == "no_label_fits"
        task.give_examples([Example(text, "billing") for text in BILLING])
        clock.advance(5)
        fleet.train_due()


def test_refusing_a_request_has_those_like_it_refused_too(fleet: Fleet, clock: HandClock) -> None:
    task = trained(fleet, clock)
    decision = task.decide("the window of opportunity for stocks")
    task.no_label_fits(decision.id)
    again = task.decide("the window of opportunity for stocks")
    assert (again.label, again.reason) == (None, "no_label_fits")
    before = decision.fit
    like = task.decide("a window of opportunity for stocks")
    assert before is not None
    assert like.fit is not None
    assert like.fit < before


def test_tasks_of_a_recipe_lend_each_other_what_they_showed(fleet: Fleet, clock: HandClock) -> None:
    nothing = fleet.catalog.pooled("default", "acme", "team")
    assert nothing.requests == 0
    trained(fleet, clock, "acme")
    shown = fleet.catalog.pooled("default", "globex", "team")
    assert shown.requests == sum(len(words) for words in WHAT.values()) * len(SAID)
    assert fleet.catalog.pooled("default", "acme", "team") == nothing
    assert fleet.catalog.pooled("other", "globex", "team") == nothing
    version = trained(fleet, clock, "globex").status().live
    published = fleet.catalog.version("globex", "team", str(version))
    assert published is not None
    fleet.rebuild()
    assert fleet.catalog.pooled("default", "globex", "team") == shown


def test_a_version_from_before_all_this_still_answers(fleet: Fleet, clock: HandClock) -> None:
    """Its file has no curve, no novelty, and a header without targets."""
    task = trained(fleet, clock)
    model = fleet.cache.get("acme", "team")
    old = msgspec.structs.replace(model, novelty=None)
    features = old.encoder.encode(["my laptop is broken"], [{}])
    (judged,) = judge([old], ["my laptop is broken"], [{}], features)
    assert (judged.label, judged.fit) == ("it", None)
    assert task.decide("my laptop is broken").label == "it"
