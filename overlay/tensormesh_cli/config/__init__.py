"""The settings of `tm`: their files, and how they are read and changed."""
