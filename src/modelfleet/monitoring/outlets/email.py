"""E-mail by SMTP: a few plain words, and the same as a small page."""

import smtplib
import ssl
from collections.abc import Sequence
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape
from urllib.parse import unquote, urlsplit

import msgspec
import structlog

from modelfleet.clock import Clock, to_datetime
from modelfleet.monitoring.beginning import beginning
from modelfleet.monitoring.outlets.notice import Notice, details
from modelfleet.monitoring.outlets.outlet import Answer, Refused, Taken, Unreachable

_SECONDS = 20
_PORTS = {"smtp": 587, "smtps": 465}
_LONGEST_SUBJECT = 160
_POLICY = policy.SMTP.clone(max_line_length=250)  # so that no subject is folded
_COLOURS = {"critical": "#dc2f4b", "warning": "#c2650a", "info": "#636b7d", "ended": "#0d9488"}
_FONT = "font:15px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif"

_logger = structlog.get_logger()


class Letters(msgspec.Struct, frozen=True):
    """From whom and to whom e-mail goes."""

    sender: str
    receivers: tuple[str, ...]


class Email:
    """A mail server. A password is only sent over TLS; ``smtp://`` asks for it by STARTTLS."""

    kind = "email"
    name = "email"
    shown = "email"
    repeat: float | None = None

    def __init__(self, url: str, letters: Letters, clock: Clock) -> None:
        self._url = urlsplit(url)
        self._letters = letters
        self._clock = clock

    def tell(self, notices: Sequence[Notice]) -> Answer:
        """Send one e-mail about a group."""
        message = written(notices, self._letters)
        message["Date"] = format_datetime(to_datetime(self._clock()))
        try:
            with self._connected() as server:
                self._log_in(server)
                refused = server.send_message(message)
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPAuthenticationError) as error:
            return Refused(f"{type(error).__name__}: {error}")
        except (smtplib.SMTPResponseException, smtplib.SMTPNotSupportedError) as error:
            return _unwilling(error)
        except (smtplib.SMTPException, OSError) as error:
            return Unreachable(f"{type(error).__name__}: {error}")
        if refused:
            # Sent again, it would come twice to all the others.
            _logger.warning("an e-mail was refused for some", receivers=sorted(refused))
        return Taken()

    def close(self) -> None:
        """Nothing: each e-mail has a connection of its own."""

    def _connected(self) -> smtplib.SMTP:
        host, port = self._url.hostname or "", self._url.port or _PORTS[self._url.scheme]
        trust = ssl.create_default_context()
        if self._url.scheme == "smtps":
            return smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=trust)
        server = smtplib.SMTP(host, port, timeout=_SECONDS)
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=trust)
            server.ehlo()
        elif self._url.password:
            server.close()
            raise smtplib.SMTPNotSupportedError("no STARTTLS, so the password isn't sent")
        return server

    def _log_in(self, server: smtplib.SMTP) -> None:
        if self._url.username:
            server.login(unquote(self._url.username), unquote(self._url.password or ""))


def written(notices: Sequence[Notice], letters: Letters) -> EmailMessage:
    """The e-mail about a group of notices, without its date.

    Sent twice it is the same message; that an alert ended is a reply to that it was raised.
    """
    host = letters.sender.rpartition("@")[2]
    message = EmailMessage(policy=_POLICY)
    message["Subject"] = _subject(notices)
    message["From"] = letters.sender
    message["To"] = ", ".join(letters.receivers)
    message["Message-ID"] = f"<{notices[0].id}.{notices[0].seq}@{host}>"
    threads = " ".join(f"<alert.{one.alert.alert}@{host}>" for one in notices)
    message["References"] = threads
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n\n".join(_plain(one) for one in notices) + "\n")
    message.add_alternative(_page(notices), subtype="html")
    return message


def _subject(notices: Sequence[Notice]) -> str:
    first = notices[0]
    others = f" (and {len(notices) - 1:,} more)" if len(notices) > 1 else ""
    said = " ".join(f"{_state(first)}: {first.alert.sentence}".split())
    return f"[modelfleet] {beginning(said, _LONGEST_SUBJECT)}{others}"


def _state(notice: Notice) -> str:
    return "ended" if notice.ended else notice.severity


def _plain(notice: Notice) -> str:
    lines = (f"{_state(notice).upper()}  {notice.alert.sentence}", *details(notice))
    return "\n".join(lines)


def _page(notices: Sequence[Notice]) -> str:
    parts = "".join(_part(one) for one in notices)
    return (
        '<!doctype html><html lang="en"><body style="margin:0;padding:24px;background:#f6f7f9">'
        f'<div style="max-width:640px;margin:auto;{_FONT};color:#171b26">{parts}</div>'
        "</body></html>"
    )


def _part(notice: Notice) -> str:
    colour = _COLOURS[_state(notice)]
    lines = "".join(
        f'<div style="color:#636b7d;margin-top:6px">{escape(line)}</div>'
        for line in details(notice)
    )
    return (
        f'<div style="background:#fff;border-left:4px solid {colour};border-radius:6px;'
        f'padding:16px 20px;margin-bottom:14px"><div style="color:{colour};font-weight:600;'
        f'font-size:13px">{escape(_state(notice))} · {escape(notice.whose)}</div>'
        f'<div style="margin-top:4px;font-weight:600">{escape(notice.alert.sentence)}</div>'
        f"{lines}</div>"
    )


def _unwilling(error: smtplib.SMTPResponseException | smtplib.SMTPNotSupportedError) -> Answer:
    """A reply from 500 on won't be another one next time."""
    said = f"{type(error).__name__}: {error}"
    is_later = isinstance(error, smtplib.SMTPResponseException) and error.smtp_code < 500  # noqa: PLR2004 - SMTP's own
    return Unreachable(said) if is_later else Refused(said)
