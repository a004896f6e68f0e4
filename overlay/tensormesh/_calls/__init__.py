"""What happens between a method of a resource and the HTTP exchange below it."""
