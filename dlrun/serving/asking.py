"""Who may ask a server, and what a request may hold: hosts, origins, bodies of JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request

LOCAL: Final = ("127.0.0.1", "localhost", "[::1]")


def only_for(hosts: Sequence[str]) -> Middleware:
    """Answer to these names of the host alone: a page elsewhere may give it another one."""
    return Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)


def check_origin(request: Request, hosts: Sequence[str]) -> None:
    """Refuse what a page of another host lets a browser send; `*` allows all hosts."""
    origin = request.headers.get("origin")
    if origin is None or "*" in hosts:
        return
    host = urlsplit(origin).hostname
    if host not in hosts and f"[{host}]" not in hosts:
        raise HTTPException(403, f"pages of {origin} may not ask.")


async def read_body(request: Request, most: int) -> Any:
    """Read a body of JSON, of at most so many bytes."""
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > most:
            raise HTTPException(413, f"the request is larger than {most:,} bytes.")
    try:
        return json.loads(b"".join(parts))
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, f"the request: not JSON: {error}") from error
