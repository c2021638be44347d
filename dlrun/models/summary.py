"""The model as a table of text: what `model.txt` holds."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

_HEADER = ("layer", "type", "inputs", "output shape", "parameters")


def summary_text(model: Any, layers: Sequence[Mapping[str, Any]]) -> str:
    """Return a table with one line for each of the layers that the model was built of, and sums."""
    # Keras's own summary is drawn for a terminal and cut to its width; this one is for a file.
    rows = [_HEADER] + [
        (
            layer["name"],
            layer["type"],
            ", ".join(layer["inputs"]),
            str(tuple(model.get_layer(layer["name"]).output.shape)),
            f"{model.get_layer(layer['name']).count_params():,}",
        )
        for layer in layers
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    # Words stand to the left of their columns, the last one, numbers, to the right.
    lines = [
        "  ".join([*map(str.ljust, row[:-1], widths), row[-1].rjust(widths[-1])]) for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    trainable = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    total = model.count_params()
    lines += ["", f"{total:,} parameters, {trainable:,} of them trainable"]
    return "\n".join(lines) + "\n"
