"""Routes that order something for all tasks of a recipe at once."""

from litestar.types import ASGIApp
from msgspec.json import Decoder

from modelfleet.api.call import Call, json
from modelfleet.api.operation import Content, Operation, route
from modelfleet.api.wire import MadeByBody
from modelfleet.catalog import MadeBy
from modelfleet.decisions import Moved
from modelfleet.events.validation import check_text

_GROUP = "versions"
_BODY = Decoder(MadeByBody)


def _order(summary: str) -> Operation:
    return Operation(
        role="operator",
        group=_GROUP,
        summary=summary,
        description="Given again it goes on where it was: tasks that are done aren't touched. "
        "Those whose version is pinned are left as they are.",
        body=Content(MadeByBody, {"since": "2026-03-01T09:30:00Z", "by": "alice"}),
        body_needed=False,
        answers=(Content(Moved, {"changed": 9_812, "without": 3, "pinned": 12}),),
    )


@route(
    "POST",
    "/api/recipes/{recipe:str}/roll-back",
    _order("Roll back every task whose live version was made by a recipe"),
)
async def roll_back(call: Call) -> ASGIApp:
    """Roll back every task whose live version was made by a recipe."""
    body = await call.read(_BODY, empty=b"{}")
    return json(await call.in_thread(call.fleet.by_recipe.roll_back, _made(call, body), by=body.by))


@route(
    "POST",
    "/api/recipes/{recipe:str}/promote",
    _order("Promote, in every task that has some, the newest version made by a recipe"),
)
async def promote(call: Call) -> ASGIApp:
    """Promote, in every task that has some, the newest version made by a recipe."""
    body = await call.read(_BODY, empty=b"{}")
    return json(await call.in_thread(call.fleet.by_recipe.promote, _made(call, body), by=body.by))


def _made(call: Call, body: MadeByBody) -> MadeBy:
    return body.made_by(check_text(call.parameters["recipe"], "recipe"))


ROUTES = (roll_back, promote)
