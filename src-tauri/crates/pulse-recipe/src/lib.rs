//! Cleaning: steps on Polars lazy frames, recipes that fold them, live previews and column profiles.
//!
//! Steps do no IO and never read the clock: the same recipe on the same table gives the same result, byte for byte.
//! Every value a step cannot convert becomes missing **and** a ledger entry (see [`Plan::rejects`]).

mod catalogue;
mod convert;
mod dates;
mod fold;
mod names;
mod number;
mod preview;
pub mod profile;
mod recipe;
mod step;
pub mod steps;
mod text;

#[cfg(test)]
mod properties;

pub use catalogue::{ExampleInfo, ExampleTable, StepInfo, catalogue};
pub use fold::{Plan, PlannedStep, StepCounts, counts, ledger, plan, watch};
pub use preview::{ColumnStatus, Preview, PreviewColumn, StepOutcome, preview};
pub use recipe::{Recipe, RecipeStep};
pub use step::{About, Example, ROW, RowEffect, Step, StepInput, StepOutput};
pub use text::{ipc, to_text, type_word};

use polars::error::PolarsError;
use pulse_core::Error;

/// Turns the engine's error into ours: `attempt` completes "Could not …".
fn engine(attempt: &str) -> impl Fn(PolarsError) -> Error {
    move |cause| {
        Error::invalid(format!("Could not {attempt}: {}", names::first_line(&cause.to_string())))
            .hint("Check the settings of this step against the types of its columns.")
    }
}
