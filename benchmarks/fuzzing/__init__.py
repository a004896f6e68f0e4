"""The targets of the fuzz run, by name."""

from __future__ import annotations

from . import bodies, models, responses, streams
from .target import Target

TARGETS: dict[str, Target] = {
    "http": Target(responses.make_response, responses.check_response, share=10),
    "sse": Target(streams.make_stream, streams.check_stream, share=30),
    "lines": Target(streams.make_stream, streams.check_lines, share=10),
    "think": Target(streams.make_text, streams.check_text, share=20),
    "errors": Target(bodies.make_body, bodies.check_error_body, share=15),
    "json": Target(bodies.make_body, bodies.check_json, share=10),
    "models": Target(models.make_data, models.check_data, share=10),
    "chunks": Target(models.make_chunks, models.check_chunks, share=5),
}

__all__ = ["TARGETS", "Target"]
