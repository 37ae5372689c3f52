"""RFC 9110 and 9112: conditions, ranges, headers, and sending."""
