"""What requests, feedback, examples and label texts must be."""

from collections.abc import Sequence

from modelfleet.catalog import Label
from modelfleet.decisions.decision import (
    VERDICTS,
    Decision,
    Example,
    Feedback,
    LabelTexts,
    Request,
    Verdict,
)
from modelfleet.errors import Conflict, InvalidInput
from modelfleet.events.given import shown
from modelfleet.events.validation import (
    check_id,
    check_name,
    check_request,
    check_text,
    check_time,
)

MOST_KEYWORDS = 200


def known_label(label: str, labels: Sequence[Label]) -> bool:
    """Whether a label is among those of a task."""
    return any(one.label == label for one in labels)


def check_label(label: object, labels: Sequence[Label]) -> None:
    """A label that feedback or an example names.

    Raises:
        InvalidInput: the task has no such label; says which it has.
    """
    if not isinstance(label, str) or not known_label(label, labels):
        names = [one.label for one in labels]
        shown = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")  # noqa: PLR2004 - a line's worth
        raise InvalidInput.at(
            "label",
            f"must be one of the task's labels ({shown or 'it has none yet'}); got {label!a}",
        )


def check_verdict(verdict: object) -> Verdict:
    """What somebody says about a decision, unchanged.

    Raises:
        InvalidInput: there is no such verdict; says which there are.
    """
    if verdict not in VERDICTS:
        known = ", ".join(VERDICTS)
        raise InvalidInput.at("verdict", f"must be one of {known}; got {shown(verdict)}")
    return VERDICTS[VERDICTS.index(verdict)]


def check_feedback(said: Feedback, decided: Decision, labels: Sequence[Label]) -> None:
    """Feedback on a decision.

    Raises:
        InvalidInput: a label is missing, unknown, or given where none belongs.
        Conflict: the decision abstained, so there is nothing to accept.
    """
    if said.verdict == "reassigned":
        check_label(said.label, labels)
    elif said.label is not None:
        raise InvalidInput.at("label", f"belongs to 'reassigned' only, not to '{said.verdict}'")
    if said.verdict == "accepted" and decided.label is None:
        raise Conflict.at(
            "verdict",
            "there is no label to accept, the decision abstained; say 'reassigned' and which",
        )
    if said.by is not None:
        check_text(said.by, "by", most=200)
    if said.id is not None:
        check_id(said.id)


def check_example(example: Example, labels: Sequence[Label]) -> None:
    """An example without a decision.

    Raises:
        InvalidInput: its text, metadata, label or key can't be accepted.
    """
    check_request(example.text, example.metadata)
    if example.label is not None:
        check_label(example.label, labels)
    if example.key is not None:
        check_id(example.key, "key")
    if example.by is not None:
        check_text(example.by, "by", most=200)


def texts_of(name: str, description: str, keywords: Sequence[str]) -> LabelTexts:
    """What describes a label.

    Raises:
        InvalidInput: the keywords are no list, or a text can't be accepted; see `check_texts`.
    """
    if isinstance(keywords, str) or not isinstance(keywords, Sequence):
        raise InvalidInput.at("keywords", "must be a list of texts")
    texts = LabelTexts(name, description, tuple(keywords))
    check_texts(texts)
    return texts


def check_texts(texts: LabelTexts) -> None:
    """What describes a label.

    Raises:
        InvalidInput: a text is too long or can't be stored, or there are too many keywords.
    """
    check_text(texts.name, "name", most=500)
    check_text(texts.description, "description", most=20_000)
    if len(texts.keywords) > MOST_KEYWORDS:
        raise InvalidInput.at("keywords", f"must be at most {MOST_KEYWORDS}")
    for index, keyword in enumerate(texts.keywords):
        check_text(keyword, f"keywords[{index}]", most=500)


def check_task(tenant: str, task: str) -> None:
    """The names of a task.

    Raises:
        InvalidInput: one can't be accepted.
    """
    check_name(tenant, "tenant")
    check_name(task, "task")


def check_asked(request: Request, now: int) -> None:
    """A request that is to be decided.

    Raises:
        InvalidInput: its text, metadata, id or time can't be accepted.
    """
    check_request(request.text, request.metadata)
    if request.id is not None:
        check_id(request.id)
    if request.time is not None:
        check_time(request.time, now)
