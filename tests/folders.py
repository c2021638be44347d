"""Changes a run folder as somebody would who can make all its hashes anew."""

import json

from dlrun.rundir.integrity import signed


def change(path, **changes):
    """Change entries of a JSON file in a run folder; None takes one away."""
    values = json.loads(path.read_text()) | changes
    gone = {key for key, value in changes.items() if value is None}
    values = {key: values[key] for key in values.keys() - gone}
    if path.name == "run.json":
        path.write_text(signed(values))
        return
    path.write_text(json.dumps(values))
    record = json.loads((path.parent / "run.json").read_text())
    record.get("files", {}).pop(path.name, None)
    (path.parent / "run.json").write_text(signed(record))
