"""The login of `tm`: its file, how it is created and how it is renewed."""
