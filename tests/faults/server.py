"""A process that has imported TensorFlow and never runs an operation: it forks a child per task."""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

LIMIT = 240.0  # seconds, after which a command hangs: many times what it takes on a slow machine
"""Seconds after which a child is lost: no single thing that is asked for here takes as long."""


@dataclass(frozen=True)
class Ended:
    """How a child ended.

    Attributes:
        code: Its exit code; minus the number of the signal that ended it.
        seconds: How long it took.
        out: What it wrote to stdout.
        err: What it wrote to stderr.
        value: What the function returned; None where it was killed.
    """

    code: int
    seconds: float
    out: str
    err: str
    value: object

    @property
    def killed(self):
        """Whether SIGKILL ended it."""
        return self.code == -signal.SIGKILL


class Server:
    """Starts the process and asks it for children; several threads may ask at once."""

    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", __name__],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._waiting = {}
        self._lock = threading.Lock()
        self._count = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def call(self, function, *, kill_after=None, limit=LIMIT, cwd="/", env=None, **arguments):
        """Call `tests.faults.<function>` in a child, with arguments that JSON knows."""
        task = {"function": function, "arguments": arguments, "cwd": str(cwd), "env": env or {}}
        task["limit"] = limit
        future = Future()
        with self._lock:
            self._count += 1
            self._waiting[self._count] = future
            line = json.dumps({"id": self._count, "kill_after": kill_after, **task}) + "\n"
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()
        answer = future.result(timeout=4 * limit)
        assert answer["seconds"] < limit, f"{function} hangs: {answer['err'][-2000:]}"
        return Ended(**answer)

    def close(self):
        """End the process."""
        self._process.stdin.close()
        self._process.wait(timeout=LIMIT)
        self._process.stdout.close()

    def _listen(self):
        for line in self._process.stdout:
            answer = json.loads(line)
            self._waiting.pop(answer.pop("id")).set_result(answer)
        for future in self._waiting.values():
            future.set_exception(RuntimeError("the server of the fault harness has ended"))


class _Child:
    """A child that works, its time and where its words go."""

    def __init__(self, task):
        self.task, self.began = task, time.monotonic()
        self.files = [tempfile.TemporaryFile() for _ in range(3)]  # noqa: SIM115
        self.pid = os.fork()
        if self.pid == 0:
            _work(task, [file.fileno() for file in self.files])
        self.descriptor = os.pidfd_open(self.pid)

    def left(self):
        """Seconds until it is killed."""
        limit = self.task["kill_after"]
        limit = self.task["limit"] if limit is None else limit
        return self.began + limit - time.monotonic()

    def answer(self):
        """Collect it, and say how it ended."""
        _, status = os.waitpid(self.pid, 0)
        os.close(self.descriptor)
        seconds = time.monotonic() - self.began
        texts = []
        for file in self.files:
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
            file.close()
        out, err, value = texts
        return {
            "id": self.task["id"],
            "code": os.waitstatus_to_exitcode(status),
            "seconds": seconds,
            "out": out,
            "err": err,
            "value": json.loads(value) if value else None,
        }


def _work(task, descriptors):
    """Be the child: call the function and leave."""
    out, err, value = descriptors
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.environ.update(task["env"])
    os.chdir(task["cwd"])
    tempfile.tempdir = None
    module, _, name = task["function"].partition(":")
    code = 70
    try:
        function = getattr(importlib.import_module(f"tests.faults.{module}"), name)
        code, found = function(**task["arguments"])
        os.write(value, json.dumps(found).encode())
    except BaseException:  # noqa: BLE001 - the server reads it
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _serve():
    """Fork as asked on stdin, and answer on stdout, until stdin ends."""
    import dlrun.backend
    import dlrun.cli.app
    import dlrun.cli.terminal.progress
    import dlrun.workflows.evaluate
    import dlrun.workflows.explain
    import dlrun.workflows.predict
    import dlrun.workflows.report
    import dlrun.workflows.resume
    import dlrun.workflows.weights  # noqa: F401
    from dlrun.training import trainer  # noqa: F401

    answers, children, rest = os.dup(1), [], b""
    os.dup2(2, 1)
    is_open = True
    while is_open or children:
        wait = min((child.left() for child in children), default=LIMIT)
        watched = [child.descriptor for child in children] + [0] * is_open
        ready, _, _ = select.select(watched, [], [], max(wait, 0))
        for child in [child for child in children if child.left() <= 0]:
            os.kill(child.pid, signal.SIGKILL)
        for child in [child for child in children if child.descriptor in ready]:
            children.remove(child)
            os.write(answers, (json.dumps(child.answer()) + "\n").encode())
        if 0 in ready:
            piece = os.read(0, 2**16)
            is_open = bool(piece)
            *lines, rest = (rest + piece).split(b"\n")
            children += [_Child(json.loads(line)) for line in lines]


if __name__ == "__main__":
    _serve()
