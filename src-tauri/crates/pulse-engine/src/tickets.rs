//! Tickets: requests of the window that take a while and are no jobs, so that it can watch and stop them.

use pulse_core::{Progress, Result};
use pulse_rpc::types::{Ticket, TicketProgress};

use crate::{Engine, guard};

/// Runs `work` under a ticket.
pub(crate) fn under<T>(engine: &Engine, ticket: &str, work: impl FnOnce(&Progress) -> Result<T>) -> Result<T> {
    let progress = Progress::new();
    guard(&engine.0.tickets).insert(ticket.to_owned(), progress.clone());
    let outcome = work(&progress);
    guard(&engine.0.tickets).remove(ticket);
    outcome
}

/// How far the request of a ticket is; one that has ended does not run.
pub(crate) fn progress(engine: &Engine, ticket: &Ticket) -> TicketProgress {
    let Some(progress) = guard(&engine.0.tickets).get(&ticket.ticket).cloned() else {
        return TicketProgress::default();
    };
    let counts = progress.counts();
    TicketProgress {
        running: true,
        stage: counts.stage,
        rows: counts.rows,
        bytes: counts.bytes,
        bytes_total: counts.bytes_total,
        line: progress.lines().pop().map(|line| line.text).unwrap_or_default(),
    }
}

/// Asks the request of a ticket to stop.
pub(crate) fn cancel(engine: &Engine, ticket: &Ticket) {
    if let Some(progress) = guard(&engine.0.tickets).get(&ticket.ticket) {
        progress.cancel();
    }
}
