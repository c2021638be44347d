"""`dlrun export RUN WORD...`: more forms of a finished run, written into its folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dlrun.config import Component, load_config
from dlrun.config.nodes import Node, Place, Problems
from dlrun.config.overrides import Override
from dlrun.config.rules.files import package_problems
from dlrun.config.yaml import parse
from dlrun.errors import ConfigError, DlrunError, RunFolderError
from dlrun.execution.opening import OpenedRun, load_assembly, load_rows, open_trained
from dlrun.exporters import names_functions
from dlrun.rundir.files import write_text
from dlrun.rundir.folder import Run
from dlrun.rundir.integrity import check_file, hash_file, recorded_files
from dlrun.rundir.lock import holding_lock
from dlrun.rundir.names import CONFIG, RECORD, REPORT
from dlrun.rundir.record import record_text
from dlrun.training.listener import Listener
from dlrun.warm.standby import need_untouched_tensorflow

if TYPE_CHECKING:
    from pathlib import Path

    from dlrun.arrays import Samples, Spec, Splits
    from dlrun.execution.assembly import Assembly


def export(
    run: Run, words: Sequence[str], *, trust: bool = False, listener: Listener
) -> list[Path]:
    """Run exporters on a finished run, and return the files that they wrote.

    A word is that of a config, or `{type: predictions, split: train}`. What the run has written is
    as it was; the new files are recorded with their hashes, so that `verify` knows them.

    Raises:
        DlrunError: The run is not finished, a word is wrong, or an exporter refuses.
    """
    components = _read(run, words)
    if names_functions(components):
        need_untouched_tensorflow()
    with holding_lock(run.path):
        if run.read_record()["status"] != "finished":
            raise RunFolderError(
                f"{run.standing}: only a finished run is exported.",
                where=str(run.path),
                fix=run.next_step,
            )
        opened = open_trained(run, listener, trust=trust)
        assembly = load_assembly(opened)

        from dlrun.exporters import packing_last, packs_run

        has_page = os.path.lexists(run.file(REPORT))
        if not has_page and any(packs_run(component.type) for component in components):
            _draw_page(opened, assembly)
        splits = _Later(opened)
        parts = [part for part in packing_last(components) if part]
        written = [path for part in parts for path in _export(opened, assembly, splits, part)]
    return list(dict.fromkeys(written))


def _export(
    opened: OpenedRun, assembly: Assembly, splits: _Later, components: Sequence[Component]
) -> list[Path]:
    """Run exporters one after the other, and record what they have written."""
    from dlrun.exporters import run_exporter

    run, record = opened.run, opened.run.read_record()
    written: list[Path] = []
    checked: dict[str, Any] = dict(record.get("exports_checked", {}))
    with _recording(run, record, written, checked):
        for component in components:
            opened.listener.doing(f"exporting {component.type} ...")
            one = run_exporter(
                component.type,
                component.arguments,
                model=assembly.model,
                splits=splits,
                predictor=assembly.predictor,
                folder=run,
            )
            written += one.paths
            for path in one.paths:  # what was found of an older file says nothing of it
                checked.pop(path.name, None)
            checked |= one.checked
            for line in one.lines:
                opened.listener.message(line)
    return written


def _draw_page(opened: OpenedRun, assembly: Assembly) -> None:
    """Draw the page of a run that has none, such as one of a sweep; warn where it cannot be."""
    from dlrun.execution.reporting import report_again

    try:
        splits, notes = load_rows(opened)
        report_again(opened, assembly, splits, notes)
    except DlrunError as error:
        told = f"warning: the run has no page, and none can be drawn: {error}"
        opened.listener.message(told)


def _read(run: Run, words: Sequence[str]) -> tuple[Component, ...]:
    """Read the words as those of the run's config would be."""
    problems, place = Problems(), Place("export")
    nodes = [parse(word, "", problems, flag=Place("export")) for word in words]
    problems.raise_if_any()
    override = Override("exports", Node(nodes, place), place)
    check_file(run.path, run.record, CONFIG)
    components = load_config(run.file(CONFIG), [override], data_known=False).exports
    missing = [problem for one in components
               for problem in package_problems("exporters", one.as_dict(), "export")]  # fmt: skip
    if missing:
        raise ConfigError(*missing)
    return components


@contextmanager
def _recording(
    run: Run, record: Mapping[str, Any], written: list[Path], checked: Mapping[str, Any]
) -> Iterator[None]:
    """Record what the block writes, and what it finds of it.

    Meanwhile the record vouches for no export: one that is written anew and killed is not damaged.
    """
    before, hashes = [*record.get("exports", [])], recorded_files(record)
    for name in before:
        check_file(run.path, record, name)
    kept = {name: one for name, one in hashes.items() if name not in before}
    path = run.file(RECORD)
    write_text(path, record_text({**record, "files": kept}))
    try:
        yield
    finally:
        added = [one.relative_to(run.path).as_posix() for one in written]
        exports = sorted({*before, *added})
        there = [name for name in exports if os.path.lexists(run.file(name))]
        now = {name: hash_file(run.file(name)) for name in there}
        # What is gone was there once: that is for `verify` to tell.
        gone = {name: hashes[name] for name in before if name in hashes and name not in now}
        files = {**kept, **gone, **now}
        closed = {key: one for key, one in record.items() if key != "exports_checked"}
        closed |= {"exports": exports, "files": files}
        if checked:
            closed["exports_checked"] = checked
        write_text(path, record_text(closed))


class _Later:
    """The splits of a run, whose rows are loaded when an exporter asks for them."""

    def __init__(self, opened: OpenedRun) -> None:
        self._opened = opened

    @property
    def spec(self) -> Spec:
        """What the rows look like, for which they need not be there."""
        return self._opened.spec

    @cached_property
    def _loaded(self) -> Splits:
        splits, _ = load_rows(self._opened)
        return splits

    def present(self) -> dict[str, Samples]:
        """The splits that have rows, by name."""
        return self._loaded.present()

    def __getattr__(self, name: str) -> Any:
        """Give what `Splits` has, such as `train` and `streamed`."""
        return getattr(self._loaded, name)
