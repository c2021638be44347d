"""A run, in the hands of a script or a notebook."""

from __future__ import annotations

import html
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.errors import UsageError
from dlrun.notebook import Table, listening, metrics_html
from dlrun.rundir import folder as folders
from dlrun.rundir.names import REPORT
from dlrun.wording import tally

if TYPE_CHECKING:
    from dlrun.arrays import Spec
    from dlrun.rundir.notes import Notes
    from dlrun.training.listener import Listener
    from dlrun.workflows.evaluate import Evaluation


@dataclass(frozen=True)
class Run:
    """A run: its folder, and what it holds, read anew whenever it is asked for."""

    path: Path
    bundle: Path | None = None  # that it was unpacked from, for as long as this process lasts

    @property
    def _folder(self) -> folders.Run:
        return folders.open_run(str(self.path), self.path.parent)

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.path.name

    @property
    def config(self) -> dict[str, Any]:
        """The config with every default written out."""
        from dlrun.execution.opening import read_experiment

        run = self._folder
        return read_experiment(run, run.record, trust=False)[0].as_dict()

    @property
    def spec(self) -> Spec:
        """What its arrays look like, and what was fitted on the training rows."""
        from dlrun.execution.opening import open_trained

        return open_trained(self._folder).spec

    @property
    def metrics(self) -> dict[str, dict[str, float | None]]:
        """The final numbers by split and name: `run.metrics["test"]["accuracy"]`."""
        return self._folder.metrics

    @property
    def history(self) -> Table:
        """The logs by column, one number an epoch."""
        return Table(self._folder.history)

    @property
    def status(self) -> str:
        """`running`, `finished`, `interrupted`, `failed` or `killed`."""
        return self._folder.status

    @property
    def notes(self) -> Notes:
        """The labels and the note that its user gave it."""
        return self._folder.notes

    @property
    def model(self) -> Any:
        """The `keras.Model`, as `model.keras` has it: given what the data hold, in their units."""
        from dlrun.execution.opening import load_assembly, open_trained

        with at_work(None) as heard:
            assembly = load_assembly(open_trained(self._folder, heard))
            from dlrun.exporters.keras_model import with_units

            return with_units(assembly.model, assembly.spec)

    def predict(
        self,
        rows: Any = None,
        *,
        keep: Sequence[str] = (),
        threshold: float | str | Mapping[str, float] | None = None,
        listener: Listener | None = None,
    ) -> Table:
        """Tell what the model says of new rows: columns as `dlrun predict` writes them.

        Args:
            rows: A DataFrame or a mapping of columns, as a table has them; an array, `(rows,
                *input_shape)`, in the units of the data; or the path of a file. Of a run over a
                series a table, from whose end is foretold what follows; None for its own.
            keep: Columns of a table that are carried along.
            threshold: Above it the answer is yes, or the second of two classes; `best-f1` is what
                `evaluate` chose; a mapping says it for each label.
            listener: Who hears what is new in the rows; see `train`.
        """
        from dlrun.data.python_rows import CollectedRows
        from dlrun.execution.opening import load_model, open_trained
        from dlrun.workflows.predict import open_rows, predict_samples

        with at_work(listener) as heard:
            opened = open_trained(self._folder, heard, answers=True)
            with open_rows(opened, rows, keep=tuple(keep)) as samples:
                collected = CollectedRows()
                limits = _written(threshold)
                model = load_model(opened)

                from dlrun.training.evaluation import Predictor

                predictor = Predictor(model, opened.spec.target_scaling)
                predict_samples(opened, samples, predictor, collected, limits)
        return Table(collected.columns)

    def evaluate(
        self,
        data: Any = None,
        *,
        split: str | None = None,
        threshold: float | str | Mapping[str, float] | None = None,
        trust: bool = False,
        listener: Listener | None = None,
    ) -> Evaluation:
        """Measure the model: on a split, None for the last with rows; or on other rows.

        Args:
            data: Rows with their targets, as `predict` takes them; or the path of a file.
            split: `train`, `validation` or `test`, where no rows are given.
            threshold: A number, one for each label, or `best-f1`, chosen on the validation rows.
            trust: Whether the files that a stranger's run names may be read.
            listener: Who hears of it; see `train`.

        Returns:
            Its `metrics`; in `judged` scores by class, the confusion and the baseline.
        """
        from dlrun.data.python_rows import as_file
        from dlrun.workflows.evaluate import evaluate as workflow

        if data is not None and split is not None:
            raise UsageError("rows and a split were given; only one of them is measured.")
        limits = _written(threshold)
        with at_work(listener) as heard:
            if data is None:
                found = workflow(
                    self._folder, split=split, data=None, threshold=limits, trust=trust,
                    listener=heard,
                )  # fmt: skip
            else:
                with as_file(data, self.spec) as (path, spec):
                    found = workflow(
                        self._folder, split=None, data=path, threshold=limits, trust=trust,
                        listener=heard, passing=None if _is_path(data) else spec,
                    )  # fmt: skip
        if found.failure is not None:
            raise found.failure
        return found if self.bundle is None else replace(found, stored=None)

    def explain(
        self,
        row: Any = 0,
        *,
        split: str | None = None,
        trust: bool = False,
        listener: Listener | None = None,
    ) -> Explanation:
        """Work out the forward pass of one row.

        Args:
            row: The number of a row of a split; or the row itself: a mapping of its columns, or
                an array of the shape of a sample.
            split: Where `row` is a number: None for test, or else the last that has rows.
            trust: Whether the files that a stranger's run names may be read.
            listener: Who hears of it; see `train`.
        """
        from dlrun.data.python_rows import as_file
        from dlrun.workflows.explain import Choice

        with at_work(listener) as heard:
            if isinstance(row, int):
                return self._explained(Choice(row, split), trust=trust, listener=heard)
            if split is not None:
                raise UsageError("a row and a split were given; a row is of no split.")
            if not isinstance(row, Mapping) and not _is_path(row):
                row = [row]
            with as_file(row, self.spec) as (path, spec):
                choice = Choice(data=path, passing=spec)
                return self._explained(choice, trust=trust, listener=heard)

    def _explained(self, choice: Any, *, trust: bool, listener: Listener) -> Explanation:
        from dlrun.workflows.explain import explain as workflow

        found = workflow(
            self._folder, choice, layer=None, trust=trust, compare=True, listener=listener
        )
        if found.forward_pass.ending is not None:
            raise found.forward_pass.ending
        return Explanation(found)

    def resume(
        self,
        *,
        epochs: int | None = None,
        report: bool = False,
        trust: bool = False,
        listener: Listener | None = None,
    ) -> Run:
        """Go on with a run that was stopped; or with a finished one, to more epochs."""
        from dlrun.execution.options import RunOptions
        from dlrun.workflows.resume import resume as workflow

        if self.bundle is not None:
            what = "is a bundle: `dlrun import` makes a run of it that can go on."
            raise UsageError(what, where=str(self.bundle))
        with at_work(listener) as heard:
            options = RunOptions(
                self.path.parent, ("dlrun.Run.resume",), threads=None, report=report
            )
            workflow(self._folder, options, heard, epochs=epochs, trust=trust)
        return self

    def _repr_html_(self) -> str:
        """Give the head of its report: what it is, how it stands, what it measured."""
        run = self._folder
        record, page = run.record, self.path / REPORT
        lines = [f"<h3>{html.escape(run.label)}</h3>"]
        facts = [run.status, *([str(record["reason"])] if record.get("reason") else [])]
        facts += [tally(len(next(iter(run.history.values()), [])), "epoch")]
        facts += [*run.notes.labels, *filter(None, [run.notes.note])]
        lines.append(f"<p>{' · '.join(html.escape(fact) for fact in facts)}</p>")
        lines.append(metrics_html(run.metrics))
        lines.append(f"<p><code>{html.escape(str(self.path))}</code></p>")
        if page.is_file():
            place = html.escape(page.resolve().as_uri(), quote=True)
            lines.append(f'<p><a href="{place}">{REPORT}</a></p>')
        return "".join(lines)


