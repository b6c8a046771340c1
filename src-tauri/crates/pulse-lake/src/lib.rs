//! pulse-lake
