"""What is said about the words: their other spellings, their first sentences, their prose.

Reading a whole kind takes the docstrings alone; signatures are left to `dlrun.catalog.words`.
"""

import inspect
import re
from functools import lru_cache
from typing import Final

from dlrun.catalog import docstrings, keras_names, shelves, text
from dlrun.catalog.words import ACCURACY, ACCURACY_DOC, canonical, spellings, words

SENTENCE: Final = re.compile(
    r".+?(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!a\.k\.a)[.!?](?=\s+[A-Z`\"(*]|$)"
)
SECTION_OR_CODE: Final = re.compile(r"^(?:[A-Z][\w ]*:$|```|>>>|[-*] |\$\$)", re.MULTILINE)
OPEN_END: Final = re.compile(r":$|\bas$")  # of a paragraph that only leads to a formula
LINK: Final = re.compile(r"\[([^\]]+)\]\(\s*[^)]*\)")
CLASS_DOCSTRING: Final = r'^class {name}\b[^:]*:\n    r?"""(.*?)"""'


@lru_cache
def aliases(kind: str) -> dict[str, tuple[str, ...]]:
    """The other spellings of a kind's words, sorted, by canonical name."""
    found: dict[str, list[str]] = {}
    for alias, name in spellings(kind).items():
        if canonical(kind, alias) == name:
            found.setdefault(name, []).append(alias)
    return {name: tuple(sorted(spelt)) for name, spelt in found.items()}


def gist(kind: str, name: str) -> str:
    """The first sentence about a word, by its canonical name."""
    summary = docstrings.summary(_docstring(kind, name))
    sentence = SENTENCE.match(summary)
    return without_links(sentence[0] if sentence else summary)


def prose(kind: str, name: str) -> tuple[str, ...]:
    """The first paragraphs about a word, two at most, up to the first section or piece of code."""
    docstring = _docstring(kind, name)
    end = SECTION_OR_CODE.search(docstring)
    paragraphs = docstring[: end.start() if end else None].strip().split("\n\n")
    told = [without_links(" ".join(paragraph.split())) for paragraph in paragraphs[:2]]
    return tuple(paragraph for paragraph in told if paragraph and not OPEN_END.search(paragraph))


def family(kind: str, name: str) -> str | None:
    """The group that Keras puts a layer into, such as `pooling`; None for other kinds."""
    if kind != "layers":
        return None
    return keras_names.origins(kind)[name].module.split(".")[3]


def without_links(line: str) -> str:
    """A line of Markdown without the addresses: `a [logit](https://...)` becomes `a logit`."""
    return LINK.sub(r"\1", line)


def _docstring(kind: str, name: str) -> str:
    if name not in words(kind):
        return ""
    if (kind, name) == (ACCURACY.kind, ACCURACY.name):
        return ACCURACY_DOC
    if name in shelves.origins(kind):
        return shelves.docstring(kind, name)
    module, original, _ = keras_names.origins(kind)[name]
    if kind == "activations":
        return docstrings.docstring_of(text.function(module, original))
    # Cut out of its file where that is possible without parsing.
    pattern = CLASS_DOCSTRING.format(name=re.escape(original))
    found = re.search(pattern, text.module_text(module), re.MULTILINE | re.DOTALL)
    if found is None or "\\" in found[1]:
        return docstrings.docstring_of(text.class_head(module, original))
    return inspect.cleandoc(found[1])
