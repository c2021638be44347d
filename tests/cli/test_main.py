"""Errors are told once, in one form, with the exit code that the README states."""

import errno
import os
import signal
import subprocess
import sys

import pytest

from dlrun import __version__
from dlrun.cli.main import describe, ending_on_signals
from dlrun.errors import (
    ConfigError,
    DataError,
    DivergedError,
    DlrunError,
    InterruptedRunError,
    Problem,
    RunFolderError,
    UsageError,
)


@pytest.fixture
def failing(monkeypatch, config, dlrun):
    """Train with a workflow that raises."""

    def call(error):
        def train(*_args, **_kwargs):
            raise error

        monkeypatch.setattr("dlrun.workflows.train.train", train)
        return dlrun("train", config)

    return call


def shell(command, cwd):
    """Run a shell line in which $DLRUN is the command."""
    environment = {**os.environ, "DLRUN": f"{sys.executable} -m dlrun"}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_no_words_is_help(dlrun):
    """Somebody who knows nothing yet sees the commands and the exit codes."""
    exit_code, out, err = dlrun()
    assert (exit_code, err) == (0, "")
    assert "train        Train an experiment and print the path of its run folder." in out
    assert "Exit codes: 0 done, 1 failed, 2 usage or config, 3 data" in out


def test_version(dlrun):
    """The version is data."""
    assert dlrun("--version") == (0, f"dlrun {__version__}\n", "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trian"], "error: No such command 'trian'"),
        (["train"], "error: Missing argument 'CONFIG'.\n  `dlrun train --help` tells more.\n"),
        (["resume", "a", "b"], "error: Got unexpected extra argument"),
        (["train", "--sed", "1", "a"], "error: No such option: --sed"),
        (["train", "--seed", "x", "a"], "error: --seed: expected a whole number, got 'x'."),
        (["train", "--seed=-1", "a"], "error: --seed: expected 0 or more, got '-1'."),
        (["evaluate", "a", "--split", "tset"], "error: Invalid value for '--split': 'tset' is "),
        (["--set", "a=1"], "error: No such option: --set\n  `dlrun --help` tells more.\n"),
    ],
)
def test_usage_errors_look_like_ours(dlrun, words, message):
    """Exit code 2, one `error:`, no box, no traceback; stdout stays empty."""
    exit_code, out, err = dlrun(*words)
    assert (exit_code, out) == (2, "")
    assert err.startswith(message)
    assert err.endswith("--help` tells more.\n")


@pytest.mark.parametrize(
    ("words", "what", "command"),
    [
        (["runs", "--best"], "Option '--best' requires an argument.", "runs"),
        (["train", "a.yaml", "--set"], "Option '--set' requires an argument.", "train"),
        (["sweep", "a.yaml", "--jobs"], "Option '--jobs' requires an argument.", "sweep run"),
        (["sweep", "show", "--runs-dir"], "Option '--runs-dir' requires an", "sweep show"),
        (["train", "a.yaml", "--quiet=3"], "Option '--quiet' does not take a value.", "train"),
    ],
)
def test_an_option_that_lacks_its_value_leads_to_the_help_of_its_command(
    dlrun, words, what, command
):
    """As any other mistake in it."""
    exit_code, out, err = dlrun(*words)
    assert (exit_code, out) == (2, "")
    assert err.startswith(f"error: {what}")
    assert err.endswith(f"\n  `dlrun {command} --help` tells more.\n")


@pytest.mark.parametrize(
    ("words", "where"),
    [
        (["train", ""], "CONFIG"),
        (["train", "a.yaml", "--runs-dir", ""], "--runs-dir"),
        (["predict", "latest", "a.csv", ""], "INPUT"),
        (["predict", "latest", "a.csv", "-o", ""], "--output"),
        (["data", ""], "FILE|CONFIG|FOLDER"),
        (["explain", "latest", ""], "INPUT"),
    ],
)
def test_a_variable_that_is_not_set_is_no_folder(dlrun, words, where):
    """An empty text would be the current folder, into which a script never meant to write."""
    fix = "Is it a variable of the shell that is not set?"
    assert dlrun(*words) == (2, "", f"error: {where}: an empty text is no path.\n  {fix}\n")


