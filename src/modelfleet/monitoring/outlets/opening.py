"""The outlets that settings ask for."""

from modelfleet.clock import Clock
from modelfleet.monitoring.outlets.alertmanager import Alertmanager
from modelfleet.monitoring.outlets.email import Email, Letters
from modelfleet.monitoring.outlets.outlet import Outlet
from modelfleet.monitoring.outlets.posting import name_of, shown_as
from modelfleet.monitoring.outlets.webhook import Webhook
from modelfleet.settings import Settings

KINDS = (Alertmanager.kind, Webhook.kind, Email.kind)


def shown_outlets(settings: Settings) -> dict[str, str]:
    """How people are told of outlets that settings ask for, by the names they are kept under."""
    posted = [(Alertmanager.kind, url) for url in settings.alertmanager]
    posted += [(Webhook.kind, url) for url in settings.webhooks]
    return {name_of(kind, url): shown_as(kind, url) for kind, url in posted}


def open_outlets(settings: Settings, clock: Clock) -> list[Outlet]:
    """All of them; no connection is made yet."""
    outlets: list[Outlet] = [Alertmanager(url, clock) for url in settings.alertmanager]
    outlets += [Webhook(url, settings.webhook_secret, clock) for url in settings.webhooks]
    if settings.smtp:
        letters = Letters(settings.email_from, settings.email_to)
        outlets.append(Email(settings.smtp, letters, clock))
    return outlets
