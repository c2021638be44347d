"""A sweep stands for its runs in a comparison; where one run is expected, it is refused."""

from tests.sweeping import store_sweep


def measured(rate, seed):
    return {"test": {"loss": rate + seed / 100, "accuracy": 0.9}}


def test_a_sweep_stands_for_its_runs(dlrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runs = sorted(store_sweep(tmp_path, measured).values())
    named = dlrun("compare", *runs)[1]
    assert dlrun("compare", "rates")[1] == dlrun("compare", "runs/rates")[1] == named
    assert dlrun("compare", "rates", runs[0])[1] == named


def test_a_sweep_is_no_run(dlrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store_sweep(tmp_path, measured)
    for words in (("report", "rates"), ("evaluate", "rates"), ("compare", "--baseline", "rates")):
        code, _, err = dlrun(*words)
        assert code == 2
        assert err == (
            "error: runs/rates: is a sweep; one run was expected.\n"
            "  `dlrun sweep show runs/rates` shows its runs.\n"
        )
