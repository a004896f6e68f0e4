"""The Control Plane of the local host: its state, its operations, and the keys it gives out."""
