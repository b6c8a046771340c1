//! The HTTP client against a server with faults.
