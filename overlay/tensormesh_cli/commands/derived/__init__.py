"""Commands made of the operations of the Control Plane: nothing in here names one of them."""
