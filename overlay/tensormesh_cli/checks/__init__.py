"""The checks of `tm auth status`, `tm infer doctor` and `tm doctor`."""
