"""Finds columns of a CSV file by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlrun.errors import DataError
from dlrun.wording import count, quote

if TYPE_CHECKING:
    from collections.abc import Sequence


def column_positions(
    header: Sequence[str], names: Sequence[str], *, where: str
) -> tuple[list[int], list[str]]:
    """Finds columns by name.

    Args:
        header: All names of the file.
        names: The names to find.
        where: The file and the header's line, for messages.

    Returns:
        The positions of the names that are there, and the names that are not.

    Raises:
        DataError: A name to find stands in the header twice.
    """
    places_of: dict[str, list[int]] = {}
    for index, column in enumerate(header):
        places_of.setdefault(column, []).append(index)
    positions, missing = [], []
    for name in names:
        found = places_of.get(name, [])
        if len(found) > 1:
            places = ", ".join(str(index + 1) for index in found)
            raise DataError(
                f"column {quote(name)} appears {count(len(found), 'time')} (columns {places}).",
                where=where,
                fix="Give each column a name of its own.",
            )
        if found:
            positions.append(found[0])
        else:
            missing.append(name)
    return positions, missing
