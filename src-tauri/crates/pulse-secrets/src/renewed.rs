//! Secrets that outside systems replaced while the program runs, so that nobody uses an old value again.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pulse_core::{Progress, Result};

/// How often one who waits for another's exchange looks again; short enough for a cancel to be felt at once.
const LOOK: Duration = Duration::from_millis(50);

/// What was replaced by what.
#[derive(Default)]
pub(crate) struct Renewed(Mutex<State>);

#[derive(Default)]
struct State {
    /// Every value with the one that was given in its place.
    by: HashMap<String, String>,
    /// The values that somebody is exchanging now.
    busy: HashSet<String>,
}

/// The right to exchange a value, which nobody else has until this is dropped.
pub struct Turn<'a> {
    renewed: &'a Renewed,
    value: String,
}

impl Renewed {
    /// The newest value known in the place of `value`.
    pub(crate) fn newest(&self, value: &str) -> String {
        self.state().newest(value)
    }

    /// Waits until nobody exchanges the newest value in the place of `given`.
    pub(crate) fn turn(&self, given: &str, progress: &Progress) -> Result<Turn<'_>> {
        loop {
            progress.check()?;
            let mut state = self.state();
            let value = state.newest(given);
            if state.busy.insert(value.clone()) {
                return Ok(Turn { renewed: self, value });
            }
            drop(state);
            std::thread::sleep(LOOK);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change of the state is a single step, so that a panic leaves it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn newest(&self, value: &str) -> String {
        let mut newest = value;
        while let Some(next) = self.by.get(newest) {
            newest = next;
        }
        newest.to_owned()
    }
}

impl Turn<'_> {
    /// The newest value.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Notes the value that was given in its place.
    pub fn replaced(&self, new: &str) {
        let mut state = self.renewed.state();
        // What is given now is the newest, even if it was replaced once itself.
        state.by.remove(new);
        if new != self.value {
            state.by.insert(self.value.clone(), new.to_owned());
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.renewed.state().busy.remove(&self.value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_values_lead_to_the_newest_and_one_at_a_time_exchanges_it() {
        let renewed = Renewed::default();
        let progress = Progress::new();
        for (given, expected, new) in [("a", "a", "b"), ("a", "b", "c"), ("b", "c", "a"), ("x", "x", "x")] {
            let turn = renewed.turn(given, &progress).expect("nobody else");
            assert_eq!(turn.value(), expected);
            turn.replaced(new);
        }
        assert_eq!(["a", "b", "c", "x"].map(|value| renewed.newest(value)), ["a", "a", "a", "x"]);
        let turn = renewed.turn("a", &progress).expect("nobody else");
        std::thread::scope(|scope| {
            let other = scope.spawn(|| renewed.turn("c", &progress).map(|turn| turn.value().to_owned()));
            turn.replaced("d");
            drop(turn);
            assert_eq!(other.join().expect("no panic").expect("its turn"), "d");
        });
        let _held = renewed.turn("a", &progress).expect("nobody else");
        progress.cancel();
        assert!(renewed.turn("a", &progress).is_err(), "one who waits can be cancelled");
    }
}
