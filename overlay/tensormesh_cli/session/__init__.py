"""The interactive chat of `tm infer chat`."""
