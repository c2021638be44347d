"""A batch that several devices share trains as it does on one: against plain Keras's `fit`."""

from __future__ import annotations

import json

import pytest

from tests import forked
from tests.training.replicated import PROGRAM, QUICK, cases

CLOSE = 1e-5


def expect_close(names):
    """Weights and history of each case are those of `fit` on one device."""
    done = forked.run_program(PROGRAM, *names, imported=forked.HEAVY)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert set(found) == set(names)
    for name, (weights, history, moved) in found.items():
        assert moved, name
        assert weights < CLOSE, name
        assert history < CLOSE, name


@pytest.mark.slow
def test_shared_batches_train_as_whole_ones():
    """Also where rows do not divide evenly, and where a device has none."""
    expect_close(QUICK)


@pytest.mark.slow
def test_other_losses_layers_and_optimizers_do_too():
    """Masks, images, sums, means by weights, averages of weights, scaled losses."""
    expect_close([name for name in cases() if name not in QUICK])
