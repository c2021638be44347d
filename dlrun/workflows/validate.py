"""`dlrun validate`: what can be told of a config, and of its data, before anything heavy is loaded.

A small table is read from its first row to its last, without NumPy. Only where something may be
wrong are data loaded as for training, which says what it is in the words of training.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dlrun import catalog
from dlrun.catalog.label_forms import label_form
from dlrun.config import load_config, locate
from dlrun.config.rules.metrics import depends_on_the_rows
from dlrun.data.files import regular_size
from dlrun.data.headers import DELIMITERS, SMALL, stored_array
from dlrun.datasets.samples import find_sample
from dlrun.errors import ConfigError, DlrunError, Problem
from dlrun.memory import excess
from dlrun.shapes import walk
from dlrun.shapes.cells import LARGEST, MAX_CLASSES, SMALLEST, parse_number
from dlrun.shapes.input_readers import find_lookups, find_masks, names_of_columns
from dlrun.wording import tally

if TYPE_CHECKING:
    from dlrun.arrays import Spec
    from dlrun.column import ColumnKind
    from dlrun.config import Experiment
    from dlrun.data.csv import CsvFile
    from dlrun.data.csv_header import Choice
    from dlrun.datasets.samples import Sample
    from dlrun.shapes import Shape, Step


ODD: Final = re.compile(r"_|[eE]-0*\d{3}|[^\x00-\x7f]")
"""In a line of cells: Python's `1_000`, so small a number that its square is 0, other digits."""
CELLS: Final = 2**18
"""About so many cells are looked at together."""
MOST_COLUMNS: Final = 10**7
"""A row of more is not drawn, even to be measured."""


def table_looks_right(experiment: Experiment, path: Path, size: int) -> bool:
    """Whether nothing looks wrong in a CSV file: in all of a small one, else in its first rows."""
    from dlrun.arrays import Reading
    from dlrun.data.csv import open_csv
    from dlrun.data.csv_header import foresee_columns, tell_header

    arguments = experiment.dataset.arguments
    layout, _ = foresee_columns(arguments) or (None, "")
    if layout is None or arguments["delimiter"] not in (None, *DELIMITERS):
        return False
    is_small, rows = size <= SMALL, 0
    with open_csv(path, Reading(arguments["delimiter"])) as file:
        if layout.header is None:
            tell_header(file)
            if any(arguments[name] for name in ("target", "features", "sample_weight")):
                return False
        for some in _first_rows(file, layout, all_of_them=is_small):
            rows += len(some)
            if not _are_numbers(some, layout):
                return False
    sample = find_sample(experiment.dataset.type, arguments, form=_form(experiment))
    is_told = sample.classes is not None or sample.target is not None
    return (
        (len(layout.targets) == 1 or _form(experiment) == "value")
        and (not is_small or (is_told and not _asks_the_rows(experiment, sample)))
        and not _reads_ids(experiment)
        and _can_be_split(experiment, rows, _classes(sample))
    )


