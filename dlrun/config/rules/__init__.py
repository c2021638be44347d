"""Rules across fields: what each field allows alone, but not together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlrun.config.findings import Findings
    from dlrun.config.places import Places
    from dlrun.config.schema import Experiment


def check_rules(experiment: Experiment, places: Places, findings: Findings) -> None:
    """Check every rule; one whose path already has a problem says nothing."""
