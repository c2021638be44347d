"""Which files of a run or a sweep a browser gets, and as what: pages without any rights."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dlrun.errors import RunFolderError
from dlrun.rundir.files import leads_out, read_bytes
from dlrun.rundir.names import (
    COMPARISON,
    CONFIG,
    EVALUATIONS,
    HISTORY,
    LOG,
    METRICS,
    MODEL_SUMMARY,
    NOTES,
    ORIGIN,
    PLOTS,
    PREDICTIONS,
    RECORD,
    REPORT,
    REPORT_NUMBERS,
    SPEC,
    SWEEP,
    SWEEP_PAGE,
    SWEEP_TABLE,
)

MOST_BYTES: Final = 64 * 2**20
"""What is larger is not sent: it is opened where it lies."""
_PAGES: Final = (REPORT, SWEEP_PAGE, COMPARISON)
_TEXTS: Final = (
    LOG, CONFIG, METRICS, HISTORY, MODEL_SUMMARY, SPEC, RECORD, ORIGIN, NOTES, REPORT_NUMBERS,
    SWEEP_TABLE, SWEEP,
)  # fmt: skip
_FOLDERS: Final = (PLOTS, EVALUATIONS, PREDICTIONS)
_TYPES: Final = {
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".pdf": "application/pdf",
    ".csv": "text/plain; charset=utf-8",
    ".json": "text/plain; charset=utf-8",
}
_MOST_FILES: Final = 500
_LOCKED: Final = "default-src 'none'; base-uri 'none'; form-action 'none'"
PAGE_POLICY: Final = (
    f"sandbox; {_LOCKED}; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'"
)
"""What a page of a folder may do: be looked at. It has no scripts, no origin, and loads nothing."""
FILE_POLICY: Final = f"sandbox; {_LOCKED}; style-src 'unsafe-inline'; frame-ancestors 'none'"


@dataclass(frozen=True)
class KnownFile:
    """A file that a browser may have."""

    name: str  # in the folder, such as `plots/learning_curves.png`
    size: int  # bytes
    content_type: str

    @property
    def kind(self) -> str:
        """What it is to the board: `page`, `plot` or `text`."""
        if self.content_type.startswith("text/html"):
            return "page"
        return "plot" if self.content_type.startswith("image/") else "text"

    @property
    def headers(self) -> dict[str, str]:
        """What a browser is told of it."""
        policy = PAGE_POLICY if self.kind == "page" else FILE_POLICY
        told = {"content-type": self.content_type, "content-security-policy": policy}
        if self.content_type == _TYPES[".pdf"]:  # no viewer works in a sandbox
            told["content-disposition"] = "attachment"
        return told


@dataclass(frozen=True)
class Files:
    """The files of a run, of a sweep, or beside the runs that a browser may have."""

    home: Path

    def known(self) -> list[KnownFile]:
        """Find them: of known names, and no links."""
        found = [self._known(name, "text/html; charset=utf-8") for name in _PAGES]
        found += [self._known(name, "text/plain; charset=utf-8") for name in _TEXTS]
        for inside in _FOLDERS:
            for name in sorted(self._names(inside))[:_MOST_FILES]:
                content_type = _TYPES.get(os.path.splitext(name)[1].lower())  # noqa: PTH122 - a name
                if content_type is not None:
                    found.append(self._known(f"{inside}/{name}", content_type))
        return [one for one in found if one is not None]

    def read(self, name: str) -> tuple[bytes, KnownFile]:
        """Read one of them.

        Raises:
            RunFolderError: It is none of them, or it is a link, or too large.
        """
        for one in self.known():
            if one.name == name:
                return read_bytes(self.home / name, MOST_BYTES), one
        raise RunFolderError("there is no such file.", where=name)

    def _known(self, name: str, content_type: str) -> KnownFile | None:
        path = self.home / name
        if path.is_symlink() or not path.is_file():
            return None
        return KnownFile(name, path.stat().st_size, content_type)

    def _names(self, inside: str) -> Iterator[str]:
        if not (self.home / inside).is_symlink() and not leads_out(self.home, inside):
            try:
                with os.scandir(self.home / inside) as entries:
                    yield from (one.name for one in entries if not one.name.startswith("."))
            except OSError:
                return
