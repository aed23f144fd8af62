"""The alerts of a report: what got worse, since when and why, and what was done about it."""

from modelfleet.catalog import Action, Alert
from modelfleet.monitoring.reporting.figures import moment, percent
from modelfleet.monitoring.reporting.report import Report
from modelfleet.monitoring.severity import severity_of
from modelfleet.pages import element, note, section, text

_DONE = {
    "recalibrate": "recalibrated",
    "raise_threshold": "raised the threshold",
    "retrain": "trained again",
    "roll_back": "rolled back",
    "ask_audits": "asked for audits",
    "tell": "told people",
}


def alerts(report: Report) -> str:
    """All of them, the newest first."""
    if not report.alerts:
        return section("Alerts", "", note("None in these weeks."))
    told = "".join(_alert(one) for one in report.alerts)
    return section("Alerts, and what was done", "", element("div", told, "alerts"))


def _alert(alert: Alert) -> str:
    state = "ended" if alert.ended else severity_of(alert.scope, low_trust=alert.low_trust)
    head = (
        element("span", text(state), f"chip {state}")
        + element("span", text(alert.finding.replace("_", " ")), "chip")
        + (element("span", text(alert.slice), "chip") if alert.slice else "")
        + element("time", text(moment(alert.raised)))
    )
    facts = "".join(element("li", text(line)) for line in _facts(alert))
    done = "".join(element("li", _action(one), _helped(one)) for one in alert.actions)
    body = element("h3", text(alert.sentence)) + element("ul", facts)
    body += element("ul", done, "done") if done else ""
    return element("article", element("div", head, "chips") + body, state)


def _facts(alert: Alert) -> list[str]:
    facts = [f"alert {alert.alert}"]
    if alert.expected is not None and alert.observed is not None:
        facts.append(
            f"observed {percent(alert.observed)} of {alert.events:,}, expected "
            f"{percent(alert.expected)}"
        )
    if (began := alert.inception) is not None:
        between = f"{moment(began.earliest)} and {moment(began.latest)}"
        facts.append(f"began about {moment(began.time)}; with 90% between {between}")
    facts += [f"about then: {cause.what}" for cause in alert.causes]
    if alert.low_trust:
        facts.append("feedback is scarce, so it may be chance")
    if alert.muted_by:
        facts.append(f"alert {alert.muted_by} explains it, so nobody was told")
    if alert.ended is not None:
        facts.append(f"over since {moment(alert.ended)}: {alert.why}")
    return facts


def _action(action: Action) -> str:
    done = element("b", text(_DONE.get(action.what, action.what)))
    came = ""
    if action.helped is not None:
        came = f" → {'helped' if action.helped else 'did not help'}: {action.found}"
    return f"{done} {text(f'{moment(action.taken)}: {action.why}{came}')}"


def _helped(action: Action) -> str:
    return {True: "helped", False: "unhelpful", None: ""}[action.helped]
