"""From `specs/` and `templates/` to `generated/`: the engine behind `codegen.py`.

A tool of the maintainers: it is not part of the distribution.
"""
