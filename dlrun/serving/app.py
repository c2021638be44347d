"""The HTTP of `dlrun serve`: its routes, and the limits of a request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from dlrun.errors import DataError, DlrunError, UsageError, failure
from dlrun.reports.page.rendering import render
from dlrun.serving import protocols
from dlrun.serving.asking import LOCAL, check_origin, only_for, read_body
from dlrun.serving.service import Service

ANY: Final = ("0.0.0.0", "::", "")  # noqa: S104 - what a user may ask for
_PAGE_POLICY: Final = (
    "default-src 'none'; connect-src 'self'; img-src 'self' data: blob:; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


@dataclass(frozen=True)
class Limits:
    """What one request may take."""

    body: int = 32 * 2**20  # bytes
    seconds: float = 30.0  # from when it came; its turn included


Handler = Callable[[Request], Awaitable[Response]]


def build_app(service: Service, host: str, limits: Limits) -> Starlette:
    """Build the application, which answers to the names of this host, and to those alone."""
    hosts = ["*"] if host in ANY else [*LOCAL, host]
    asking = Asking(service, limits, hosts)
    model, infer = f"/v1/models/{service.name}", f"/v2/models/{service.name}"

    def told(value: Any) -> Handler:
        async def answer(_: Request) -> Response:
            return JSONResponse(value)

        return answer

    page = render("serve.html.jinja", title=service.label, model=service.name,
                  fields=service.fields())  # fmt: skip

    async def form(_: Request) -> Response:
        return HTMLResponse(page, headers={"content-security-policy": _PAGE_POLICY})

    def explain(service: Service, body: Any) -> dict[str, Any]:
        rows, _ = protocols.rows_of(body)
        return {"explanation": service.explain(rows)}

    routes = [
        Route("/", form),
        Route(model, told(protocols.status())),
        Route(f"{model}:predict", asking.of(protocols.predict), methods=["POST"]),
        Route(f"{model}:explain", asking.of(explain), methods=["POST"]),
        Route("/v2", told({"name": "dlrun", "version": "2", "extensions": []})),
        Route("/v2/health/live", told({"live": True})),
        Route("/v2/health/ready", told({"ready": True})),
        Route(infer, told(protocols.metadata(service))),
        Route(f"{infer}/ready", told({"name": service.name, "ready": True})),
        Route(f"{infer}/infer", asking.of(protocols.infer), methods=["POST"]),
    ]

    async def refused(request: Request, error: Exception) -> Response:
        code = error.status_code if isinstance(error, HTTPException) else 500
        what = str(error.detail) if isinstance(error, HTTPException) else failure(error)
        if code == 404:  # noqa: PLR2004
            what = f"there is no {request.url.path}; the model is {service.name}."
        return JSONResponse({"error": what}, code)

    return Starlette(
        routes=routes,
        middleware=[only_for(hosts)],
        exception_handlers={HTTPException: refused, Exception: refused},
    )


class Asking:
    """Asks the model one question after the other, in a thread of its own."""

    def __init__(self, service: Service, limits: Limits, hosts: list[str]) -> None:
        self._service = service
        self._limits = limits
        self._hosts = hosts
        self._thread = ThreadPoolExecutor(max_workers=1)

    def of(self, answer: Callable[[Service, Any], Any]) -> Handler:
        """Make a handler of a function of the service and the body."""

        async def handle(request: Request) -> Response:
            check_origin(request, self._hosts)
            body = await read_body(request, self._limits.body)
            loop = asyncio.get_running_loop()
            asked = loop.run_in_executor(self._thread, lambda: answer(self._service, body))
            try:
                return JSONResponse(await asyncio.wait_for(asked, self._limits.seconds))
            except TimeoutError:
                what = f"it took longer than {self._limits.seconds:g} s; send fewer rows."
                raise HTTPException(503, what) from None
            except (DataError, UsageError) as error:
                raise HTTPException(400, str(error)) from error
            except DlrunError as error:
                raise HTTPException(500, str(error)) from error

        return handle
