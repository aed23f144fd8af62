"""One small story, told in the examples of the document: acme's IT and facilities teams."""

from typing import Any

MOMENT = "2026-03-01T09:30:00Z"

LABEL_BODY = {
    "name": "IT support",
    "description": "laptops, passwords, VPN",
    "keywords": ["wifi", "printer"],
    "id": "label-it-1",
}
LABEL = {
    "label": "it",
    "name": "IT support",
    "description": "laptops, passwords, VPN",
    "keywords": ["wifi", "printer"],
    "seq": 1,
}
RECEIPT = {"id": "label-it-1", "seq": 1, "duplicate": False}
REQUEST = {
    "text": "I can't get on the wifi",
    "metadata": {"office": "Oslo"},
    "id": "ticket-4711",
    "time": MOMENT,
}
CANDIDATES = [
    {"label": "it", "probability": 0.91},
    {"label": "facilities", "probability": 0.09},
]
DECISION = {
    "id": "ticket-4711",
    "label": "it",
    "candidates": CANDIDATES,
    "threshold": 0.6,
    "version": "20260301T090000.000000Z",
    "time": MOMENT,
}
RECORD: dict[str, Any] = {
    **DECISION,
    "text": "I can't get on the wifi",
    "metadata": {"office": "Oslo"},
    "outcome": {"verdict": "reassigned", "label": "facilities", "by": "bob"},
}
FEEDBACK = {
    "verdict": "reassigned",
    "label": "facilities",
    "by": "bob",
    "id": "feedback-4711",
    "time": MOMENT,
}
LESSON = {
    "id": "feedback-4711",
    "seq": 4,
    "duplicate": False,
    "known": True,
    "example": {"key": "decision:ticket-4711", "label": "facilities"},
    "due": "2026-03-01T10:30:00Z",
}
EXAMPLE = {
    "text": "the radiator in room 12 is cold",
    "label": "facilities",
    "metadata": {"office": "Oslo"},
    "key": "ticket-12",
    "by": "alice",
    "id": "example-12",
    "time": MOMENT,
}
LESSON_OF_EXAMPLE = {
    **LESSON,
    "id": "example-12",
    "seq": 5,
    "example": {"key": "example:ticket-12", "label": "facilities"},
}
EXPLAIN = {"text": "I can't get on the wifi", "metadata": {"office": "Oslo"}}
REASONS = {
    "decision": "ticket-4711",
    "label": "it",
    "rival": "facilities",
    "version": "20260301T090000.000000Z",
    "note": "",
    "told": None,
    "lead": 2.31,
    "start": 0.12,
    "words": [{"what": "wifi", "weight": 1.94}, {"what": "get on", "weight": -0.11}],
    "fields": [{"what": "office = Oslo", "weight": 0.2}],
    "covered": 0.94,
    "taught": [
        {
            "key": "decision:ticket-4502",
            "text": "the wifi is down again",
            "by": "bob",
            "time": MOMENT,
            "similarity": 0.71,
        }
    ],
    "label_texts": ["IT support", "laptops, passwords, VPN", "wifi", "printer"],
}
FORGET = {"metadata": {"customer": "c-1182"}, "by": "alice", "why": "asked for on 1 March"}
FORGOTTEN = {
    "id": "eY3l0cW1jQZs7hU8cPnB",
    "seq": 17,
    "time": MOMENT,
    "by": "alice",
    "why": "asked for on 1 March",
    "events": 2,
    "versions": ["20260301T090000.000000Z"],
    "free": False,
}
EVENT_BODY = {
    "kind": "ticket.closed",
    "task": "team",
    "time": MOMENT,
    "id": "closed-4711",
    "fields": {"ticket": 4711, "minutes": 12.5},
}
IMPORTED = {**EVENT_BODY, "tenant": "acme"}
EVENT = {**IMPORTED, "seq": 7, "logged": MOMENT}
LINE = {"line": 1, "id": "example-12", "seq": 5}
VERSION = {
    "version": "20260301T090000.000000Z",
    "published": "2026-03-01T09:00:00Z",
    "watermark": 6,
    "recipe": "default",
    "fingerprint": "8c1f0b6e5a7d4e21",
    "training_digest": "0f3a9d5c7b1e2d48",
    "examples": 200,
    "why": "better than the live version on the newest requests",
    "metrics": {"accuracy": 0.93},
    "recipe_digest": "5b0c2a9e7f1d3846",
}
SERVING = {
    "state": "stand-in",
    "wanted": "20260301T090000.000000Z",
    "version": "20260228T090000.000000Z",
    "why": "its fingerprint is 1f0a, 8c1f0b6e5a7d4e21 was published",
    "again": MOMENT,
    "nbytes": 64_000,
}
SAID = {"by": "alice", "id": "operation-1"}
STATUS = {
    "tenant": "acme",
    "task": "team",
    "live": "20260301T090000.000000Z",
    "previous": None,
    "canary": None,
    "canary_share": 0.0,
    "audits": {"a7Qm2vXh5sTqWcNe0gLr": 0.2},
    "shadow": None,
    "pinned": False,
    "watched": True,
    "found": "a routine refit goes live watched, not shown to be as good within 5%: of 12 new "
    "requests, 91.7% right against 83.3% by the live version; 1 won, 0 lost",
    "behind": 2,
    "behind_since": MOMENT,
    "due": "2026-03-01T10:30:00Z",
    "error": None,
    "failures": 0,
    "failed": None,
    "set_aside": False,
    "coverage": 0.8,
    "precision": 0.95,
    "decided": 100,
    "abstained": 20,
    "answered": 40,
    "confirmed": 38,
    "corrected": 2,
    "evidence": 42,
    "evidence_trained": 40,
    "evidence_seq": 142,
    "labels_seq": 2,
    "forgotten_seq": 0,
    "watermark": 140,
    "changed": MOMENT,
    "forced": False,
}
SUMS = {
    "tenants": 20,
    "tasks": 20,
    "decided": 2000,
    "abstained": 300,
    "answered": 800,
    "confirmed": 760,
    "corrected": 40,
    "published": 60,
    "kept": 11,
    "failed": 1,
}
KEY_BODY = {"role": "owner", "tenant": "acme", "name": "alice", "id": "key-1"}
KEY = {"key": "eK3yOfAlice", "tenant": "acme", "role": "owner", "name": "alice", "active": True}
KEY_MADE = {
    "key": "eK3yOfAlice",
    "secret": "mf_shown-only-this-once",
    "role": "owner",
    "tenant": "acme",
    "name": "alice",
    "duplicate": False,
}
PROBLEM = {
    "type": "about:blank",
    "title": "Bad Request",
    "status": 400,
    "detail": "text: must not be empty",
    "faults": [{"field": "text", "message": "must not be empty"}],
}
