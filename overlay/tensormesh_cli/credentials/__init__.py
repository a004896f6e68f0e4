"""The login of `tm`: the file that keeps it, how it is made, and how it is renewed."""
