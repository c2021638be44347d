"""The layers of a config once the data are known: the columns that they name, and their shapes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dlrun import catalog
from dlrun.arrays import Spec
from dlrun.columns.inference import TEXT
from dlrun.columns.packing import completed, numbered_alone, parts
from dlrun.config import Experiment
from dlrun.config.rules.graph import TARGET, column_problems
from dlrun.errors import ConfigError, Problem
from dlrun.shapes import Step, walk
from dlrun.shapes.input_readers import LOOKUPS, find_lookups, is_sized
from dlrun.shapes.layer import DATA
from dlrun.wording import listed


def layers_of(experiment: Experiment, spec: Spec) -> list[dict[str, Any]]:
    """The layers as mappings; how many classes a layer looks up is told by the column."""
    return completed(experiment.model.mappings, spec.columns or ())


def steps_of(experiment: Experiment, spec: Spec) -> tuple[Step, ...]:
    """Carry the shape of a row of a spec through the layers."""
    return walk(layers_of(experiment, spec), spec.input_shape, spec.views)


def check_columns(experiment: Experiment, spec: Spec) -> None:
    """Refuse layers that name what is no column, or that look up too few classes of one."""
    if spec.columns is None:
        return
    names = [column.name for column in spec.columns if column.is_read]
    if spec.series is not None:
        names = []  # a window is one array
    given = {column.name: f"it is {column.kind}" for column in spec.columns if not column.is_read}
    others = spec.table.columns if spec.table is not None else None
    left_out = {name: "it is left out" for name in others or () if name not in names}
    left_out |= dict.fromkeys(spec.target_names, TARGET) | given
    problems = [
        *column_problems(experiment, names, left_out),
        *_nothing_left(experiment, spec),
        *_too_few(experiment, spec),
    ]
    if problems:
        raise ConfigError(*problems)


def check_arrays(experiment: Experiment, spec: Spec) -> None:
    """Refuse layers that name no array, and arrays that no layer reads."""
    names = [view.name for view in spec.views]
    problems = [*column_problems(experiment, names), *_nothing_left(experiment, spec)]
    read = {name for layer in experiment.model.layers for name in layer.inputs or ()}
    forgotten = [name for name in names if name not in read]
    if forgotten:
        what = f"No layer reads {listed(forgotten)}."
        problems.append(Problem("dataset.x", what, "Leave it out, or name it in 'inputs'."))
    if problems:
        raise ConfigError(*problems)


def unread(spec: Spec, experiment: Experiment) -> str | None:
    """Say which columns no layer reads, in one line; None where there are none."""
    if not any(view.name == DATA for view in spec.views):
        return None
    if any(DATA in (layer.inputs or ()) for layer in experiment.model.layers):
        return None
    aside = {view.name for view in spec.views}
    names = [one.name for one in spec.columns or () if one.is_read and one.name not in aside]
    return f"no layer reads 'input', so the network does not see {listed(names)}"


def numbered_since(spec: Spec, experiment: Experiment) -> Iterator[str]:
    """Say which layers look words up that got counts of them until `NUMERICS` was 2."""
    if spec.table is None:
        return  # folders of texts came later
    texts = {part.column.name for part in parts(spec.columns or (), spec.views)
             if part.ids and part.column.kind == TEXT}  # fmt: skip
    alone = numbered_alone(spec.columns or ())
    for reader in find_lookups(experiment.model.mappings) if texts else ():
        for name in reader.inputs:
            column = alone.name if name == DATA and alone is not None else name
            if column in texts and is_sized(reader.layer):
                yield (
                    f"{reader.path} ({reader.layer.type}) reads the words of '{column}' in their "
                    "order, as numbers; dlrun before 30 November 2026 gave it how often each word "
                    "stands there, and runs of then still get that"
                )


def _nothing_left(experiment: Experiment, spec: Spec) -> Iterator[Problem]:
    if not spec.views or any(view.name == DATA for view in spec.views):
        return
    for index, layer in enumerate(experiment.model.layers):
        for place, name in enumerate(layer.inputs or ()):
            if name == DATA:
                names = listed(dict.fromkeys(view.name for view in spec.views))
                what = "Nothing is left for 'input': layers name every column themselves."
                if spec.columns is None:
                    what = f"'input' is nothing where there are several arrays: {names}."
                path = f"model.layers[{index}].inputs[{place}]"
                yield Problem(path, what, "Name what this layer is to read.")


def _too_few(experiment: Experiment, spec: Spec) -> Iterator[Problem]:
    """A class without a row in the table would be refused only when rows are predicted."""
    by_name = {column.name: column for column in spec.columns or ()}
    ids = {name: column.ids for name, column in by_name.items()}
    alone = numbered_alone(spec.columns or ())
    if alone is not None:  # `input` is its numbers
        by_name[DATA], ids[DATA] = alone, alone.ids
    looked_up = {view.name for view in spec.views if view.ids}
    full = layers_of(experiment, spec)
    for index, layer in enumerate(experiment.model.layers):
        argument = LOOKUPS.get(layer.type)
        given = layer.arguments.get(argument) if argument else None
        word = catalog.find("layers", layer.type)
        needed = word.parameter(argument) if word and argument else None
        if needed is not None and needed.required and argument not in full[index]:
            name = (layer.inputs or ("",))[0]
            if name not in {*ids, "", DATA, *(one.name for one in experiment.model.layers)}:
                continue  # there is no such column, which is told
            if name == DATA:
                what = f"{layer.type} needs '{argument}': 'input' is no text alone."
                texts = [one.name for one in spec.columns or () if one.kind == TEXT]
                example = f"inputs: [{texts[0]}]" if texts else "inputs: [NAME]"
                fix = f"Name a column, whose data say it, such as '{example}', or write it."
                yield Problem(f"model.layers[{index}].{argument}", what, fix)
                continue
            what = f"{layer.type} needs '{argument}': the column '{name}' has no classes to count."
            fix = f"Write how many ids it holds, or 'dataset.columns: {{{name}: category}}'."
            yield Problem(f"model.layers[{index}].{argument}", what, fix)
        for name in layer.inputs or ():
            wanted = ids.get(name) if name in looked_up else None
            if wanted is not None and isinstance(given, int) and given < wanted:
                column = by_name[name]
                has = f"{wanted} classes" if column.steps == 1 else f"{wanted} numbers of words"
                what = f"{given} is too small for the column '{column.name}', which has {has}."
                fix = f"Leave {argument} out, and the data say it."
                yield Problem(f"model.layers[{index}].{argument}", what, fix)
