"""`dlrun predict`: what a run's model says of new rows."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dlrun.arrays import ImageForm, TextForm
from dlrun.data.drift import Drift, Watch
from dlrun.data.image_samples import ImageRows, names_images
from dlrun.data.prediction_files import CsvRows, ParquetRows, Rows
from dlrun.data.python_rows import as_file, open_given, typed_as_file
from dlrun.data.samples import ARRAYS, SampleFile, open_samples
from dlrun.data.series_samples import LastWindows, by_step, last_windows
from dlrun.data.table_samples import TableRows
from dlrun.data.text_folder import names_texts
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
    input_path: Path | None,
    *,
    output: Path | None,
    wishes: Wishes | None = None,
    listener: Listener,
) -> Predicted:
    """Write one row per input row, as CSV or Parquet.

    The input is a table with the features as columns, an `.npz` or `.npy` array, or images: a
    folder, an image or a list of some; `-` is a table from stdin, and what `is_row` a row by
    itself. Of series it is a table, from the end of which is foretold what follows; None for the
    one that the run was trained on. The output is None for a file in the run folder, see `_naming`,
    and `-` for stdout; a device or a pipe is written into, and a symbolic link is followed.
    """
    wishes = wishes or Wishes()
    form = _form(wishes, output)
    if input_path == STDIN:
        input_path = PIPED
    opened = open_trained(run, listener)
    own = input_path is None
    input_path = _own_table(opened) if input_path is None else input_path
    _check_output(output, input_path, opened)
    _check_wishes(wishes, input_path, opened)
    thresholds = asked_of_predict(wishes.threshold, opened)
    if thresholds is not None:
        listener.message(thresholds.in_words())
    spec = opened.spec
    keys = [column.name for column in spec.columns or () if column.carried]
    keep = tuple(dict.fromkeys((*keys, *wishes.keep)))
    with _opened_samples(opened, input_path, keep, own=own) as samples:
        for note in samples.notes:
            listener.message(note)
        model = load_model(opened)
        if output != STDOUT:
            listener.doing(f"predicting {input_path} ...")

        from dlrun.training.evaluation import Predictor  # imports TensorFlow

        work = _Work(opened, samples, Predictor(model, spec.target_scaling), thresholds, input_path)
        written = output
        if output == STDOUT:
            written = None
            work.write(CsvRows(sys.stdout))
        elif output is None:
            written = _write_own(run, input_path, form, partial(_write_file, work, form))
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
    with open_given(rows, opened.spec, keep=keep) as samples:
        yield samples


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
        open_samples(path, passing, with_target=False, keep=keep) as samples,
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
    are_images = isinstance(opened.spec.form, ImageForm) and names_images(input_path)
    are_texts = isinstance(opened.spec.form, TextForm) and names_texts(input_path)
    _check_kept(opened, wishes.keep)
    if wishes.keep and (are_images or are_texts or input_path.suffix in ARRAYS):
        what = f"{'images' if are_images else 'texts'} have"
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


class _Work:
    """Predicts chunk by chunk, so that memory stays bounded."""

    def __init__(
        self,
        opened: OpenedRun,
        samples: SampleFile,
        predictor: Predictor,
        thresholds: Thresholds | None,
        input_path: Path,
    ) -> None:
        self._opened = opened
        self._samples = samples
        self._predictor = predictor
        self._thresholds = None if thresholds is None else [*thresholds]
        self._input_path = input_path
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
        first_row = 0
        for chunk in self._samples.chunks:
            check_new_ids(chunk.x, self._opened, where=str(self._input_path), first_row=first_row)
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


def _write_own(run: Run, input_path: Path, form: str, write: Callable[[Path], None]) -> Path:
    check_inside(run.path, PREDICTIONS)
    remove_abandoned(run.path)
    home, chosen = run.file(PREDICTIONS), []

    @contextmanager
    def naming() -> Iterator[Path]:
        with _naming(home, input_path, form) as path:
            chosen.append(path)
            yield path

    try:
        with replacing(home / f"{_stem(input_path)}.{form}", naming) as temporary:
            write(temporary)
    except DlrunError as error:
        if not is_read_only(error):
            raise
        fix = "Name another place with -o FILE; -o - is stdout."
        raise DlrunError(error.what, where=error.where, fix=fix) from error
    return chosen[0]


@contextmanager
def _naming(home: Path, input_path: Path, form: str) -> Iterator[Path]:
    """Choose the file for the predictions of an input, while no other process chooses one.

    It is `predictions/<stem>.csv`, or `.parquet`. An input that is called like a split gets
    `<stem>_input.csv`: those names belong to training. What another input, or somebody else, has
    written stays; then it is `<stem>_2.csv`, and so on. `predictions/inputs.json` knows which file
    is whose, so that the same input replaces its own predictions.
    """
    source, stem = str(STDIN if input_path == PIPED else input_path.resolve()), _stem(input_path)
    stem = f"{stem}_input" if stem in SPLITS else stem
    names = (f"{stem}{suffix}.{form}" for suffix in chain([""], map("_{}".format, count(2))))
    with in_turn(home):
        known = read_inputs(home.parent)
        name = next(name for name in names if _is_free(home / name, known.get(name), source))
        write_json(home / INPUTS, {**known, name: source})
        yield home / name


def _stem(input_path: Path) -> str:
    """Name an input without what tells its form: `new` of `new.csv.gz`."""
    inner = input_path.with_suffix("") if input_path.suffix.lower() in PACKED else input_path
    return inner.stem


def _is_free(path: Path, owner: Any, source: str) -> bool:
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
    work = _Work(opened, samples, predictor, thresholds, Path("rows"))
    work.write(file)
    for note in (*samples.notes, *work.watch.notes()):
        opened.listener.message(note)
