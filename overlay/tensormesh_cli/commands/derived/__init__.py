"""Commands derived from the operations of the Control Plane. None is named in here."""
