"""Makes the pictures of the README: `python docs/pictures/make.py`, where Chromium is installed.

`terminal.svg` is what a terminal of 100 columns shows near the end of a training, as SVG by rich;
`report.png` is the page that the same run leaves behind: its head, its curves, its results.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.text import Text

PICTURES = Path(__file__).parent
CONFIG = "configs/moons_mlp.yaml"
COLUMNS, LINES = 100, 40
PAGE = (1200, 1365)  # pixels, width and height
PERSON = {"LOGNAME": "ada", "USER": "ada"}
LEFT_OUT = ("What was asked", "The data", "The model")
"""Headings of the page whose parts would stand before its curves."""
_SHOWN_AGAIN = "\x1b[?25h"  # the cursor, once the curves are to vanish
_PIECE = re.compile(r"\x1b\[(\??[\d;]*)([A-Za-z])|(\r)|(\n)|([^\x1b\r\n]+)")
_FONTS = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)


def train(folder: Path) -> str:
    """Train in a terminal, in a folder; give all that was written to it."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        words = [sys.executable, "-m", "dlrun", "train", CONFIG]
        os.execve(words[0], words, {**os.environ, **PERSON, "TERM": "xterm-256color"})  # noqa: S606
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    written = []
    try:
        while piece := os.read(terminal, 1 << 16):
            written.append(piece)
    except OSError:  # the end of a terminal, on Linux
        pass
    if os.waitpid(child, 0)[1]:
        raise SystemExit(b"".join(written).decode())
    return b"".join(written).decode()


def screen(written: str) -> list[str]:
    """What a terminal shows of it, line by line, colours included.

    It knows what dlrun writes: the begin of a line, lines up, and lines that are wiped.
    """
    lines, row = [""], 0
    for code, letter, begin, down, text in _PIECE.findall(written):
        if letter == "A":
            row -= int(code or 1)
        elif letter == "K" or begin:
            lines[row] = "" if letter else lines[row]
        elif down:
            row += 1
            lines += [""] * (row >= len(lines))
        elif letter == "m":
            lines[row] += f"\x1b[{code}m"
        elif text:
            lines[row] += text
    return lines


def draw_terminal(lines: list[str], path: Path) -> None:
    """Write them as SVG, without the fonts that rich would fetch from the network."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    for line in lines:
        console.print(Text.from_ansi(line))
    svg = console.export_svg(title="dlrun")
    svg = _FONTS.sub("", svg).replace("Fira Code", "DejaVu Sans Mono")
    path.write_text(re.sub(r"terminal-\d+", "terminal", svg))


def photograph(page: Path, path: Path) -> None:
    """Write a part of a page as PNG, in few colours."""
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"<section.*?<h2[^>]*>([^<]*)<", text, re.DOTALL)
    places = [headings.index(one) + 1 for one in LEFT_OUT]
    hidden = ", ".join(f"section:nth-of-type({place})" for place in places)
    page.write_text(f"{text}<style>{hidden} {{ display: none }}</style>", encoding="utf-8")
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("Chromium is not installed.")
    with tempfile.TemporaryDirectory() as home:
        subprocess.run(  # noqa: S603
            [
                *(browser, "--headless=new", "--no-sandbox", "--hide-scrollbars"),
                *(f"--user-data-dir={home}", f"--window-size={PAGE[0]},{PAGE[1]}"),
                *(f"--screenshot={path}", page.as_uri()),
            ],
            check=True,
            capture_output=True,
        )
    with Image.open(path) as whole:
        small = whole.convert("RGB").quantize(64)
    small.save(path, optimize=True)


def main() -> None:
    """Make both."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "configs").symlink_to(PICTURES.parents[1] / "configs")
        written = train(folder)
        shown = screen(written.partition(_SHOWN_AGAIN)[0])
        draw_terminal([f"$ dlrun train {CONFIG}", *shown], PICTURES / "terminal.svg")
        (page,) = (folder / "runs").glob("*/report.html")
        photograph(page, PICTURES / "report.png")


if __name__ == "__main__":
    main()
