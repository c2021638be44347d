"""Writes the model and the training of a config for a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from dlrun.reports import image_drafts
from dlrun.reports.config_lines import (
    LEAST,
    TEST_SHARE,
    VALIDATION_SHARE,
    commented,
    scalar,
    stopping,
)
from dlrun.reports.profile import RARE, Profile, TargetProfile

MANY: Final = 20_000
"""From so many rows on networks are larger, and trained for fewer epochs."""
FEW_STEPS: Final = 3  # of an epoch, of which the next one can improve little


def _units(rows: int) -> tuple[int, ...]:
    """Choose the sizes of the hidden layers by the number of rows."""
    return (64, 32) if rows < MANY else (128, 64)


def model(found: Profile, *, others: bool) -> Iterator[str]:
    """Write model, loss, optimizer and metrics; `others`: whether not all columns are images."""
    is_class = found.targets[0].is_class
    yield "model:"
    yield "  layers:"
    yield from _seeing(found, others=others)
    for units in _units(found.rows):
        yield f"    - {{type: Dense, units: {units}, activation: relu}}"
        if is_class:
            yield commented("    - {type: Dropout, rate: 0.2}", "only while training")
    if not is_class:
        yield "    # Where training is far better than validation, fewer units help, or in both"
        yield "    # kernel_regularizer: {type: L2, l2: 0.01}."
    yield commented(*_last_layer(found.targets))
    yield ""
    loss, metrics = _loss(found.targets)
    yield f"loss: {loss}"
    yield "optimizer: {type: Adam, learning_rate: 0.001}"
    yield f"metrics: [{', '.join(metrics)}]"


def _seeing(found: Profile, *, others: bool) -> Iterator[str]:
    """Write the layers that see images, and put what they have found beside the other columns."""
    images = [one for one in found.columns if one.kind.kind == "image"]
    for number, column in enumerate(images, 1):
        size = (column.kind.options["size"][0], column.kind.options["size"][1])
        seen = image_drafts.layers(size, scalar(column.name), f"seen_{number}")
        yield from (commented(f"    - {line}", about) for line, about in seen)
    names = [f"seen_{number}" for number in range(1, len(images) + 1)] + ["input"] * others
    if len(names) > 1 and images:
        about = "`input` is all other columns" if others else ""
        yield commented(f"    - {{type: Concatenate, inputs: [{', '.join(names)}]}}", about)


def _last_layer(targets: Sequence[TargetProfile]) -> tuple[str, str]:
    if not targets[0].is_class:
        about = "one unit per number, any number may come out"
        return f"    - {{type: Dense, units: {len(targets)}}}", about
    if len(targets) > 1:
        line = f"    - {{type: Dense, units: {len(targets)}, activation: sigmoid}}"
        return line, "one probability per label"
    classes = targets[0].classes or ()
    if len(classes) == 2:  # noqa: PLR2004
        line = "    - {type: Dense, units: 1, activation: sigmoid}"
        return line, f"the probability of {max(text for text, _ in classes)}"
    line = f"    - {{type: Dense, units: {len(classes)}, activation: softmax}}"
    return line, "one probability per class"


def _loss(targets: Sequence[TargetProfile]) -> tuple[str, list[str]]:
    if not targets[0].is_class:
        return "mean_squared_error", ["mean_absolute_error", "r2_score"]
    if len(targets) > 1:
        return "binary_crossentropy", ["binary_accuracy"]
    if len(targets[0].classes or ()) == 2:  # noqa: PLR2004
        return "binary_crossentropy", ["accuracy"]
    return "sparse_categorical_crossentropy", ["accuracy"]


def training(found: Profile) -> Iterator[str]:
    """Write for how long it is trained."""
    rows = found.rows
    epochs, batch, patience = (300, 32, 20) if rows < MANY else (60, 256, 5)
    yield "training:"
    yield commented(f"  epochs: {epochs}", "at most")
    yield f"  batch_size: {batch}"
    shares = [
        count / max(1, rows - target.missing)
        for target in found.targets
        for _, count in target.classes or ()
    ]
    if shares and min(shares) < RARE:
        about = "some classes are rare: this weighs them up, at the cost of accuracy"
        yield commented("  # class_weight: balanced", about)
    steps = rows * (1 - TEST_SHARE) * (1 - VALIDATION_SHARE) / batch
    yield from stopping(patience, LEAST if steps <= FEW_STEPS else None)
