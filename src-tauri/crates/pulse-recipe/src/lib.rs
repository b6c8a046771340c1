//! pulse-recipe
