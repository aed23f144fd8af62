"""A real HTTP receiver that answers as it is told to, and keeps what came."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec


class Post(msgspec.Struct):
    """What came: where to, with which headers, which body; and how it was answered."""

    path: str
    headers: dict[str, str]
    body: bytes
    answer: int

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever was posted
        """The body as JSON."""
        return msgspec.json.decode(self.body)


class Receiver:
    """Listens on a port of its own; ``answers`` are used up one by one, then it is 200."""

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.answers: list[int] = []
        self.redirect = ""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                answer = receiver.answers.pop(0) if receiver.answers else 200
                receiver.posts.append(Post(self.path, headers, body, answer))
                self.send_response(answer)
                if receiver.redirect:
                    self.send_header("Location", receiver.redirect)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def listening(self) -> Iterator["Receiver"]:
        """Itself, while it listens."""
        self._thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
