"""Routes of examples: requests with their labels, without decisions."""

from collections.abc import Sequence

from litestar.types import ASGIApp
from msgspec.json import Decoder

from modelfleet.api import samples
from modelfleet.api.answers import LessonAnswer, LineAnswer, lesson_answer
from modelfleet.api.call import Call, json
from modelfleet.api.lines import take_lines
from modelfleet.api.located import located
from modelfleet.api.operation import LINES, OF_TASK, Content, Operation, route
from modelfleet.api.wire import MOST_AT_ONCE, ExampleBody
from modelfleet.decisions import Lesson
from modelfleet.decisions.checks import check_example
from modelfleet.errors import InvalidInput

_GROUP = "examples"
_EXAMPLE = Decoder(ExampleBody)
_EXAMPLES = Decoder(ExampleBody | tuple[ExampleBody, ...])


@route(
    "POST",
    f"{OF_TASK}/examples",
    Operation(
        role="owner",
        group=_GROUP,
        summary="Give an example, or a list of up to 1,000 (all or none)",
        body=Content(ExampleBody | tuple[ExampleBody, ...], samples.EXAMPLE),
        answers=(Content(LessonAnswer | tuple[LessonAnswer, ...], samples.LESSON_OF_EXAMPLE),),
    ),
)
async def give_examples(call: Call) -> ASGIApp:
    """Take down one example, or several."""
    body = await call.read(_EXAMPLES)
    if isinstance(body, ExampleBody):
        (lesson,) = await call.in_thread(call.task.give_examples, [body.example()])
        return json(lesson_answer(lesson))
    if len(body) > MOST_AT_ONCE:
        raise InvalidInput.at("body", f"must be at most {MOST_AT_ONCE:,} examples; see bulk")
    return json([lesson_answer(one) for one in await call.in_thread(_given, call, body)])


@route(
    "POST",
    f"{OF_TASK}/examples/bulk",
    Operation(
        role="owner",
        group=_GROUP,
        summary="Give any number of examples, one on each line",
        description="Each line is answered for; one that can't be accepted changes nothing and "
        "doesn't stop the others. A line has at most 1 MB. The answer comes after the whole body.",
        body=Content(ExampleBody, samples.EXAMPLE, LINES),
        answers=(Content(LineAnswer, samples.LINE, LINES),),
    ),
)
async def give_examples_in_bulk(call: Call) -> ASGIApp:
    """Take down each line's example."""
    task = call.task

    def take(bodies: Sequence[ExampleBody]) -> list[Lesson]:
        return task.give_examples([body.example() for body in bodies])

    return await take_lines(call, _EXAMPLE, take)


def _given(call: Call, bodies: Sequence[ExampleBody]) -> list[Lesson]:
    task = call.task
    examples = [body.example() for body in bodies]
    with located(examples, lambda one: check_example(one, task.labels()), ""):
        return task.give_examples(examples)


ROUTES = (give_examples, give_examples_in_bulk)
