"""Asks an application of HTTP without a socket, byte for byte as a server would hand it on."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self):
        """As a text."""
        return self.body.decode()

    def json(self):
        """As JSON."""
        return json.loads(self.body)


class Asgi:
    """An application, asked directly; see https://asgi.readthedocs.io/en/latest/specs/www.html."""

    def __init__(self, app):
        self._app = app

    def ask(self, method, path, body, headers):
        """Ask as a client of this host, unless the headers name another one."""
        raw, _, query = path.partition("?")
        told = {"host": "127.0.0.1:8001", **headers}
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
            "scheme": "http", "path": unquote_to_bytes(raw).decode("utf-8", "replace"),
            "raw_path": raw.encode(), "query_string": query.encode(),
            "root_path": "", "client": ("127.0.0.1", 50000), "server": ("127.0.0.1", 8001),
            "headers": [(name.encode(), value.encode()) for name, value in told.items()],
        }  # fmt: skip
        sent = []

        async def receive():
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message):
            sent.append(message)

        asyncio.run(self._app(scope, receive, send))
        start = sent[0]
        names = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], names, b"".join(one.get("body", b"") for one in sent[1:]))
