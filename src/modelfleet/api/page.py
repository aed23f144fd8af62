"""The document as one page of HTML that needs no script and no other host."""

from html import escape
from typing import Any

import msgspec

Json = dict[str, Any]

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
color:#1b1f24;background:#fff}
code,pre{font:14px/1.4 ui-monospace,monospace}
pre{background:#f3f5f7;padding:.75rem;overflow:auto;border-radius:4px}
summary{cursor:pointer;padding:.3rem 0}
b.method{display:inline-block;width:4.5rem}
@media(prefers-color-scheme:dark){body{color:#dce1e6;background:#14171a}pre{background:#20252a}
a{color:#7ab7ff}}
"""


def page(document: Json) -> str:
    """The page: each operation with its parameters and the examples of its bodies."""
    groups: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            shown = _operation(method, path, operation)
            groups.setdefault(operation["tags"][0], []).append(shown)
    sections = "".join(
        f"<h2>{escape(group)}</h2>{''.join(shown)}" for group, shown in groups.items()
    )
    info = document["info"]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(info['title'])}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(info['title'])}</h1><p>{escape(info['summary'])}</p>"
        "<p>Keys go with each request as <code>Authorization: Bearer mf_…</code>. What a machine "
        'reads: <a href="/docs/openapi.json">openapi.json</a>.</p>'
        f"{sections}</body></html>"
    )


def _operation(method: str, path: str, operation: Json) -> str:
    return (
        f'<details><summary><b class="method">{method.upper()}</b><code>{escape(path)}</code><br>'
        f"{escape(operation['summary'])}</summary><p>{escape(operation['description'])}</p>"
        f"{_parameters(operation['parameters'])}{_bodies(operation)}</details>"
    )


def _parameters(parameters: list[Json]) -> str:
    asked = [one["name"] for one in parameters if one["in"] == "query"]
    names = ", ".join(f"<code>{escape(name)}</code>" for name in asked)
    return f"<p>Parameters: {names}</p>" if names else ""


def _bodies(operation: Json) -> str:
    sent = operation.get("requestBody", {}).get("content", {})
    got = operation["responses"]["200"]["content"]
    return "".join(
        f"<p>{word} <code>{escape(media_type)}</code></p><pre>{_shown(content['example'])}</pre>"
        for word, bodies in (("Send", sent), ("Get", got))
        for media_type, content in bodies.items()
    )


def _shown(example: object) -> str:
    if isinstance(example, str):
        return escape(example)
    return escape(msgspec.json.format(msgspec.json.encode(example), indent=2).decode())
