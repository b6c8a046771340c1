//! Properties of every recipe.
