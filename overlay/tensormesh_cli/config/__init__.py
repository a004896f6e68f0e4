"""Settings of `tm`: where they are kept, how they are read, and how they are changed."""
