//! Keeping the secrets that outside systems replace while a connection is in use.

use pulse_connect::{Exchange, Renewals, Secret};
use pulse_core::{Error, Progress, Result};

use super::Found;
use crate::Engine;

/// Keeps the renewed secrets of one connection.
pub(super) struct Keeper {
    engine: Engine,
    home: Home,
}

/// Where the secrets of a connection are.
enum Home {
    /// In the store of secrets, under the connection's id.
    Saved(String),
    /// In a form that is not saved.
    Form,
    /// Outside: in the environment or a file, which the text names.
    Outside(String),
}

impl Keeper {
    /// For a connection that was found.
    pub(super) fn of(engine: &Engine, found: &Found) -> Self {
        let home = match found.origin.0 {
            "saved" => Home::Saved(found.id.clone()),
            _ => Home::Outside(found.origin.1.clone()),
        };
        Self { engine: engine.clone(), home }
    }

    /// For a form, perhaps that of a saved connection.
    pub(super) fn of_form(engine: &Engine, id: Option<&str>) -> Self {
        Self { engine: engine.clone(), home: id.map_or(Home::Form, |id| Home::Saved(id.to_owned())) }
    }

    /// Saves the new value in the place of one of the `old` ones; answers why not if those are not what is saved.
    fn keep(&self, member: &str, old: [&str; 2], new: &str) -> Result<Option<String>> {
        let form = "It is known until the program ends; save the connection, so that it is kept.";
        let id = match &self.home {
            Home::Saved(id) => id,
            Home::Form => return Ok(Some(form.into())),
            Home::Outside(place) => {
                let text = "where it cannot be saved: the old one may not work any more after the program has ended. \
                            Duplicate the connection and use the copy, which keeps it.";
                return Ok(Some(format!("The old one comes from {place}, {text}")));
            }
        };
        let mut values = self.engine.0.secrets.get(id)?;
        match values.get_mut(member) {
            Some(value) if old.contains(&value.as_str()) => new.clone_into(value),
            _ => return Ok(Some(form.into())),
        }
        self.engine.0.secrets.set(id, &values).map(|()| None)
    }
}

impl Renewals for Keeper {
    fn renew(
        &self,
        member: &str,
        given: &Secret,
        progress: &Progress,
        exchange: &mut Exchange<'_>,
    ) -> Result<Option<String>> {
        let turn = self.engine.0.secrets.turn(given.expose(), progress)?;
        let Some(new) = exchange(&Secret::from(turn.value()))? else { return Ok(None) };
        turn.replaced(new.expose());
        let kept = self.keep(member, [given.expose(), turn.value()], new.expose());
        // The old value is used up: the read goes on with the new one, and the user learns that it is not saved.
        Ok(kept.unwrap_or_else(|error| Some(not_saved(&error))))
    }
}

fn not_saved(error: &Error) -> String {
    let hint = error.hint.as_deref().unwrap_or_default();
    format!(
        "It could not be saved, and after the program has ended the old one may not work any more. {} {hint}",
        error.message
    )
}
