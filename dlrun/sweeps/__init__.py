"""Many runs: which trial is next, in which process it works, and who hears of it."""
