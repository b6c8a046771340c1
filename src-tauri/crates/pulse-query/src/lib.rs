//! pulse-query
