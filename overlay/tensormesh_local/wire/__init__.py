"""The wire forms of the inference API: requests read, answers and events written."""