@pytest.mark.parametrize(
    ("error", "exit_code", "message"),
    [
        (DlrunError("No.", where="here", fix="Mend it."), 1, "error: here: No.\n  Mend it.\n"),
        (UsageError("No."), 2, "error: No.\n"),
        (
            ConfigError(Problem("a.b", "No.", location="c.yaml:1:2")),
            2,
            "error: c.yaml:1:2: a.b: No.\n",
        ),
        (DataError("No."), 3, "error: No.\n"),
        (RunFolderError("No."), 4, "error: No.\n"),
        (DivergedError("No."), 5, "error: No.\n"),
        (InterruptedRunError(signal.SIGINT), 130, "Interrupted by SIGINT.\n"),
        (InterruptedRunError(signal.SIGTERM), 143, "Interrupted by SIGTERM.\n"),
        (KeyboardInterrupt(), 130, "Interrupted by SIGINT.\n"),
        (SystemExit(143), 143, "Interrupted by SIGTERM.\n"),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "error: no space left on device.\n"),
        (
            PermissionError(errno.EACCES, "Permission denied", "x.csv"),
            1,
            "error: x.csv: permission denied.\n",
        ),
        (
            ZeroDivisionError("a\nb"),
            1,
            "internal error: ZeroDivisionError: a b (set DLRUN_TRACEBACK=1 to see the traceback)\n",
        ),
    ],
    ids=repr,
)
def test_every_error_has_its_exit_code_and_one_message(failing, error, exit_code, message):
    """The message goes to stderr, and stdout stays empty: `RUN=$(dlrun train ...)` gets nothing."""
    assert failing(error) == (exit_code, "", message)


def test_traceback_on_demand(failing, monkeypatch):
    """DLRUN_TRACEBACK=1 shows where an error comes from; 0 does not."""
    monkeypatch.setenv("DLRUN_TRACEBACK", "1")
    _, _, err = failing(ZeroDivisionError("no"))
    assert err.startswith("Traceback (most recent call last):")
    assert err.endswith(
        "internal error: ZeroDivisionError: no (set DLRUN_TRACEBACK=1 to see the traceback)\n"
    )
    monkeypatch.setenv("DLRUN_TRACEBACK", "0")
    assert "Traceback" not in failing(ZeroDivisionError("no"))[2]


def test_several_problems_are_counted():
    """Each problem stands on its line, with its place first."""
    problems = [Problem("a", "No.", location=f"c.yaml:{line}:1") for line in (1, 2)]
    assert describe(ConfigError(*problems)) == (
        "error: 2 problems in the config\n  c.yaml:1:1: a: No.\n  c.yaml:2:1: a: No."
    )


def test_a_message_cannot_steer_the_terminal(failing):
    """Control characters of a hostile file are spelled out."""
    assert failing(DataError("a\x1b[31mb\x07"))[2] == "error: a\\x1b[31mb\\x07\n"


def test_signal_handlers_are_given_back(failing):
    """A program that calls `main` keeps its own handlers."""
    before = signal.getsignal(signal.SIGTERM)
    failing(DataError("No."))
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize(
    ("command", "exit_code", "out", "err"),
    [
        (
            "$DLRUN runs --json > /dev/full",
            1,
            "",
            "error: stdout: cannot be written: no space left on device.\n",
        ),
        ("$DLRUN runs --json >&-", 0, "", ""),
        ("$DLRUN runs 2>&-", 0, "", ""),
        ("$DLRUN train nothing.yaml 2>/dev/full", 2, "", ""),
        ("set -o pipefail; (sleep 0.5; $DLRUN runs --json) | true", 141, "", ""),
    ],
)
def test_stdout_and_stderr_of_all_kinds(tmp_path, command, exit_code, out, err):
    """Full, closed and broken outputs end in an exit code, without a traceback."""
    assert shell(command, tmp_path) == (exit_code, out, err)


def test_sigterm_while_a_command_works(tmp_path):
    """A command that is told to end says so and exits with 143, as a shell expects."""
    program = (
        "import os, time; from dlrun.cli.main import main; "
        "import dlrun.rundir.folder as listing; "
        "listing.list_runs = lambda *_, **__: (os.kill(os.getpid(), 15), time.sleep(5)); "
        "raise SystemExit(main(['runs']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (143, "", "Interrupted by SIGTERM.\n")


@pytest.mark.parametrize(
    ("error", "raised"),
    [(RuntimeError("SystemExit: 143"), SystemExit), (DlrunError("a"), DlrunError)],
)
def test_a_signal_that_became_another_error_still_ends_the_command(error, raised):
    """TensorFlow makes an error of its own of what is raised inside of its calls."""

    def work():
        with ending_on_signals():
            try:
                signal.raise_signal(signal.SIGTERM)
            except SystemExit:
                raise error from None

    with pytest.raises(raised) as caught:
        work()
    assert getattr(caught.value, "code", 143) == 143
