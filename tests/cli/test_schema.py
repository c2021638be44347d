"""`dlrun schema` prints the language for editors."""

import json

from dlrun.config.json_schema import json_schema


def test_it_is_the_schema_on_stdout(dlrun):
    """JSON and nothing else."""
    exit_code, out, err = dlrun("schema")
    assert (exit_code, err) == (0, "")
    assert json.loads(out) == json_schema()
