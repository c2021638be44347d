"""The HTTP of `dlrun board`: who may ask, for what; a page, JSON, and files without any rights."""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dlrun.errors import DlrunError, UsageError, failure
from dlrun.reports.page.rendering import TEMPLATES
from dlrun.rundir.notes import add_labels, remove_labels, set_note
from dlrun.serving.asking import LOCAL, check_origin, only_for, read_body
from dlrun.serving.board.files import Files
from dlrun.serving.board.index import RunIndex
from dlrun.serving.board.views import Query, Views, text_in

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
MOST_BODY: Final = 2**18  # bytes
_STATIC: Final = Path(__file__).parent / "static"
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_OWN: Final = (
    "board.html", "board.css", "page.css", "board.js", "asking.js", "list.js", "side.js",
    "curves.js", "uPlot.iife.min.js", "uPlot.min.css", "icon.svg",
)  # fmt: skip
_PATIENCE: Final = 0.75
"""Seconds of a request that may go into reading runs; the others are read at the next one."""


class Keys:
    """Who holds a key may ask: other users of this machine, and other pages, have none.

    The address that is printed ends with the key behind `#`, which no browser sends or tells
    anybody. A browser that is started gets a key that opens once: programs and their arguments can
    be seen by every user of a machine. Files have a key of their own, which opens nothing else.
    """

    def __init__(self) -> None:
        self.lasting = secrets.token_urlsafe(24)
        self.files = secrets.token_urlsafe(24)
        self._once: set[str] = set()

    def once(self) -> str:
        """Make a key that is good for one time."""
        key = secrets.token_urlsafe(24)
        self._once.add(key)
        return key

    def opens(self, key: str) -> bool:
        """Say whether a key opens the board; one that opens once is spent."""
        if key in self._once:
            self._once.remove(key)
            return True
        return _is_same(key, self.lasting)

    def check(self, request: Request) -> None:
        """Refuse a request that does not bear the key."""
        kind, _, key = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not _is_same(key, self.lasting):
            raise HTTPException(401, "open the address that `dlrun board` has printed.")


