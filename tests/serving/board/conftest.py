"""A board over a folder of runs, asked by HTTP as its page does."""

from __future__ import annotations

import json

import pytest

from dlrun.rundir.notes import add_labels, set_note
from dlrun.serving.board.app import Keys, build_board
from dlrun.serving.board.index import RunIndex
from tests.cli.stored import store
from tests.serving.asgi import Asgi

JSON = {"content-type": "application/json"}


class Asking:
    """Asks a board; with its key, unless other headers are given."""

    def __init__(self, runs_dir):
        self.keys = Keys()
        self.http = Asgi(build_board(RunIndex(runs_dir), self.keys))

    @property
    def bearer(self):
        """The headers of who has the key."""
        return {**JSON, "authorization": f"Bearer {self.keys.lasting}"}

    def post(self, what, asked=None, **headers):
        """Ask as the page does."""
        body = json.dumps(asked or {}).encode()
        return self.http.ask("POST", f"/api/{what}", body, {**self.bearer, **headers})

    def __call__(self, what, asked=None):
        """Ask, and read the answer, which must be one."""
        answer = self.post(what, asked)
        assert answer.status == 200, answer.text
        return answer.json()

    def refusal(self, what, asked):
        """Ask what is refused, and read why."""
        answer = self.post(what, asked)
        assert answer.status == 400, answer.text
        return answer.json()["error"]

    def get(self, path, **headers):
        """Ask for a page or a file."""
        return self.http.ask("GET", path, b"", headers)


@pytest.fixture
def runs_dir(tmp_path):
    """Three runs, and two of a sweep; one with words of its user."""
    folder = tmp_path / "my runs"
    good = store(folder, "good", "optimizer.learning_rate=0.1", accuracy=0.95)
    add_labels(good.path, ["chosen"])
    set_note(good.path, "<b>as expected</b>")
    store(folder, "poor", accuracy=0.6)
    store(folder, "middling", accuracy=0.8)
    for rate in (0.5, 0.25):
        store(folder / "rates", "inside", f"optimizer.learning_rate={rate}")
    (folder / "rates" / "sweep.json").write_text('{"points": [{}, {}, {}]}')
    return folder


@pytest.fixture
def board(runs_dir):
    """A board over them."""
    return Asking(runs_dir)
