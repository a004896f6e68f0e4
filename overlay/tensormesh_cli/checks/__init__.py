"""What has to be in place: the checks of `tm auth status`, `tm infer doctor` and `tm doctor`."""
