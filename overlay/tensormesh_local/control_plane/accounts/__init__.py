"""Users, API keys, logins and the activities of an account."""