@dataclass(frozen=True)
class Explanation:
    """The forward pass of a row; as a text it is what `dlrun explain` prints."""

    whole: Any  # `dlrun.workflows.explain.Explanation`: every layer, its sums, its weights

    @property
    def predicted(self) -> str | None:
        """The class that the row is taken for; None for a regression."""
        return None if self.whole.answer is None else self.whole.answer.predicted

    @property
    def output(self) -> Any:
        """What the last layer gives: a NumPy array."""
        return None if self.whole.answer is None else self.whole.answer.output

    def to_dict(self) -> dict[str, Any]:
        """Give all that was worked out, as `dlrun explain --json` does."""
        from dlrun.cli.explain import explanation_json

        return explanation_json(self.whole)

    def __str__(self) -> str:
        """What `dlrun explain` prints."""
        from dlrun.cli.explain import draw_explanation
        from dlrun.cli.terminal.output import Screen

        return draw_explanation(self.whole, layer=None, screen=Screen(width=100))

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


@contextmanager
def at_work(listener: Listener | None) -> Iterator[Listener]:
    """Compute as a guest of this process, and let somebody hear of it."""
    from dlrun.execution.guest import as_guest

    with as_guest():
        yield listener or listening()


def _written(threshold: float | str | Mapping[str, float] | None) -> tuple[str, ...]:
    """Write thresholds as a command line has them."""
    if isinstance(threshold, Mapping):
        return tuple(f"{name}={one}" for name, one in threshold.items())
    return () if threshold is None else (str(threshold),)


def _is_path(value: Any) -> bool:
    return isinstance(value, str | os.PathLike)
