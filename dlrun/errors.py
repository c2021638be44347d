"""Everything that can be the user's fault, as one tree of exceptions.

```
DlrunError                 1   the run failed
├── UsageError             2   the command line asks for something that cannot be
│   └── ConfigError        2   the config is wrong: carries every problem found, not only the first
├── DataError              3   a file with data is missing, malformed or does not fit
├── RunFolderError         4   a run folder is damaged, or not fit for what is asked of it
├── DivergedError          5   training produced NaN or infinity
├── LostHostError          7   another host of the run does not answer
├── InterruptedRunError    128 + number a signal ended the run
└── PausedRunError         0   the run is to go on later, if a sweep finds it good enough
```

The command line catches `DlrunError` once, prints it and exits with its `exit_code`.
"""

from __future__ import annotations

import os
import signal
import traceback
from dataclasses import dataclass, field
from typing import Final

EXIT_CODES: Final = {
    "0": "done",
    "1": "failed",
    "2": "usage or config; a run that does not exist",
    "3": "data; columns that drift further than `--drift-above` allows",
    "4": "damaged run folder; or one that is not fit for what is asked: not trained so far, "
    "not your own",
    "5": "training diverged; the last good weights are kept",
    "6": "not reproduced; something came out otherwise",
    "7": "lost host; another one of the run has died: `dlrun resume` on all of them goes on from "
    "the last checkpoint",
    "129, 130, 138, 143": "ended by a signal; 128 and its number (138: SIGUSR1, by which "
    "schedulers announce the end of a job): what was trained is saved, and `dlrun resume`, or "
    "the same `dlrun sweep` again, goes on with it",
    "141": "nobody reads the output any more; as with `dlrun runs | head -1`",
}
"""What a command ends with: in a word or two, and after a semicolon in more."""


class DlrunError(Exception):
    """Something went wrong that the user can mend.

    Args:
        what: What was received and what was expected, in one or two sentences.
        where: The place: a file with line and column, a dotted path, a command-line flag.
        fix: How to mend it, in one sentence.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        """The whole message: place, what, and the fix on a line of its own."""
        place = f"{self.where}: " if self.where else ""
        fix = f"\n  {self.fix}" if self.fix else ""
        return f"{place}{self.what}{fix}"


class UsageError(DlrunError):
    """The command line asks for something that cannot be."""

    exit_code = 2


def empty_text(what: str, *, where: str | None = None) -> UsageError:
    """Refuse an empty text, which a script gives for a variable that is not set."""
    fix = "Is it a variable of the shell that is not set?"
    return UsageError(f"an empty text {what}.", where=where, fix=fix)


@dataclass(frozen=True)
class Problem:
    """One mistake in a config.

    Attributes:
        path: The dotted path, such as `model.layers[2].units`; empty for the file as a whole.
        what: What was received and what was expected.
        fix: How to mend it, such as `Did you mean 'units'?`.
        location: `file:line:column`, or the `--set` flag; None until it is known.
        excerpt: The line of a file that cannot be read, a caret below; None where it can be.
    """

    path: str
    what: str
    fix: str | None = None
    location: str | None = None
    excerpt: str | None = field(default=None, compare=False)

    def __str__(self) -> str:
        """One line: `file:line:column: dotted.path: what. fix`; of more lines the last ones."""
        parts = [part for part in (self.location, self.path, self.what) if part]
        apart = "\n  " if "\n" in self.what else " "
        return ": ".join(parts) + (f"{apart}{self.fix}" if self.fix else "")


class ConfigError(UsageError):
    """A config is wrong.

    Args:
        problems: Every mistake found, in the order of the file.
    """

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class DataError(DlrunError):
    """A file with data is missing, malformed or does not fit."""

    exit_code = 3


class RunFolderError(DlrunError):
    """A run folder is damaged, or not fit for what is asked of it: not trained, not one's own.

    A run that is not there at all is a `UsageError`.
    """

    exit_code = 4


class DivergedError(DlrunError):
    """Training produced NaN or infinity."""

    exit_code = 5


class LostHostError(DlrunError):
    """Another host of a run does not answer, or no longer."""

    exit_code = 7


class InterruptedRunError(DlrunError):
    """A signal ended the run after what was trained had been saved.

    Args:
        signal_number: The signal, such as `signal.SIGINT`.
        saved: What is saved, in words such as `epoch 3 of 10`; empty where that is not known.
    """

    def __init__(self, signal_number: int, saved: str = "") -> None:
        super().__init__(f"Interrupted by {signal.Signals(signal_number).name}.")
        self.exit_code = 128 + signal_number
        self.saved = saved


class PausedRunError(DlrunError):
    """A run is to go on later, if a sweep finds it good enough; what was trained is saved.

    Args:
        epoch: The number of completed epochs.
    """

    exit_code = 0

    def __init__(self, epoch: int) -> None:
        super().__init__(f"Paused after epoch {epoch}.")


def show_traceback() -> None:
    """Print the traceback of the error that is being handled, where `DLRUN_TRACEBACK` asks."""
    if os.environ.get("DLRUN_TRACEBACK", "") not in ("", "0"):
        traceback.print_exc()


def failure(error: Exception) -> str:
    """Word an error that is only a warning, by its kind where no user could have caused it."""
    show_traceback()
    return str(error) if isinstance(error, DlrunError) else f"{type(error).__name__}: {error}"
