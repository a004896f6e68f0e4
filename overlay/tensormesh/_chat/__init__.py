"""The namespace `chat`: its public methods, and what the SDK knows about chat completions."""
