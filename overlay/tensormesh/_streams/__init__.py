"""From the bytes of a stream to typed events, and to the whole answer."""
