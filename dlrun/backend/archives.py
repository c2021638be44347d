"""Keras's own file format at any time: a zip file knows no year before 1980 or after 2107."""

import contextlib
import time as clock
import zipfile
from collections.abc import Iterator

_YEARS = (1980, 2107)


class _Clock:
    """What `zipfile` asks for the time: the local one, or the nearest that a zip file can hold."""

    time = staticmethod(clock.time)

    @staticmethod
    def localtime(seconds: float | None = None) -> clock.struct_time:
        told, (first, last) = clock.localtime(seconds), _YEARS
        if told.tm_year < first:
            return clock.struct_time((first, 1, 1, 0, 0, 0, 0, 1, 0))
        if told.tm_year > last:
            return clock.struct_time((last, 12, 31, 23, 59, 58, 5, 365, 0))
        return told


@contextlib.contextmanager
def zip_dates() -> Iterator[None]:
    """Let what the block writes as a zip file be written whatever the clock says.

    A board without a battery begins in 1970. `ZipFile.write` and `writestr`, which Keras calls for
    `.keras` files, take no time of their own and raise `ValueError`.
    """
    before = vars(zipfile)["time"]
    vars(zipfile)["time"] = _Clock
    try:
        yield
    finally:
        vars(zipfile)["time"] = before
