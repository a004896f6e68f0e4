"""`tm`, the command line of Tensormesh, on the public SDK."""
