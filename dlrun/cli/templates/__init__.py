"""Configs to start from: one YAML file is one template, its first line says what for."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import Final

from dlrun.errors import UsageError
from dlrun.wording import AMONG_FEW, CONFIGS, did_you_mean

FOLDER: Final = Path(__file__).parent
TEMPLATES: Final = tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))
SWEEP: Final = "sweep"
"""The template that `dlrun sweep` takes, and not `dlrun train`."""
EXAMPLES: Final = {"EXAMPLE_TABLE": "iris.csv", "EXAMPLE_CONFIG": "classification.yaml"}
"""What stands in a template for the path of a file that comes with dlrun."""


def template_text(template: str) -> str:
    """Read a template, as a YAML file that can be trained as it is."""
    if template not in TEMPLATES:
        known = f"The templates are {', '.join(TEMPLATES)}."
        fix = did_you_mean(template, TEMPLATES, similarity=AMONG_FEW) or known
        if Path(template).suffix in CONFIGS:
            fix = f"`dlrun init {TEMPLATES[0]} -o {shlex.quote(template)}` writes one to that file."
        elif os.path.exists(template):  # noqa: PTH110 - never raises
            fix = f"`dlrun init --data {shlex.quote(template)}` writes a config for it."
        raise UsageError(f"There is no template '{template}'.", fix=fix)
    text = (FOLDER / f"{template}.yaml").read_text("utf-8")
    for mark, name in EXAMPLES.items():
        text = text.replace(mark, json.dumps(str(FOLDER / name), ensure_ascii=False))
    return text


def headline(template: str) -> str:
    """Say what a template is a start for: its first line."""
    first, _, _ = (FOLDER / f"{template}.yaml").read_text("utf-8").partition("\n")
    return first.removeprefix("# ")
