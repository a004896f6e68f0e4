"""The commands, one module for each top-level word. Each is loaded when it is used."""
