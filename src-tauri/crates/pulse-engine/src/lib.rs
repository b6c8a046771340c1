//! pulse-engine
