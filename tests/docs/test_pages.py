"""The README is short and leads on; what stands elsewhere in the code is told whole."""

from __future__ import annotations

import re

from tests.conftest import ROOT
from tests.docs.pages import PAGES, blocks, text_of

LONGEST_README = 200


def test_the_readme_is_short():
    """A reader gets through it."""
    assert len(text_of("README.md").splitlines()) <= LONGEST_README


def test_the_first_block_installs_trains_and_tests():
    """`.ci/run` types these lines."""
    first, second = blocks("README.md", "sh")[0].text.strip().splitlines()
    assert "pip install" in first
    assert "dlrun train configs/digits_mlp.yaml" in first
    assert ".[test]" in second
    assert second.endswith("pytest -n auto --dist worksteal")


def test_the_readme_leads_to_what_is_there():
    """Every link and every picture; those of the pages Sphinx holds."""
    for page in ("README.md", "CONTRIBUTING.md"):
        for link in re.findall(r"\]\(([^)#\s]+)", text_of(page)):
            assert link.startswith("https://") or (ROOT / link).exists(), f"{page}: {link}"


def test_a_block_of_yaml_is_saved_once():
    """No two blocks of a page have one name."""
    for page in PAGES:
        names = [block.file for block in blocks(page, "yaml") if block.file]
        assert len(names) == len(set(names)), page


def test_no_page_begins_twice():
    """One title, at the top."""
    for page in PAGES:
        text = re.sub(r"^( *)```.*?^\1```$", "", text_of(page), flags=re.MULTILINE | re.DOTALL)
        assert text.startswith("# "), page
        assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1, page