def _first_rows(file: CsvFile, layout: Choice, *, all_of_them: bool) -> Iterator[list[list[str]]]:
    """The cells of rows, some at a time; of a large file only the first ones."""
    rows = (record.cells for record in file.rows(header=layout.header is True))
    some = max(1, CELLS // len(layout.columns))
    while taken := list(islice(rows, some)):
        yield taken
        if not all_of_them:
            return


def _are_numbers(rows: Sequence[Sequence[str]], layout: Choice) -> bool:
    """Whether features, several targets and weights are numbers that float32 holds."""
    targets = layout.targets if len(layout.targets) > 1 else ()
    places = (*layout.features, *targets)
    take = itemgetter(*places, places[0])  # two at least: a tuple
    weight = None if layout.weight is None else layout.weight[1]
    try:
        return all(
            sum(map(abs, map(float, take(row)))) <= LARGEST
            and not ODD.search("".join(take(row)))
            and (weight is None or _is_weight(row[weight]))
            for row in rows
        ) and (len(layout.targets) > 1 or all(_is_small(row[layout.targets[0]])
                                              for row in rows))  # fmt: skip
    except ValueError:
        return False


def _is_weight(cell: str) -> bool:
    number = parse_number(cell)
    return number is not None and (number == 0 or SMALLEST <= number <= LARGEST)


def _is_small(cell: str) -> bool:
    """Whether a target is no number beyond float32; of names `find_sample` tells."""
    number = parse_number(cell)
    return number is None or abs(number) <= LARGEST


def steps_look_right(experiment: Experiment, path: Path, size: int) -> bool:
    """Whether a small CSV file surely is a series of numbers that gives each split a window."""
    from dlrun.data.series_roles import count_moments, foresee

    dataset = experiment.dataset
    given, seen = dataset.arguments, foresee(dataset.arguments)
    sample = find_sample(dataset.type, given, form=_form(experiment))
    if seen is None or sample.shape is None or size > SMALL or _form(experiment) != "value":
        return False
    if _reads_ids(experiment) or _asks_the_rows(experiment, sample):
        return False
    left = count_moments(path, seen)
    window, horizon = given["window"], given["horizon"]
    sizes = [given["stride"], *([] if given["season"] is None else [given["season"]])]
    if left is None or min(window, horizon, *sizes) < 1 or dataset.target_scale == "log":
        return False
    for share in (dataset.test_split, dataset.validation_split):
        taken = int((share or 0) * left + 0.5)
        left -= taken
        if share and taken < horizon + (window if given["border"] == "windows" else 0):
            return False
    return bool(left >= window + horizon)


def arrays_look_right(experiment: Experiment, path: Path, size: int) -> bool:
    """Whether the arrays that are named are there, of numbers or names, with equally many rows."""
    del path, size
    given, rows = experiment.dataset.arguments, []
    for pair in (("x", "y"), ("x_test", "y_test")):
        names = [given[name] for name in pair]
        if names == [None, None]:
            continue
        headers = [stored_array(given["path"], str(name)) for name in names]
        features, targets = headers
        if features is None or targets is None or features.shape[0] != targets.shape[0]:
            return False
        if features.dtype[1:2] not in tuple("biuf") or targets.dtype[1:2] not in tuple("biufU"):
            return False
        rows.append(features.shape[0])
    sample = find_sample(experiment.dataset.type, given, form=_form(experiment))
    return _can_be_split(experiment, rows[0], _classes(sample))


def drawn_look_right(experiment: Experiment) -> bool:
    """Whether a dataset that is drawn has arguments that it can have, and rows enough."""
    dataset = experiment.dataset
    sample = find_sample(dataset.type, dataset.arguments)
    rows, enough = sample.rows, sample.enough_rows
    if sample.shape is None or rows is None or enough is None or _asks_the_rows(experiment, sample):
        return False
    return (
        rows >= (enough if sample.classes else 1)
        and _are_usual(experiment)
        and not _reads_ids(experiment)
        and _can_be_split(experiment, rows, _classes(sample))
    )


def drawn_bytes(experiment: Experiment) -> tuple[int, int]:
    """What the rows of a dataset that is drawn take, in bytes: at least, and at most."""
    dataset = experiment.dataset
    sample = find_sample(dataset.type, dataset.arguments)
    entries = math.prod(size or 1 for size in sample.shape or (1,))
    rows = (sample.rows or 1) + sample.test_rows
    if entries > MOST_COLUMNS:
        return 0, 8 * rows * (entries + 1)
    return 4 * rows * (entries + 1), 8 * rows * (entries + 1)


def _are_usual(experiment: Experiment) -> bool:
    """Whether every argument is the default, or a number of which no dataset refuses any."""
    dataset = experiment.dataset
    word = catalog.find("datasets", dataset.type)
    defaults = {one.name: one.default for one in (word.parameters if word else ())}
    return all(
        name in defaults and _is_usual(name, value, defaults[name])
        for name, value in dataset.arguments.items()
    )


def _is_usual(name: str, value: Any, default: Any) -> bool:
    if isinstance(default, list | tuple) and isinstance(value, list | tuple):
        return [*value] == [*default]
    if isinstance(value, bool) or name == "samples":
        return True  # `find_sample` has looked at these.
    if isinstance(default, int) and isinstance(value, int):
        return value >= default
    return bool(value == default) or (isinstance(value, int | float) and 0 <= value < 1)


def _asks_the_rows(experiment: Experiment, sample: Sample) -> bool:
    """Whether the rows decide if weights of classes, or a metric, can be taken."""
    training = experiment.training
    is_weighted = training.class_weight is not None or training.sampling is not None
    return is_weighted or depends_on_the_rows(experiment, sample)


def _reads_ids(experiment: Experiment) -> bool:
    """Whether a layer takes only some numbers for what they are: ids, or padding; or a column."""
    layers = experiment.model.mappings
    is_scaled = experiment.dataset.scale != "none"
    return bool(
        names_of_columns(layers) or find_lookups(layers) or (is_scaled and find_masks(layers))
    )


def _can_be_split(experiment: Experiment, rows: int, classes: int) -> bool:
    """Whether every split surely has rows, when each class keeps one to train on."""
    left, dataset = rows, experiment.dataset
    if dataset.split_by or dataset.fold is not None:
        return False
    for share in (dataset.test_split, dataset.validation_split):
        if share:
            taken = int(share * left + 0.5)
            left -= taken
            if not 0 < share < 1 or taken == 0 or left < classes:
                return False
    return left > 0


def _classes(sample: Sample) -> int:
    if sample.classes is not None:
        return len(sample.classes)
    return 1 if sample.target is not None else MAX_CLASSES + 1


def _form(experiment: Experiment) -> str:
    return label_form(None if experiment.loss is None else experiment.loss.type)


MOST_FILES = 5_000
"""Of more texts, which are files of their own, none is read before training."""
READ_AGAIN = 16 * 2**20
"""How large data may be, in bytes, that are loaded as for training where something may be wrong."""


FEW_IMAGES = 32 * 2**10
"""The images of a table of more bytes, some hundred rows, are not decoded to look at them."""


@dataclass(frozen=True)
class Verdict:
    """What can be told of a config."""

    experiment: Experiment | None  # None where it is wrong
    problems: tuple[Problem, ...] = ()  # every mistake
    unchecked: tuple[str, ...] = ()  # what was not looked at, in words
    unchecked_shapes: str | None = None  # from which layer on shapes are not known
    spec: Spec | None = None  # what the rows look like, where they were loaded
    exit_code: int = 0  # that of `train` with this config, where it would end at once


class _Seen(NamedTuple):
    """What was seen of the data."""

    unchecked: tuple[str, ...] = ()  # what was not looked at, in words
    spec: Spec | None = None  # what rows look like, where they were loaded


def validate(path: Path, overrides: Sequence[str]) -> Verdict:
    """Check a config, and the data that it names as far as that is cheap."""
    try:
        experiment = load_config(path, overrides)
    except DlrunError as error:
        return _refused(error)
    return validate_data(experiment)


def validate_data(experiment: Experiment) -> Verdict:
    """Check the data that a config names, as far as that is cheap."""
    try:
        seen = _look_at_data(experiment)
    except ConfigError as error:
        return _refused(locate(experiment, error))
    except DlrunError as error:
        return _refused(error)
    return Verdict(experiment, (), seen.unchecked, _first_unknown(experiment, seen.spec), seen.spec)


def _refused(error: DlrunError) -> Verdict:
    problems: tuple[Problem, ...] = (Problem("", error.what, error.fix, error.where),)
    if isinstance(error, ConfigError):
        problems = error.problems
    return Verdict(None, problems, exit_code=error.exit_code)


def follow_layers(
    experiment: Experiment, spec: Spec | None
) -> tuple[Shape | None, tuple[Step, ...]]:
    """Carry a row through the layers: its shape, and they; without a spec, as far as known."""
    if spec is not None:
        from dlrun.execution.layers import steps_of

        return spec.input_shape, steps_of(experiment, spec)
    dataset = experiment.dataset
    sample = find_sample(dataset.type, dataset.arguments)
    layers = experiment.model.mappings
    return sample.shape, walk(layers, sample.shape, sample.views, sample.named)


def columns_of(experiment: Experiment) -> tuple[ColumnKind, ...]:
    """Tell what kind each column of a table is, and why; none where that takes long."""
    if not _is_table(experiment):
        return ()
    from dlrun.data.table_kinds import foresee_kinds

    return foresee_kinds(experiment.dataset.arguments)


def untold_columns(experiment: Experiment) -> str | None:
    """Say why the kinds of the columns are not told, where the table is too large for that."""
    if not _is_table(experiment):
        return None
    from dlrun.data.table_kinds import LARGEST, size_of

    size = size_of(experiment.dataset.arguments)
    if size is None or size <= LARGEST:
        return None
    return (
        f"the kinds of the columns: the table has {_in_mb(size)}, and values are counted of up to "
        f"{_in_mb(LARGEST)}; `dlrun data` counts them"
    )


def doubts_of(verdict: Verdict, *, with_summary: bool = False) -> tuple[Problem, ...]:
    """What can be trained as it is written and is seldom meant, as far as the data were loaded.

    With a summary the values of a table are counted, and told where they are large.
    """
    from dlrun.config.rules import doubts

    experiment, told = verdict.experiment, []
    if experiment is None:
        return ()
    if verdict.spec is not None:
        from dlrun.execution.layers import unread

        what = unread(verdict.spec, experiment)
        told += [] if what is None else [Problem("model.layers", f"{what[0].upper()}{what[1:]}.")]
    large = _large_columns(experiment, verdict.spec) if with_summary else None
    told += [] if large is None else [Problem("dataset.scale", f"{large[0].upper()}{large[1:]}")]
    located = locate(experiment, ConfigError(*told)).problems if told else ()
    return (*doubts(experiment), *located)


def _large_columns(experiment: Experiment, spec: Spec | None) -> str | None:
    """Say which columns are large and unscaled, by the training rows or by all of a table."""
    from dlrun.config.rules.unscaled import unscaled

    dataset = experiment.dataset
    if spec is not None:
        from dlrun.data.columns import large_columns

        return unscaled(experiment, large_columns(spec.columns or ()))
    form = find_sample(dataset.type, dataset.arguments).format
    if dataset.scale != "none" or form not in ("table", "steps"):
        return None
    from dlrun.data.table_kinds import foresee_large

    return unscaled(experiment, foresee_large(dataset.arguments))


def _is_table(experiment: Experiment) -> bool:
    dataset = experiment.dataset
    return find_sample(dataset.type, dataset.arguments).format == "table"


def _first_unknown(experiment: Experiment, spec: Spec | None) -> str | None:
    """From where on shapes are told only when the model is built."""
    sample, steps = follow_layers(experiment, spec)
    if sample is None:
        return "the shapes of all layers: that of the data is known when they are read"
    unknown = next((step for step in steps if step.shape is None), None)
    if unknown is None:
        return None
    return f"shapes from '{unknown.name}' ({unknown.type}) on, until the model is built"


def _look_at_data(experiment: Experiment) -> _Seen:
    """Look at the data of an experiment as far as that is cheap; raise what is wrong with them."""
    dataset = experiment.dataset
    form = find_sample(dataset.type, dataset.arguments).format
    if (columns := dataset.arguments.get("columns")) and form == "table":
        from dlrun.columns import check_options

        check_options(columns)
    word = catalog.find("datasets", dataset.type)
    named = [dataset.arguments.get(one.name) for one in (word.parameters if word else ())
             if "Path" in (one.annotation or "")]  # fmt: skip
    if not named:
        return _look_at_drawn(experiment)
    if isinstance(named[0], list):
        return _look_at_list(experiment, named[0], form)
    if not isinstance(named[0], Path):
        return _Seen((f"the data of {dataset.type}: no file is named, and one may be downloaded",))
    if form == "texts":
        return _look_at_texts(experiment, named[0])
    if form == "images":
        from dlrun.data.image_folder import find_images

        found = find_images(named[0])
        return _Seen((f"the pixels of {tally(sum(map(len, found.files.values())), 'image')}",))
    return _look_at_file(experiment, named[0])


def _look_at_texts(experiment: Experiment, path: Path) -> _Seen:
    """Read the texts of a folder where they are few; else list them."""
    from dlrun.data.text_folder import find_texts

    files = [file for some in find_texts(path).files.values() for file in some]
    with suppress(OSError):
        sizes = [Path(file).stat().st_size for file in files[: MOST_FILES + 1]]
        if len(files) <= MOST_FILES and sum(sizes) <= READ_AGAIN:
            return _load(experiment)
    return _Seen((f"the words of {tally(len(files), 'text')}",))


def _look_at_drawn(experiment: Experiment) -> _Seen:
    least, most = drawn_bytes(experiment)
    if excess(least) is not None or (most <= READ_AGAIN and not drawn_look_right(experiment)):
        return _load(experiment)  # Of too many rows it draws one, to measure it.
    if excess(most) is None and drawn_look_right(experiment):
        return _Seen()
    return _Seen((f"the rows of {experiment.dataset.type} ({_in_mb(most)})",))


def _look_at_list(experiment: Experiment, paths: Sequence[Path], form: str | None) -> _Seen:
    """Look at several files, which is cheap only where they hold arrays."""
    if form != "arrays":
        return _Seen((f"the rows of {', '.join(map(str, paths[:3]))}",))
    size = sum(regular_size(path, seekable=True) or 0 for path in paths)
    if size <= READ_AGAIN and not (paths and arrays_look_right(experiment, paths[0], size)):
        return _load(experiment)
    return _Seen((f"the values in {', '.join(map(str, paths))}",))


def _look_at_file(experiment: Experiment, path: Path) -> _Seen:
    """Look at a file; see `_look_at_data`."""
    dataset = experiment.dataset
    kind = find_sample(dataset.type, dataset.arguments).format
    looks = {"table": table_looks_right, "arrays": arrays_look_right, "steps": steps_look_right}
    look = looks.get(kind or "")
    if look is None and path.is_dir():
        return _Seen((f"the values in {path}",))
    size = regular_size(path, seekable=kind not in ("table", "steps"))
    if size is None:
        return _Seen((f"{path}, which is no single file that can be read twice",))
    if look is not None and not look(experiment, path, size):
        sample = find_sample(dataset.type, dataset.arguments)
        if size <= (FEW_IMAGES if sample.named else READ_AGAIN):
            return _load(experiment)
        untold = "what it holds could not be told by its beginning"
        if sample.named:
            untold = "its rows, and the images that they name"
        return _Seen((f"{path} ({_in_mb(size)}): {untold}",))
    if kind in ("table", "steps"):
        large = f"the rows of {path} ({_in_mb(size)}) but for the first ones"
        return _Seen() if size <= SMALL else _Seen((large,))
    return _Seen((f"the values in {path}",))


def _load(experiment: Experiment) -> _Seen:
    from dlrun.execution.loading import check_ends, load_splits

    splits = load_splits(experiment)
    check_ends(experiment, splits)
    return _Seen(spec=splits.spec)


def _in_mb(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
