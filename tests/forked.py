"""Processes that begin with their imports done: copies of one that has imported and done nothing.

To import TensorFlow costs a process three seconds, to import the command line a third of one, and
the tests start hundreds. A process that has run no operation may be copied after its imports; a
copy has the arguments, folder, environment and outputs of its own. What is about the start of a
process, or sends it signals, starts a new Python instead.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import importlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path

LIGHT = ("dlrun.cli.main", "dlrun.cli.app")
"""What every command line imports."""
HEAVY = (*LIGHT, "dlrun.backend")
"""And what those import that compute."""
PLAIN = ("keras",)
"""What a user of Keras imports, who has no dlrun."""

COMMAND = "import sys; from dlrun.cli.main import main; sys.exit(main())"
_LOADED = (
    "import json, sys; from dlrun.cli.main import main; code = main(sys.argv[1:]); "
    "print(json.dumps([code, sorted({name.split('.')[0] for name in sys.modules})]))"
)
_STARTING = threading.Lock()
_ROOM = 1 << 20  # bytes of one request: arguments and environment


def run_program(program, *words, cwd=None, env=None, stderr=None, imported=LIGHT):
    """Run Python code as `python -c` does, in a copy of a process that has imported some modules.

    Gives what it wrote to stdout and, unless `stderr` is an open file to write to, to stderr.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        request = {
            "program": program,
            "words": ["-c", *map(str, words)],
            "cwd": str(cwd or Path.cwd()),
            "env": dict(os.environ if env is None else env),
        }
        ended, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ended, theirs:
            files = [out.fileno(), err.fileno() if stderr is None else stderr, theirs.fileno()]
            socket.send_fds(_original(imported), [json.dumps(request).encode()], files)
            theirs.close()
            pid = int(ended.recv(16))
            ended.settimeout(300)
            try:
                code = int(ended.recv(16))
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                raise
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode())
    return subprocess.CompletedProcess(words, code, *texts)


def loaded_by(*words, **options):
    """Run a command line: its exit code, and the packages that its process has imported by then."""
    done = run_program(_LOADED, *words, **options)
    assert done.returncode == 0, done.stderr
    code, loaded = json.loads(done.stdout.splitlines()[-1])
    return code, set(loaded)


def _original(modules):
    """The way to the process that is copied, which is started once for each set of modules."""
    with _STARTING:
        return _started(modules)


@functools.cache
def _started(modules):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        ours.setsockopt(socket.SOL_SOCKET, option, _ROOM)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.forked", str(theirs.fileno()), *modules],
        cwd=Path(__file__).parents[1],
        env={**os.environ, "PYDANTIC_DISABLE_PLUGINS": "__all__"},  # as the command line sets it
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
    )
    theirs.close()
    atexit.register(process.wait)
    atexit.register(ours.close)  # the other side reads an end, and ends; this comes first
    return ours


def _serve(requests, settings):
    """Be copied for each request, and tell how each copy has ended."""
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    waiting = {}
    with selectors.DefaultSelector() as selector:
        selector.register(requests, selectors.EVENT_READ)
        selector.register(wake, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is not requests:
                    os.read(wake, 4096)
                    _tell_ended(waiting)
                    continue
                request, files, *_ = socket.recv_fds(requests, _ROOM, 3)
                if not request:
                    return
                out, err, told = files
                pid = os.fork()
                if pid == 0:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    for descriptor in (requests.fileno(), wake, woken, told, *waiting.values()):
                        os.close(descriptor)
                    selector.close()
                    _be(json.loads(request), settings, out, err)
                os.close(out)
                os.close(err)
                os.write(told, str(pid).encode())
                waiting[pid] = told


def _tell_ended(waiting):
    """Tell the exit codes of the copies that have ended."""
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            told = waiting.pop(ended[0])
            with contextlib.suppress(BrokenPipeError):  # nobody waits any longer
                os.write(told, str(os.waitstatus_to_exitcode(ended[1])).encode())
            os.close(told)


def _be(request, settings, out, err):
    """Be a new process: with its folder, environment, arguments and outputs, run its code."""
    for descriptor, number in ((out, 1), (err, 2)):
        os.dup2(descriptor, number)
        os.close(descriptor)
    code = 1
    try:
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update({**request["env"], **settings})
        sys.argv = request["words"]
        exec(request["program"], {"__name__": "__main__"})  # noqa: S102 - of the tests themselves
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - as Python shows what nobody has caught
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _main(descriptor, *modules):
    """Import the modules, then serve; what they set in the environment, they set in each copy."""
    before = dict(os.environ)
    for module in modules:
        importlib.import_module(module)
    settings = {key: text for key, text in os.environ.items() if before.get(key) != text}
    _serve(socket.socket(fileno=int(descriptor)), settings)


if __name__ == "__main__":
    _main(*sys.argv[1:])
