//! pulse-connect
