"""Plain scalars by the core schema of YAML 1.2: `1e-3` is a number, `no` is a string."""

import math
import re
from typing import Final

from dlrun.wording import WRITTEN_NUMBER, cut

Scalar = bool | int | float | str | None

CONSTANTS: Final[dict[str, bool | float | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
DECIMAL: Final = re.compile(r"[-+]?[0-9]+")
OCTAL_OR_HEXADECIMAL: Final = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
FIRST_CHARACTERS: Final = frozenset("-+.0123456789")
MAX_DIGITS: Final = 1000


def resolve(text: str) -> Scalar:
    """The value of a plain scalar, as https://yaml.org/spec/1.2.2/#1032-tag-resolution says.

    Raises:
        ValueError: It is a number that does not fit.
    """
    if text in CONSTANTS:
        return CONSTANTS[text]
    if text[0] not in FIRST_CHARACTERS:
        return text
    if DECIMAL.fullmatch(text):
        return int(_fitting(text))
    if OCTAL_OR_HEXADECIMAL.fullmatch(text):
        return int(_fitting(text), 0)
    if not WRITTEN_NUMBER.fullmatch(text):
        return text
    number = float(_fitting(text))
    if math.isinf(number):
        raise ValueError(f"{cut(text)} is too large for a number")
    return number


def _fitting(digits: str) -> str:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"{cut(digits)} has more than {MAX_DIGITS} digits")
    return digits
