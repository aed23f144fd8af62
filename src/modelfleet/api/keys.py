"""Routes of API keys."""

from secrets import token_urlsafe

from litestar.types import ASGIApp
from msgspec.json import Decoder

from modelfleet.api import samples
from modelfleet.api.answers import KeyMade, KeysAnswer
from modelfleet.api.call import Call, json
from modelfleet.api.operation import Content, Operation, route
from modelfleet.api.wire import KeyBody, NoQuery, WriteQuery
from modelfleet.catalog import digest_of
from modelfleet.decisions import Receipt
from modelfleet.errors import Conflict, NotFound
from modelfleet.events import Event, Logged, kinds, make, new_id
from modelfleet.events.validation import check_event, check_id, check_role, check_text

_GROUP = "keys"
_KEY = Decoder(KeyBody)


@route(
    "POST",
    "/api/keys",
    Operation(
        role="operator",
        group=_GROUP,
        summary="Make an API key; its secret is in this answer and nowhere else",
        description="Sent again under its id, it answers with the same key, without its secret. "
        "The first must be an operator's: from it on everything here needs a key.",
        body=Content(KeyBody, samples.KEY_BODY),
        answers=(Content(KeyMade, samples.KEY_MADE),),
    ),
)
async def create_key(call: Call) -> ASGIApp:
    """Make an API key."""
    body = await call.read(_KEY)
    return json(await call.in_thread(_created, call, body))


@route(
    "GET",
    "/api/keys",
    Operation(
        role="operator",
        group=_GROUP,
        summary="All keys ever made, without their secrets",
        query=NoQuery,
        answers=(Content(KeysAnswer, {"keys": [samples.KEY]}),),
    ),
)
async def list_keys(call: Call) -> ASGIApp:
    """All keys ever made."""
    call.query(NoQuery)
    return json(KeysAnswer(tuple(await call.in_thread(call.fleet.catalog.all_keys))))


@route(
    "DELETE",
    "/api/keys/{key:str}",
    Operation(
        role="operator",
        group=_GROUP,
        summary="Have a key refused from now on, by all servers within a second",
        query=WriteQuery,
        answers=(Content(Receipt, {"id": "revoked-1", "seq": 11, "duplicate": False}),),
    ),
)
async def revoke_key(call: Call) -> ASGIApp:
    """Have a key refused from now on."""
    query = call.query(WriteQuery)
    return json(await call.in_thread(_revoked, call, call.parameters["key"], query.id))


def _created(call: Call, asked: KeyBody) -> KeyMade:
    check_role(asked.role, asked.tenant)
    check_text(asked.name, "name", most=200)
    before = asked.id and call.fleet.log.get(kinds.PLATFORM_TENANT, check_id(asked.id))
    if before:
        return _made_before(before, asked)
    if asked.role != "operator" and not call.fleet.catalog.has_keys():
        raise Conflict.at("role", "must be operator for the first key: from it on all need one")
    secret = "mf_" + token_urlsafe(32)
    body = kinds.KeyCreated(new_id(), digest_of(secret), asked.role, asked.tenant, asked.name)
    call.fleet.log.append([_event(call, body, asked.id)])
    return KeyMade(body.key, secret, asked.role, asked.tenant, asked.name)


def _made_before(event: Logged, asked: KeyBody) -> KeyMade:
    made = event.fields
    told = (made.get("role"), made.get("tenant", ""), made.get("name", ""))
    if told != (asked.role, asked.tenant, asked.name):
        raise Conflict.at("id", f"'{asked.id}' was used before for something else")
    return KeyMade(made["key"], None, asked.role, asked.tenant, asked.name, duplicate=True)


def _revoked(call: Call, key: str, identity: str | None) -> Receipt:
    check_id(key, "key")
    if all(known.key != key for known in call.fleet.catalog.all_keys()):
        raise NotFound.at("key", f"there is none '{key}'")
    (appended,) = call.fleet.log.append([_event(call, kinds.KeyRevoked(key), identity)])
    return Receipt(appended.event.id, appended.event.seq, appended.duplicate)


def _event(call: Call, body: kinds.Body, identity: str | None) -> Event:
    now = call.fleet.clock()
    return check_event(make(body, tenant=kinds.PLATFORM_TENANT, time=now, id=identity), now)


ROUTES = (create_key, list_keys, revoke_key)
