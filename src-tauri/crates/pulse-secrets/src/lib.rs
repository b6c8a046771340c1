//! Secrets of connections.
