"""`tm`, the command line of Tensormesh. Builds on the public SDK."""
