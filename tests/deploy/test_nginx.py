"""nginx sends all requests for a tenant to one server, whichever protocol they are in."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from tests.programs import accepts, until
from tests.proxy import Proxy

from modelfleet.api.names import model_name


class Named(BaseHTTPRequestHandler):
    """Says which server it is."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each body waits 40 ms for its head to be acknowledged

    def do_GET(self) -> None:
        assert isinstance(self.server, ThreadingHTTPServer)
        port = str(self.server.server_port).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(port)))
        self.end_headers()
        self.wfile.write(port)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Named) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    folder: Path = tmp_path_factory.mktemp("nginx")
    proxy = Proxy(folder, [server.server_port for server in servers])
    until(lambda: accepts(proxy.port), (folder / "nginx.txt").read_text)
    yield f"http://127.0.0.1:{proxy.port}"
    proxy.stop()
    for server in servers:
        server.shutdown()
        server.server_close()


def paths(tenant: str, task: str) -> list[str]:
    model = model_name(tenant, task)
    return [
        f"/api/tenants/{tenant}/tasks/{task}/decisions",
        f"/api/tenants/{tenant}",
        f"/v2/models/{model}/infer",
        f"/v2/models/{model}/versions/live/ready",
        f"/v2/repository/models/{model}/unload",
        f"/v1/models/{model}:predict",
        f"/v1/models/{model}",
        f"/v1/models/{model.replace('.', '%2E')}/metadata",
    ]


@pytest.mark.parametrize(
    "shape", ["t{}", "acme.t{}", "t{}.com", "a.b.t{}", "shop.t{}.co.uk", "a.b.t{}.d.e.f", "t{}."]
)
def test_all_paths_of_a_tenant_lead_to_one_server(url: str, shape: str) -> None:
    came = set()
    with httpx.Client(base_url=url) as client:
        for number in range(12):
            tenant = shape.format(number)
            told = {
                client.get(path).text
                for task in ("team", "my.team")
                for path in paths(tenant, task)
            }
            assert len(told) == 1, tenant
            came |= told
    assert len(came) == 2
