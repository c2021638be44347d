"""What exported models are given: the names of their inputs, and rows to try them on."""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def input_names(names: Iterable[str]) -> dict[str, str]:
    """Give each column the name of an input, which every tool takes: `Land__ISO_` for `Land (ISO)`.

    Letters and digits of ASCII and `_`, the first one a letter, no two alike.
    """
    found: dict[str, str] = {}
    for name in names:
        plain = re.sub(r"\W", "_", name, flags=re.ASCII)
        plain = plain if plain[:1].isalpha() else f"column_{plain}"
        others = (f"{plain}_{number}" for number in count(2))
        taken = {*found.values()}
        found[name] = plain if plain not in taken else next(o for o in others if o not in taken)
    return found
