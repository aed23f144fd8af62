"""The platform over HTTP: routes, keys, problems, metrics, and the document that describes them.

*In*: HTTP requests. *Out*: JSON, NDJSON, problem details (RFC 9457), an OpenAPI document.
*Keeps*: keys it has looked up, for a second; counters of this process. *Ignores*: how anything is
done; it calls `Fleet`. Only this room knows status codes. Imported by `cli` alone.
"""

from modelfleet.api.app import create_app

__all__ = ["create_app"]
