"""Prints what the forms of each shipped config take: `python -m tests.exporters.measured`."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from dlrun.config import load_config
from dlrun.execution.options import RunOptions
from dlrun.rundir.folder import Run
from dlrun.training.listener import Listener
from dlrun.workflows.export import export
from dlrun.workflows.train import train
from tests.conftest import CONFIGS
from tests.exporters.test_forms import SHIPPED

FORMS = {
    "saved_model": "saved_model",
    "onnx": "model.onnx",
    "litert": "model.tflite",
    "{type: litert, quantize: int8}": "model_int8.tflite",
}


def load_views(path):
    """What layers name of the columns, for which there is no int8."""
    return json.loads((path / "spec.json").read_text())["views"]


def measure(name, folder):
    """Write a model in all forms: seconds of one core, bytes, difference as a part of outputs."""
    epochs = 0 if name == "threshold_exact" else 5
    settings = [f"training.epochs={epochs}", "exports=[]"]
    experiment = load_config(CONFIGS / f"{name}.yaml", settings)
    run = train(experiment, RunOptions(folder, ("measured",), report=False), Listener()).folder
    found = {}
    for word, file in FORMS.items():
        if "int8" in word and load_views(run.path):
            continue
        begin = time.process_time()
        written = export(Run(run.path), [word], listener=Listener())
        seconds, size = time.process_time() - begin, sum(one.stat().st_size for one in written)
        record = json.loads((run.path / "run.json").read_text())
        facts = record.get("exports_checked", {}).get(file, {})
        part = None
        if facts:
            part = facts["largest_difference"] / max(facts["largest_output"], 1)
        found[word] = (seconds, size, part)
    return found


def main():
    """Print a table in Markdown."""
    print("| config | `saved_model` | `onnx` | `litert` | `int8` |\n|---|---|---|---|---|")  # noqa: T201
    with tempfile.TemporaryDirectory() as folder:
        for name in SHIPPED:
            cells = [
                f"{seconds:.1f} s, {size / 1000:,.0f} kB"
                + ("" if difference is None else f", {difference:.0e}")
                for seconds, size, difference in measure(name, Path(folder)).values()
            ]
            cells += [""] * (len(FORMS) - len(cells))
            print(f"| `{name}` | {' | '.join(cells)} |", flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
