//! One sync at a time writes to a table, whichever machine it runs on.

use std::time::{Duration, Instant};

use pulse_core::{Code, Error, Progress, Result};

use super::form::Target;
use super::link::Link;
use super::plan::short;
use crate::outgoing::Outgoing;

/// How long to wait for what is left of an interrupted attempt of the same run.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often to look whether it has ended.
const LOOK: Duration = Duration::from_millis(100);
/// What is being done, for errors: "Could not …".
const ATTEMPT: &str = "lock the target";

/// The session that holds the lock: its process, the name it goes by, and, as far as the user may know, whence it comes.
const HOLDER: &str = "\
SELECT a.pid, coalesce(a.application_name, ''),
       concat(', connected from ' || host(a.client_addr), ' since ' || to_char(a.backend_start, 'YYYY-MM-DD HH24:MI'))
FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid,
     (SELECT pg_catalog.hashtextextended($1, 0) AS key) k
WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
  AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
  AND l.classid::bigint = (k.key >> 32) & 4294967295 AND l.objid::bigint = k.key & 4294967295";

/// The name under which the server shows the connections of a run: it tells them from those of all other runs.
pub(super) fn name(outgoing: &Outgoing) -> String {
    let tag = short(&format!("{}\n{}", outgoing.sync, outgoing.run));
    // What is sent where follows the sync's own number, which says nothing to people.
    let title = outgoing.sync.split_once('/').map_or(outgoing.sync.as_str(), |(_, title)| title);
    super::swap::cut(&format!("Cloud Pulse {tag} {title}")).to_owned()
}

/// Keeps other syncs off the target until the session ends. Fails if one is at it, and names it.
///
/// What an interrupted attempt of the same run still does at the server is ended first.
pub(super) fn take(link: &Link, target: &Target, outgoing: &Outgoing, progress: &Progress) -> Result<()> {
    let key = format!("cloud pulse: {}", target.quoted());
    let own = name(outgoing);
    let own = own.split(' ').take(3).collect::<Vec<_>>().join(" ");
    let began = Instant::now();
    loop {
        progress.check()?;
        let taken =
            link.query("SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended($1, 0))", &[&key], ATTEMPT)?;
        if taken.first().is_some_and(|row| row.get(0)) {
            return Ok(());
        }
        let holder = link.query(HOLDER, &[&key], ATTEMPT)?;
        // It may have ended in between.
        if let Some(holder) = holder.first() {
            let (process, name): (i32, String) = (holder.get(0), holder.get(1));
            if !name.starts_with(&own) || began.elapsed() > PATIENCE {
                return Err(busy(target, &name, holder.get(2)));
            }
            // Only its owner may end it; if that is somebody else, it is waited for.
            let _ = link.query("SELECT pg_catalog.pg_terminate_backend($1)", &[&process], ATTEMPT);
        }
        std::thread::sleep(LOOK);
    }
}

fn busy(target: &Target, name: &str, whence: &str) -> Error {
    let first = name.splitn(4, ' ').nth(3).filter(|_| name.starts_with("Cloud Pulse ")).unwrap_or(name);
    Error::new(Code::Conflict, format!("The sync `{first}`{whence} is writing to {} just now.", target.title()))
        .hint("Wait until it has ended, then run this one again; nothing was changed.")
}
