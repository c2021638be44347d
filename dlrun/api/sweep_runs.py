"""Sweeps from Python: trained in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dlrun.api.run import Run
from dlrun.errors import DlrunError
from dlrun.notebook import Rows


def sweep(
    config: str | os.PathLike[str] | Mapping[str, Any],
    *,
    runs_dir: str | os.PathLike[str] = "runs",
    workers: int | None = None,
    device: str = "auto",
) -> Sweep:
    """Train all runs of a sweep that are not there yet, in processes of their own.

    Args:
        config: What a sweep says, as a path, a text or a mapping; its `base` is a path.
        runs_dir: Where the folder of the sweep is made.
        workers: How many runs are trained at a time; None for what cores and memory allow.
        device: `auto`, `cpu`, `gpu` or `gpu:1`.

    Raises:
        DlrunError: The sweep is wrong, or a run of it failed.
    """
    from dlrun.config.python import as_yaml
    from dlrun.sweeps.sweep import plan_sweep

    with TemporaryDirectory(prefix="dlrun-") as place:
        text = as_yaml(config, paths=("base",))
        path = Path(config) if text is None else Path(place, "sweep.yaml")  # type: ignore[arg-type]
        if text is not None:
            path.write_text(text, encoding="utf-8")
        folder = plan_sweep(path, overrides=(), runs_dir=Path(runs_dir)).folder
        # This process may have computed, and such a one must not be copied; its child may be.
        words = [sys.executable, "-m", "dlrun", "sweep", "run", str(path), "--quiet"]
        words += ["--runs-dir", str(runs_dir), "--device", device]
        words += [] if workers is None else ["--jobs", str(workers)]
        done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)  # noqa: S603
    said = done.stderr.decode("utf-8", "replace").strip()
    if done.returncode:
        what = said.removeprefix("error: ") or f"the sweep ended with {done.returncode}."
        raise DlrunError(what, where=str(folder))
    return Sweep(folder.absolute())


@dataclass(frozen=True)
class Sweep:
    """A sweep: its folder, and what came out of it, read when it is asked for."""

    path: Path

    @property
    def results(self) -> Rows:
        """One mapping a run, the best first: what tells it apart, status and metrics."""
        from dlrun.sweeps.results import read_results

        found = read_results(self.path)
        return Rows(
            {
                "run": str(run.path),
                "status": run.status,
                **run.point,
                **{f"{split}.{name}": one for split, named in run.metrics.items()
                   for name, one in named.items()},
                "epochs": run.epochs,
                "seconds": run.seconds,
            }
            for point in found.points()
            for run in point.runs
        )  # fmt: skip

    @property
    def best(self) -> Run:
        """The best run."""
        from dlrun.sweeps.results import read_results, the_best

        return Run(the_best(read_results(self.path)).path)

    def _repr_html_(self) -> str:
        return self.results._repr_html_()
