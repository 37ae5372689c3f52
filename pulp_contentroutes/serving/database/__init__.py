"""The fast path's access to the database: connections, SQL, and the schema that it expects."""
