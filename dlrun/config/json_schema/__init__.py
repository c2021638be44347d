"""The language as a JSON Schema (draft 7), for the completion and hover of editors.

It knows words, arguments and their types. What depends on several fields at once is left to
`dlrun validate`.
"""

from dlrun.config.json_schema.experiment import json_schema

__all__ = ["json_schema"]