def build_board(index: RunIndex, keys: Keys) -> Starlette:
    """Build the application that shows the runs of a folder."""
    board = Board(index, keys)
    static = {name: _own(name) for name in _OWN}

    async def page(_: Request) -> Response:
        return static["board.html"]

    async def own(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in static:
            raise HTTPException(404)
        return static[name]

    routes = [
        Route("/", page),
        Route("/static/{name}", own),
        Route("/api/open", board.open, methods=["POST"]),
        *(
            Route(f"/api/{name}", board.answering(answer), methods=["POST"])
            for name, answer in board.answers().items()
        ),
        Route("/files/{key}/{path:path}", board.file),
    ]

    async def refused(request: Request, error: Exception) -> Response:
        code = error.status_code if isinstance(error, HTTPException) else 500
        what = str(error.detail) if isinstance(error, HTTPException) else failure(error)
        if code == 404:  # noqa: PLR2004
            what = f"there is no {request.url.path}."
        return _json({"error": what}, code)

    return Starlette(
        routes=routes,
        middleware=[only_for(LOCAL)],
        exception_handlers={HTTPException: refused, Exception: refused},
    )


class Board:
    """Answers what the page asks, one question after the other, in a thread of its own."""

    def __init__(self, index: RunIndex, keys: Keys) -> None:
        self._index = index
        self._keys = keys
        self._views = Views(self._index, f"/files/{keys.files}/")
        self._thread = ThreadPoolExecutor(max_workers=1)

    def answers(self) -> dict[str, Callable[[Mapping[str, Any]], Any]]:
        """What can be asked for, by the last part of the address."""
        return {
            "runs": lambda asked: {
                **self._views.runs(Query.of(asked)),
                "folder": "/".join(self._index.home.absolute().parts[-2:]),
            },
            "run": lambda asked: self._views.run(_name(asked)),
            "curves": lambda asked: self._views.curves(_mapping(asked.get("runs"), "runs")),
            "compare": lambda asked: self._views.beside(_names(asked)),
            "notes": self._note,
        }  # fmt: skip

    async def open(self, request: Request) -> Response:
        """Give the lasting key for the one of the address."""
        asked = await self._asked(request)
        if not self._keys.opens(text_in(asked, "key") or ""):
            raise HTTPException(401, "this key opens nothing, or has opened once already.")
        return _json({"key": self._keys.lasting})

    def answering(self, answer: Callable[[Mapping[str, Any]], Any]) -> Any:
        """Make a handler of what answers a mapping."""

        def work(asked: Mapping[str, Any]) -> Any:
            self._index.refresh(_PATIENCE if self._index.version else 0.0)  # a first page is there
            return answer(asked)

        async def handle(request: Request) -> Response:
            self._keys.check(request)
            asked = await self._asked(request)
            loop = asyncio.get_running_loop()
            try:
                told = await loop.run_in_executor(self._thread, work, asked)
            except DlrunError as error:
                raise HTTPException(400, str(error)) from error
            return _json(told, have=request.headers.get("if-none-match"))

        return handle

    async def file(self, request: Request) -> Response:
        """Send a file of a run, of a sweep, or of the folder itself, of those that are known."""
        if not _is_same(request.path_params["key"], self._keys.files):
            raise HTTPException(404)
        # Not every name of a file is UTF-8, which is all that a path in a request may be.
        whole = os.fsdecode(unquote_to_bytes(request.scope["raw_path"]))
        path = whole.split("/", 3)[3]  # below /files/KEY/
        loop = asyncio.get_running_loop()
        try:
            content, known = await loop.run_in_executor(self._thread, self._read, path)
        except DlrunError as error:
            raise HTTPException(404, str(error)) from error
        return Response(content, headers={**_SHUT, **known.headers})

    def _read(self, path: str) -> Any:
        self._index.refresh(_PATIENCE)
        homes = {name: sweep.path for name, sweep in self._index.sweeps.items()}
        homes |= {self._index.name_of(one.path): one.path for one in self._index.runs()}
        parts = path.split("/")
        for at in range(len(parts) - 1, 0, -1):
            home = homes.get("/".join(parts[:at]))
            if home is not None:
                return Files(home).read("/".join(parts[at:]))
        return Files(self._index.home).read(path)

    async def _asked(self, request: Request) -> Mapping[str, Any]:
        """Read what is asked, by nobody but the page itself or a program."""
        check_origin(request, LOCAL)
        if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            raise HTTPException(403, "other pages may not ask.")
        # Without a question to this server first, no page of another one can send such a type.
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise HTTPException(415, "expected JSON, and its content type.")
        return _mapping(await read_body(request, MOST_BODY), "the request")

    def _note(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Change labels, or the note, of a run; nothing else can be changed."""
        name = _name(asked)
        folder = self._index.run(name).path
        if "note" in asked:
            note = text_in(asked, "note")
            notes = set_note(folder, note, instead_of=text_in(asked, "before"))
        elif "add" in asked:
            notes = add_labels(folder, [text_in(asked, "add") or ""])
        elif "remove" in asked:
            notes = remove_labels(folder, [text_in(asked, "remove") or ""])
        else:
            raise UsageError("expected note, add or remove.", where="the request")
        self._index.forget(name)
        return {"labels": notes.labels, "note": notes.note}


_SHUT: Final = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
"""Nothing is kept, guessed, told to other pages, or used by them."""


def _own(name: str) -> Response:
    path = TEMPLATES / "style.css" if name == "page.css" else _STATIC / name
    policy = PAGE_POLICY if name.endswith(".html") else "default-src 'none'"
    headers = {**_SHUT, "content-type": _TYPES[path.suffix]}
    headers["content-security-policy"] = policy
    return Response(path.read_bytes(), headers=headers)


def _json(value: Any, code: int = 200, *, have: str | None = None) -> Response:
    """Write JSON, in ASCII: a name of a file may be no text; nothing where the page has it."""
    content = json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")
    tag = f'"{hmac.digest(b"board", content, "sha256").hex()[:32]}"'
    headers = {**_SHUT, "etag": tag, "content-type": "application/json"}
    if have == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, code, headers)


def _is_same(key: str, wanted: str) -> bool:
    return hmac.compare_digest(key.encode("utf-8", "replace"), wanted.encode())


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise HTTPException(400, f"{where}: expected a JSON object.")
    return value


def _name(asked: Mapping[str, Any]) -> str:
    name = text_in(asked, "run")
    if not name:
        raise UsageError("which run?", where="run")
    return name


def _names(asked: Mapping[str, Any]) -> list[str]:
    names = asked.get("runs")
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
        raise UsageError("expected a list of runs.", where="runs")
    return names
