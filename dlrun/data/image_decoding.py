"""Decodes image files to pixels, in processes beside this one: the same bytes on any number."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import IO, Any, Final

import numpy as np

from dlrun.arrays import ImageForm
from dlrun.data.bad_files import Bad
from dlrun.data.files import spool_folder
from dlrun.data.streaming import reason_to_stream
from dlrun.data.streams import RowFile
from dlrun.errors import DlrunError
from dlrun.shapes.images import CHANNELS_OF

WORKER: Final = Path(__file__).with_name("image_worker.py")
PER_REQUEST: Final = 256  # files
PER_WORKER: Final = 512
"""Fewer files are no reason to start one more process."""


@dataclass(frozen=True)
class Decoded:
    """Image files of one form and size, decoded: bytes, `(files, height, width, channels)`."""

    rows: RowFile
    shape: tuple[int, int, int]
    bad: Bad
    streamed: str | None  # why the bytes are on the disk


def decode_files(
    files: Sequence[str], form: ImageForm, size: tuple[int, int] | None, *, where: Path | str
) -> Decoded:
    """Decode images to train on; without a size they have that of the first one.

    Where `keep_pixels` was called, files that are still what they were are not decoded again.
    """
    key = _key(files, form, size) if _kept is not None else ()
    if _kept and key in _kept:
        return _kept[key]
    if size is None:
        with Decoder(form, files=1, on_disk=False) as decoder:
            size = decoder.size_of(files)
        if size is None:  # so every file is bad, and is told
            size = (1, 1)
    shape = (*size, CHANNELS_OF[form.color])
    streamed = reason_to_stream(where, len(files) * math.prod(shape))
    with Decoder(form, files=len(files), on_disk=streamed is not None) as decoder:
        bad = decoder.decode(files, size)
        decoded = Decoded(decoder.rows(len(files), shape), shape, bad, streamed)
    if _kept is not None:
        _kept[key] = decoded
        for oldest in [*_kept][:-MOST_KEPT]:
            del _kept[oldest]
    return decoded


MOST_KEPT: Final = 2  # a table may have two columns of images
_kept: dict[Any, Decoded] | None = None


def keep_pixels() -> None:
    """Let this process keep the pixels that it decodes to train on, for its next run over them.

    They take a byte each, in memory or in a file without a name, and are gone with the process.
    """
    global _kept  # noqa: PLW0603 - of the process, as files and their pixels are
    _kept = {}


def _key(files: Sequence[str], form: ImageForm, size: tuple[int, int] | None) -> tuple[Any, ...]:
    """Tell what the pixels of files depend on: what changes with their content, and the form."""
    return form, size, tuple((file, _stamp(file)) for file in files)


def _stamp(file: str) -> tuple[int, ...] | None:
    with suppress(OSError):
        facts = os.stat(file)  # noqa: PTH116 - a `Path` takes longer than the rest
        return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns
    return None


class Decoder(AbstractContextManager["Decoder"]):
    """Decodes images of one form and size into rows, `(height, width, channels)` bytes each.

    The rows are in a file without a name, in memory or on the disk. Use as a context manager; the
    rows that were taken stay usable after it.
    """

    def __init__(self, form: ImageForm, *, files: int, on_disk: bool) -> None:
        self._form = form
        self._file: IO[bytes] = _room(on_disk=on_disk)
        cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
        self._workers = [
            _Worker(self._file.fileno()) for _ in range(min(cores, 1 + files // PER_WORKER))
        ]

    def __exit__(self, *_: object) -> None:
        """End the processes."""
        for worker in self._workers:
            worker.end()
        self._file.close()

    def size_of(self, files: Sequence[str]) -> tuple[int, int] | None:
        """Tell height and width of the first file that can be read; None where none can."""
        for path in files:
            answer = self._workers[0].ask(self._request([path], 0, None))
            if answer is not None and "size" in answer:
                height, width = answer["size"]
                return height, width
        return None

    def decode(self, files: Sequence[str], size: tuple[int, int]) -> Bad:
        """Decode files into the rows of their places; what is bad leaves its row as it was."""
        os.ftruncate(self._file.fileno(), len(files) * self._bytes(size))
        requests = iter(
            [self._request(files[begin : begin + PER_REQUEST], begin, size)
             for begin in range(0, len(files), PER_REQUEST)]
        )  # fmt: skip
        bad, lock = Bad(), Lock()
        with ThreadPoolExecutor(len(self._workers)) as pool:
            done = [pool.submit(_serve, worker, requests, lock) for worker in self._workers]
            found = sorted(one for each in done for one in each.result())
        for place, why, is_other_size in found:
            bad[place] = why
            if is_other_size:
                bad.other_sizes.add(place)
        return bad

    def rows(self, count: int, shape: tuple[int, ...]) -> RowFile:
        """Give the first rows, `(count, height, width, channels)`."""
        return RowFile(self._file.fileno(), np.dtype(np.uint8), (count, *shape))

    def _request(
        self, files: Sequence[str], row: int, size: tuple[int, int] | None
    ) -> dict[str, Any]:
        form = self._form
        return {
            "files": [*files],
            "row": row,
            "size": size,
            "bytes": 0 if size is None else self._bytes(size),
            "color": form.color,
            "resize": form.resize,
        }

    def _bytes(self, size: tuple[int, int]) -> int:
        """How many bytes a row has."""
        return math.prod(size) * CHANNELS_OF[self._form.color]


def _serve(
    worker: _Worker, requests: Iterator[dict[str, Any]], lock: Lock
) -> list[tuple[int, str, bool]]:
    """Let a worker take requests until there are no more; what it could not read."""
    bad: list[tuple[int, str, bool]] = []
    while True:
        with lock:
            request = next(requests, None)
        if request is None:
            return bad
        answer = worker.ask(request)
        if answer is None:  # a decoder has crashed: which file was it?
            for row, path in enumerate(request["files"], start=request["row"]):
                one = worker.ask({**request, "files": [path], "row": row})
                bad += [(row, "the decoder crashed", False)] if one is None else one["bad"]
        else:
            bad += answer["bad"]


class _Worker:
    """A process that decodes; one that has died is replaced."""

    def __init__(self, pixels: int) -> None:
        self._pixels = pixels
        self._process = self._start()
        self._is_ready = False

    def _start(self) -> subprocess.Popen[bytes]:
        # `-P`: the folder of the file is no place to import from. A group of its own: Ctrl-C is for
        # the parent, whose end closes its stdin.
        return subprocess.Popen(  # noqa: S603 - this Python, a module of dlrun
            [sys.executable, "-P", str(WORKER), str(self._pixels)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=(self._pixels,),
            process_group=0,
        )

    def ask(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """Wait for an answer; None where the process has died of it."""
        process, line = self._process, b""
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("a worker has pipes")
        if not self._is_ready and process.stdout.readline() != b"ready\n":
            what = "the process that decodes images does not start."
            raise DlrunError(what, fix="Is Pillow installed? `pip install pillow`")
        self._is_ready = True
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
        if line:
            answer: dict[str, Any] = json.loads(line)
            if "full" in answer:
                raise _no_room(answer["full"])
            return answer
        self.end()
        self._process, self._is_ready = self._start(), False
        return None

    def end(self) -> None:
        process = self._process
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        process.wait()


def _room(*, on_disk: bool) -> IO[bytes]:
    """A file without a name, in memory where there is such a thing and it is not to be on disk."""
    if not on_disk and hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("pixels"), "r+b", buffering=0)
    try:
        return tempfile.TemporaryFile(dir=spool_folder(), buffering=0)
    except OSError as error:
        raise _no_room(error.strerror) from error


def _no_room(why: str | None) -> DlrunError:
    what = f"the pixels of the images cannot be kept here: {why}."
    fix = "They need a byte for each pixel and colour; name a folder with enough space in TMPDIR."
    return DlrunError(what, where=str(spool_folder()), fix=fix)
