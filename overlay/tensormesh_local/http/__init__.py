"""HTTP as all three hosts speak it: routes, requests, responses, errors, allowed host names."""
