"""Runs that are served at ports of this machine, and a client that asks them."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
from dataclasses import dataclass

import pytest
import uvicorn

from dlrun.rundir.folder import open_run
from dlrun.serving import app as serving
from dlrun.serving.service import Service
from dlrun.training.listener import Listener


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    text: str

    def json(self):
        """Read it."""
        return json.loads(self.text)


@dataclass(frozen=True)
class Client:
    """Asks a server at a port of this machine."""

    port: int

    def get(self, path, headers=()):
        """Ask for a page."""
        return self.ask("GET", path, None, headers)

    def post(self, path, body, headers=()):
        """Ask with a text, or with JSON."""
        content = body if isinstance(body, str) else json.dumps(body)
        return self.ask("POST", path, content, headers)

    def ask(self, method, path, content, headers):
        """Ask."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, content, dict(headers))
            answer = connection.getresponse()
            return Answer(answer.status, answer.read().decode())


@pytest.fixture(scope="module")
def serve():
    """Serve runs at ports of their own until the tests are done: gives a client."""
    with contextlib.ExitStack() as stack:

        def client_of(run, *, host="127.0.0.1", max_rows=100, **limits):
            opened = open_run(str(run), run.parent)
            service = Service(
                opened, Listener(), max_rows=max_rows, draw=lambda one: one.row.source
            )
            app = serving.build_app(service, host, serving.Limits(**limits))
            door = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
            thread.start()
            stack.callback(thread.join)
            stack.callback(setattr, server, "should_exit", True)
            return Client(door.getsockname()[1])

        yield client_of


@pytest.fixture(scope="module")
def iris(serve, reported):
    """A client of the run over irises."""
    return serve(reported("iris"), body=10_000)
