"""The Control Plane of the local host."""
