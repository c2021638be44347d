"""`dlrun predict`: what a run's model says of new rows."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dlrun.arrays import ImageForm
from dlrun.data.drift import Drift, Watch
from dlrun.data.files import files_of, open_error
from dlrun.data.image_samples import ImageRows
from dlrun.data.prediction_files import CsvRows, ParquetRows, Rows
from dlrun.data.python_rows import GIVEN, as_file, open_given, typed_as_file
from dlrun.data.samples import ARRAYS, SampleFile, names_files, open_files, open_samples
from dlrun.data.series_samples import LastWindows, by_step, last_windows
from dlrun.data.table_samples import TableRows
from dlrun.errors import DlrunError, UsageError
from dlrun.execution.ids import check_new_ids
from dlrun.execution.opening import OpenedRun, load_model, load_own_steps, open_trained
from dlrun.execution.thresholds import Thresholds, asked_of_predict
from dlrun.rundir.files import (
    check_inside,
    is_read_only,
    remove_abandoned,
    replacing,
    write_json,
    write_output,
)
from dlrun.rundir.folder import Run
from dlrun.rundir.integrity import read_inputs
from dlrun.rundir.lock import in_turn
from dlrun.rundir.names import INPUTS, PREDICTIONS, SPLITS
from dlrun.shapes.cells import parse_number
from dlrun.training.listener import Listener

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dlrun.arrays import Spec
    from dlrun.training.evaluation import Predictor

STDOUT = STDIN = Path("-")
PIPED: Final = Path("/dev/stdin")
PARQUET: Final = (".parquet", ".pq")
PACKED: Final = (".gz", ".zst")
TYPED_ALONE: Final = "A row or a text that is typed stands alone, in quotes where it has blanks."


@dataclass(frozen=True)
class Wishes:
    """What else a user asks of predictions."""

    form: str | None = None  # csv or parquet; None for what the name of the output says
    keep: tuple[str, ...] = ()  # columns of the input that are carried along
    drift: bool = False  # whether the rows are held against the training rows
    threshold: tuple[str, ...] = ()


@dataclass(frozen=True)
class Predicted:
    """What came of it."""

    path: Path | None  # None for stdout
    drifts: tuple[Drift, ...] = ()  # where they were asked for


def predict(
    run: Run,
    inputs: Sequence[Path],
    *,
    output: Path | None,
    wishes: Wishes | None = None,
    listener: Listener,
) -> Predicted:
    """Write one row per input row, as CSV or Parquet.

    An input is a table with the features as columns, an `.npz` or `.npy` array, or images: a
    folder, an image or a list of some; `-` is a table from stdin, and what `is_row` a row by
    itself. Of series it is a table, from the end of which is foretold what follows; no input is the
    one that the run was trained on. Of several inputs each row names its own in the column `file`.
    The output is None for a file in the run folder, see `_naming`, and `-` for stdout; a device or
    a pipe is written into, and a symbolic link is followed.
    """
    wishes = wishes or Wishes()
    form = _form(wishes, output)
    inputs = _checked(inputs)
    opened = open_trained(run, listener, answers=True)
    own = not inputs
    inputs = inputs or [_own_table(opened)]
    for one in inputs:
        _check_output(output, one, opened)
        _check_wishes(wishes, one, opened)
    thresholds = asked_of_predict(wishes.threshold, opened)
    if thresholds is not None:
        listener.message(thresholds.in_words())
    spec = opened.spec
    keys = [column.name for column in spec.columns or () if column.carried]
    keep = tuple(dict.fromkeys((*keys, *wishes.keep)))
    with _parts(opened, inputs, keep, own=own) as parts:
        model = load_model(opened)
        if output != STDOUT:
            listener.doing(f"predicting {_called(inputs)} ...")

        from dlrun.training.evaluation import Predictor  # imports TensorFlow

        predictor = Predictor(model, spec.target_scaling)
        work = _Work(opened, parts, predictor, thresholds)
        written = output
        if output == STDOUT:
            written = None
            work.write(CsvRows(sys.stdout))
        elif output is None:
            written = _write_own(run, inputs, form, partial(_write_file, work, form))
        else:
            write_output(output, partial(_write_file, work, form))
    for note in work.watch.notes():
        listener.message(note)
    return Predicted(written, work.watch.drifts() if wishes.drift else ())


def _own_table(opened: OpenedRun) -> Path:
    """Give the table that a run of series was trained on; others need rows that they are given."""
    if opened.spec.series is None:
        raise UsageError(
            "there are no rows to predict.",
            where="INPUT",
            fix="Name a file of them; a run over a series foretells what follows its own table.",
        )
    return opened.experiment.dataset.paths[0]


@contextmanager
def open_rows(opened: OpenedRun, rows: Any, *, keep: Sequence[str] = ()) -> Iterator[SampleFile]:
    """Open rows that Python gives; None for the end of the table that a run was trained on."""
    if rows is None:
        with _opened_samples(opened, _own_table(opened), keep, own=True) as samples:
            yield samples
        return
    _check_kept(opened, keep)
    with open_given(rows, opened.spec, keep=keep, skip_bad=opened.skips_bad_files) as samples:
        yield samples


def _checked(given: Sequence[Path]) -> list[Path]:
    """List the inputs; of several each has to be a file or a folder, or a glob of some."""
    inputs = [PIPED if one == STDIN else one for one in given]
    if len(inputs) == 1:
        return inputs
    if PIPED in inputs:
        what = "what comes from stdin is predicted by itself."
        raise UsageError(what, where="INPUT -", fix="Leave out the other inputs.")
    for one in (files := files_of(inputs)):
        try:
            one.stat()
        except OSError as error:
            told = open_error(one, error)
            told.fix = told.fix or TYPED_ALONE
            raise told from error
    return files


@contextmanager
def _parts(
    opened: OpenedRun, inputs: Sequence[Path], keep: Sequence[str], *, own: bool
) -> Iterator[Iterator[_Part]]:
    """Open the inputs one after the other, the first at once; images and texts all together."""
    first, others = inputs[0], inputs[1:]
    if others and all(names_files(one, opened.spec) for one in inputs):
        skip_bad = opened.skips_bad_files
        files = open_files(inputs, opened.spec, with_target=False, skip_bad=skip_bad)
        _tell(opened, files.notes)
        yield iter([_Part("INPUT", files.begun())])
        return
    with _opened_samples(opened, first, keep, own=own) as samples:
        _tell(opened, samples.notes, first if others else None)
        # Wrong rows at its beginning are told before TensorFlow is imported.
        part = _Part(str(first), samples.begun(), str(first) if others else None)
        yield chain([part], _later(opened, others, keep))


def _later(opened: OpenedRun, inputs: Sequence[Path], keep: Sequence[str]) -> Iterator[_Part]:
    for one in inputs:
        with _opened_samples(opened, one, keep, own=False) as samples:
            _tell(opened, samples.notes, one)
            yield _Part(str(one), samples, str(one))


def _tell(opened: OpenedRun, notes: Sequence[str], of_input: Path | None = None) -> None:
    for note in notes:
        opened.listener.message(note if of_input is None else f"{of_input}: {note}")


def _called(inputs: Sequence[Path]) -> str:
    more = len(inputs) - 1
    return f"{inputs[0]} and {more:,} more" if more else str(inputs[0])


@contextmanager
def _opened_samples(
    opened: OpenedRun, input_path: Path, keep: Sequence[str], *, own: bool
) -> Iterator[SampleFile]:
    """Open what is given; or the last windows of the table that the run was trained on."""
    spec = opened.spec
    if own:
        windows, notes = last_windows(load_own_steps(opened), spec, where=str(input_path))
        yield SampleFile(notes, iter([windows]))
        return
    with (
        _given(input_path, spec) as (path, passing),
        open_samples(
            path, passing, with_target=False, keep=keep, skip_bad=opened.skips_bad_files
        ) as samples,
    ):
        yield samples


def is_row(given: Path | None) -> bool:
    """Say whether this is the cells of a row, such as `0.3,0.1` or `a text`, and no path."""
    if given is None:
        return False
    text = str(given)
    has_blanks = bool(re.search(r"\s", text))
    is_cells = has_blanks or "," in text or "!" in text or parse_number(text) is not None
    has_ending = re.search(r"\.[A-Za-z]\w*$", text)
    is_path = has_ending or (not has_blanks and re.search(r"[/\\]", text)) or os.path.lexists(given)
    return is_cells and not is_path


def _given(input_path: Path, spec: Spec) -> AbstractContextManager[tuple[Path, Spec]]:
    if is_row(input_path):
        return typed_as_file(str(input_path), spec, where=f"INPUT {input_path}")
    return as_file(input_path, spec)


def _form(wishes: Wishes, output: Path | None) -> str:
    """Choose between CSV and Parquet."""
    by_name = output is not None and output.suffix.lower() in PARQUET
    form = wishes.form or ("parquet" if by_name else "csv")
    if form == "parquet" and output is not None and (
        output == STDOUT or (output.exists() and not output.is_file())
    ):  # fmt: skip
        raise UsageError(
            "Parquet is written to a file, not into a pipe or a device.",
            where=f"--output {output}",
            fix="Name a file, or take --format csv.",
        )
    return form


def _check_output(output: Path | None, input_path: Path, opened: OpenedRun) -> None:
    """Refuse to write predictions over the rows that they are of, or those of training."""
    of_training = opened.experiment.dataset.paths
    for path, what in (
        (input_path, "the input"),
        *((one, "the data of the run") for one in of_training),
    ):
        if output is not None and _are_one_file(output, path):
            raise UsageError(
                f"the output is {what}: its rows would be lost.",
                where=f"--output {output}",
                fix="Name another file.",
            )


def _check_wishes(wishes: Wishes, input_path: Path, opened: OpenedRun) -> None:
    """Refuse what an input or a run cannot give."""
    _check_kept(opened, wishes.keep)
    are_files = names_files(input_path, opened.spec)
    if wishes.keep and (are_files or input_path.suffix in ARRAYS):
        what = f"{'images' if isinstance(opened.spec.form, ImageForm) else 'texts'} have"
        if input_path.suffix in ARRAYS:
            what = f"an {input_path.suffix} file has"
        raise UsageError(f"{what} no columns to keep.", where=f"--keep {wishes.keep[0]}")
    if wishes.drift and not any(column.seen for column in opened.spec.columns or ()):
        raise UsageError(
            "the run has not kept how the values of its training rows were spread; runs over "
            "tables do, since this version.",
            where="--drift",
            fix="Train it again.",
        )


def _check_kept(opened: OpenedRun, keep: Sequence[str]) -> None:
    if keep and opened.spec.series is not None:
        what = "a forecast is of no row of the table whose cells could be kept."
        raise UsageError(what, where=f"--keep {keep[0]}")


def _write_file(work: _Work, form: str, path: Path) -> None:
    if form == "parquet":
        with ParquetRows(path) as file:
            work.write(file)
        return
    with path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
        work.write(CsvRows(stream))


@dataclass(frozen=True)
class _Part:
    """One of the inputs, opened."""

    where: str
    samples: SampleFile
    file: str | None = None  # what the rows are to be told from those of the others by


class _Work:
    """Predicts chunk by chunk, so that memory stays bounded."""

    def __init__(
        self,
        opened: OpenedRun,
        parts: Iterable[_Part],
        predictor: Predictor,
        thresholds: Thresholds | None,
    ) -> None:
        self._opened = opened
        self._parts = parts
        self._predictor = predictor
        self._thresholds = None if thresholds is None else [*thresholds]
        form = opened.spec.series
        # That time has gone on is no drift.
        time = None if form is None or form.clock is None else form.clock.column
        self.watch = Watch([one for one in opened.spec.columns or () if one.name != time])

    def write(self, file: Rows) -> None:
        """Write what the model says of all rows."""
        from dlrun.data.predictions import PredictionWriter
        from dlrun.data.thresholds import decide

        spec = self._opened.spec
        chooses = spec.class_names is not None or spec.labels
        outputs = self._predicted()
        # Not before the first chunk is there does the header go out: `-o -` prints rows, or an
        # error.
        first = next(outputs, None)
        names = spec if first is None else first[2]
        writer = PredictionWriter(file, names, with_true=False)
        for y_pred, kept, _ in chain([] if first is None else [first], outputs):
            classes = decide(y_pred, spec, self._thresholds) if chooses else None
            writer.write(y_pred, classes, kept=kept)

    def _predicted(
        self,
    ) -> Iterator[tuple[NDArray[np.float32], Mapping[str, Sequence[str | None]], Spec]]:
        """Give the outputs of each chunk, `(rows, outputs)`, what is kept of its input, their spec.

        A forecast has a row for each step that follows.
        """
        for part in self._parts:
            for outputs, kept, spec in self._predicted_of(part):
                named: dict[str, Sequence[str | None]] = {}
                if part.file is not None:
                    named["file"] = [part.file] * len(outputs)
                own = {f"input_{key}" if key in named else key: kept[key] for key in kept}
                yield outputs, named | own, spec
            if left_out := part.samples.left_out():
                self._opened.listener.message(left_out)

    def _predicted_of(
        self, part: _Part
    ) -> Iterator[tuple[NDArray[np.float32], Mapping[str, Sequence[str | None]], Spec]]:
        first_row = 0
        for chunk in part.samples.chunks:
            check_new_ids(chunk.x, self._opened, where=part.where, first_row=first_row)
            first_row += len(chunk)
            kept: Mapping[str, Sequence[str | None]] = {}
            if isinstance(chunk, TableRows | ImageRows):
                kept = chunk.kept
            if isinstance(chunk, TableRows | LastWindows) and chunk.raw is not None:
                self.watch.see(chunk.raw_columns, chunk.raw)
            outputs, spec = self._predictor.predict(chunk.x), self._opened.spec
            if isinstance(chunk, LastWindows):
                outputs, spec = by_step(outputs, spec)
                kept = chunk.kept
            yield outputs, kept, spec


def _write_own(run: Run, inputs: Sequence[Path], form: str, write: Callable[[Path], None]) -> Path:
    check_inside(run.path, PREDICTIONS)
    remove_abandoned(run.path)
    home, chosen = run.file(PREDICTIONS), []

    @contextmanager
    def naming() -> Iterator[Path]:
        with _naming(home, inputs, form) as path:
            chosen.append(path)
            yield path

    try:
        with replacing(home / f"{_stem(inputs)}.{form}", naming) as temporary:
            write(temporary)
    except DlrunError as error:
        if not is_read_only(error):
            raise
        fix = "Name another place with -o FILE; -o - is stdout."
        raise DlrunError(error.what, where=error.where, fix=fix) from error
    return chosen[0]


@contextmanager
def _naming(home: Path, inputs: Sequence[Path], form: str) -> Iterator[Path]:
    """Choose the file for the predictions of an input, while no other process chooses one.

    It is `predictions/<stem>.csv`, or `.parquet`; of several `<stem>_and_2_more.csv`. An input that
    is called like a split gets `<stem>_input.csv`: those names belong to training. What another
    input, or somebody else, has written stays; then it is `<stem>_2.csv`, and so on.
    `predictions/inputs.json` knows which file is whose, so that the same input replaces its own
    predictions.
    """
    sources = [str(STDIN if one == PIPED else one.resolve()) for one in inputs]
    source, stem = sources if len(sources) > 1 else sources[0], _stem(inputs)
    stem = f"{stem}_input" if stem in SPLITS else stem
    names = (f"{stem}{suffix}.{form}" for suffix in chain([""], map("_{}".format, count(2))))
    with in_turn(home):
        known = read_inputs(home.parent)
        name = next(name for name in names if _is_free(home / name, known.get(name), source))
        write_json(home / INPUTS, {**known, name: source})
        yield home / name


def _stem(inputs: Sequence[Path]) -> str:
    """Name inputs without what tells their form: `new` of `new.csv.gz`."""
    first, more = inputs[0], len(inputs) - 1
    inner = first.with_suffix("") if first.suffix.lower() in PACKED else first
    return f"{inner.stem}_and_{more}_more" if more else inner.stem


def _is_free(path: Path, owner: Any, source: str | list[str]) -> bool:
    """Whether a file belongs to an input, or to nobody and is not there."""
    return owner == source if owner is not None else not os.path.lexists(path)


def _are_one_file(one: Path, other: Path) -> bool:
    with suppress(OSError):
        return one.samefile(other)
    return False


def predict_samples(
    opened: OpenedRun,
    samples: SampleFile,
    predictor: Predictor,
    file: Rows,
    threshold: Sequence[str] = (),
) -> None:
    """Write what a run's model says of rows that are open already, see `predict`."""
    thresholds = asked_of_predict(threshold, opened)
    work = _Work(opened, [_Part(GIVEN, samples)], predictor, thresholds)
    work.write(file)
    for note in (*samples.notes, *work.watch.notes()):
        opened.listener.message(note)
