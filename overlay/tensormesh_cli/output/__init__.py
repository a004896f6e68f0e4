"""What commands return, and how it is printed."""

from __future__ import annotations

from tensormesh_cli.output.columns import Column, Table
from tensormesh_cli.output.result import Feed, Result, Screen, Stream

__all__ = ["Column", "Feed", "Result", "Screen", "Stream", "Table"]
