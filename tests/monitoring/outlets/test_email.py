"""E-mail through a real SMTP server, with STARTTLS and a password."""

import ssl
import subprocess
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword
from tests.conftest import HandClock
from tests.monitoring.outlets.conftest import Newsroom, Tell, an_alert, tell_all
from tests.programs import free_port

from modelfleet.monitoring.outlets.email import Email, Letters
from modelfleet.monitoring.outlets.outlet import Refused, Unreachable

LETTERS = Letters("modelfleet@example.com", ("ops@example.com", "alice@example.com"))


@pytest.fixture
def place(folder: Path) -> str:
    """What is told doesn't depend on the database."""
    return str(folder)


class Mailbox:
    """What came; and how the server answers to a message."""

    def __init__(self) -> None:
        self.letters: list[tuple[Envelope, EmailMessage]] = []
        self.answer = "250 OK"
        self.unknown = ""

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: object, _session: object, envelope: Envelope, address: str, _options: object
    ) -> str:
        if address == self.unknown:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if self.answer.startswith("2"):
            assert isinstance(envelope.content, bytes)
            message = message_from_bytes(envelope.content, policy=policy.default)
            self.letters.append((envelope, message))
        return self.answer


class Post(msgspec.Struct):
    mailbox: Mailbox
    port: int

    def url(self, user: str = "") -> str:
        return f"smtp://{user}localhost:{self.port}"


def _knows(*asked: Any) -> AuthResult:  # noqa: ANN401 - five of aiosmtpd's, the last is what was said
    return AuthResult(success=asked[-1] == LoginPassword(b"ops", b"p@ss/word"), handled=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of localhost, with its key."""
    folder = tmp_path_factory.mktemp("certificate")
    command = ["openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-newkey", "rsa:2048"]
    command += ["-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)  # noqa: S603 - our own words
    return folder / "cert.pem"


@pytest.fixture
def post(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    """A server that asks for TLS and a password."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    yield from _serving({"tls_context": context, "authenticator": _knows, "auth_required": True})


@pytest.fixture
def open_post() -> Iterator[Post]:
    """A server of one's own network: no TLS, no password."""
    yield from _serving({})


def _serving(options: dict[str, Any]) -> Iterator[Post]:
    mailbox = Mailbox()
    server = Controller(mailbox, hostname="localhost", port=free_port(), **options)
    server.start()
    try:
        yield Post(mailbox, server.port)
    finally:
        server.stop()


def test_an_alert_and_its_end_come_as_one_thread(
    post: Post, news: Newsroom, clock: HandClock, notifier: Tell
) -> None:
    told = notifier(Email(post.url("ops:p%40ss%2Fword@"), LETTERS, clock))
    news.raise_(an_alert(sentence="Precision of <b>acme</b>/team fell\nfrom 95% to 71%."))
    tell_all(told)
    news.end("a1", "precision is 96% of 60 since")
    tell_all(told)
    (envelope, raised), (_, ended) = post.mailbox.letters
    assert envelope.rcpt_tos == list(LETTERS.receivers)
    assert raised["Subject"] == (
        "[modelfleet] warning: Precision of <b>acme</b>/team fell from 95% to 71%."
    )
    assert ended["Subject"].startswith("[modelfleet] ended: ")
    assert raised["References"] == ended["References"]
    assert raised["Message-ID"] != ended["Message-ID"]
    assert (raised["From"], raised["Auto-Submitted"]) == (LETTERS.sender, "auto-generated")
    plain = raised.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Observed 71.0% of 34 outcomes, expected 95.0%." in plain
    assert "modelfleet report acme/team" in plain
    page = raised.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "&lt;b&gt;acme" in page
    assert "precision is 96% of 60 since" in ended.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_several_alerts_of_a_kind_are_one_letter(
    open_post: Post, news: Newsroom, clock: HandClock, notifier: Tell
) -> None:
    told = notifier(Email(open_post.url(), LETTERS, clock))
    for tenant in ("acme", "globex", "initech"):
        news.raise_(an_alert(sentence=f"Precision of {tenant}/team fell."), f"{tenant}/team")
    tell_all(told)
    ((_, letter),) = open_post.mailbox.letters
    assert letter["Subject"].endswith("acme/team fell. (and 2 more)")
    assert "initech" in letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_one_receiver_who_is_gone_keeps_it_from_nobody_else(
    open_post: Post, news: Newsroom, clock: HandClock, notifier: Tell
) -> None:
    open_post.mailbox.unknown = "alice@example.com"
    told = notifier(Email(open_post.url(), LETTERS, clock))
    news.raise_(an_alert())
    tell_all(told)
    ((envelope, _),) = open_post.mailbox.letters
    assert envelope.rcpt_tos == ["ops@example.com"]


def test_a_server_that_is_busy_gets_the_same_letter_later(
    open_post: Post, news: Newsroom, clock: HandClock, notifier: Tell
) -> None:
    told = notifier(Email(open_post.url(), LETTERS, clock))
    open_post.mailbox.answer = "451 try again"
    news.raise_(an_alert())
    tell_all(told)
    assert open_post.mailbox.letters == []
    open_post.mailbox.answer = "250 OK"
    clock.advance(2)
    tell_all(told)
    assert len(open_post.mailbox.letters) == 1


def test_a_password_is_never_sent_in_the_clear(
    open_post: Post, post: Post, news: Newsroom, clock: HandClock, notifier: Tell
) -> None:
    assert isinstance(_tried(open_post.url("ops:secret@"), news, clock, notifier), Refused)
    assert isinstance(_tried(post.url("ops:wrong@"), news, clock, notifier), Refused)
    assert isinstance(_tried(f"smtp://localhost:{free_port()}", news, clock, notifier), Unreachable)
    assert open_post.mailbox.letters == []


def _tried(url: str, news: Newsroom, clock: HandClock, notifier: Tell) -> object:
    """What a server says to an alert."""
    told = notifier(Email(url, LETTERS, clock))
    answers: list[object] = []
    tell = told.outlet.tell
    told.outlet.tell = lambda notices: answers.append(tell(notices)) or Refused("noted")  # type: ignore[method-assign,func-returns-value]
    news.raise_(an_alert())
    clock.advance(1000)
    told.step()
    return answers[0]
