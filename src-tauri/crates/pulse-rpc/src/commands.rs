//! The command list. One line adds a command; `docs` for people are the comments above each line.

use pulse_core::Result;
use serde_json::Value;
use ts_rs::TS;

use crate::dispatch::{Arrow, Reply, parse, reply};
use crate::types::*;

macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident($request:ty) -> $response:ty;)+) => {
        /// Every command as a method. The engine implements it once; hosts reach it through [`dispatch`].
        pub trait Commands {
            $($(#[$doc])* fn $name(&self, request: $request) -> Result<$response>;)+
        }

        /// The names of all commands, in the order of the list.
        pub const NAMES: &[&str] = &[$(stringify!($name)),+];

        /// Runs the command `name` with its request as JSON. An unknown name or a request of the wrong shape is an
        /// error that says so.
        pub fn dispatch(host: &impl Commands, name: &str, request: Value) -> Result<Reply> {
            match name {
                $(stringify!($name) => reply(host.$name(parse(name, request)?)?),)+
                _ => Err(pulse_core::Error::not_found(format!("There is no command `{name}`."))
                    .hint("Update the window: it asks for something this engine does not know.")),
            }
        }

        /// Request and response of every command; exists for the TypeScript types generated from it.
        #[derive(TS)]
        #[ts(export_to = "rpc.ts")]
        #[expect(dead_code, reason = "only its TypeScript form is used")]
        pub struct RpcSchema { $($name: ($request, $response),)+ }
    };
}

commands! {
    /// The open workspace and the bundled samples.
    workspace(Nothing) -> Workspace;

    /// All tables with their newest version.
    tables(Nothing) -> Vec<TableInfo>;
    /// One table at one version: columns, origin, recipe.
    table_show(TableVersion) -> TableDetail;
    /// Missing and distinct counts and the distribution of every column, over the full table.
    table_profile(TableVersion) -> TableProfile;
    /// The versions of a table, newest first.
    table_history(TableRequest) -> Vec<VersionInfo>;
    /// Makes an older version the newest one; nothing is lost, the versions between stay.
    table_restore(RestoreRequest) -> TableInfo;
    /// Moves a table to the workspace's trash folder.
    table_remove(TableRequest) -> Removed;
    /// A page of rows as an Arrow IPC stream of text columns, see [`RowSource`].
    rows(RowsRequest) -> Arrow;

    /// What the files are: sizes, archive members, what cannot be read and why.
    import_inspect(InspectRequest) -> Inspected;
    /// Detected settings, types with their reasons and the first rows as they will become.
    import_preview(ImportPreviewRequest) -> ImportPreview;
    /// Imports files into a bronze table, as a job.
    import_start(ImportRequest) -> JobStarted;

    /// Every kind of connection with its forms.
    connector_catalogue(Nothing) -> Vec<ConnectorInfo>;
    /// All connections: saved ones, those of the environment and those of `connections.toml`.
    connection_list(Nothing) -> Vec<ConnectionInfo>;
    /// Saves a connection; its secrets go to the keyring or the encrypted file.
    connection_save(ConnectionDoc) -> ConnectionInfo;
    /// Tries a connection and says what was done and what failed.
    connection_test(ConnectionTest) -> ConnectionCheck;
    /// Saves a copy of a connection, secrets included, under a new name.
    connection_duplicate(ConnectionId) -> ConnectionInfo;
    /// Forgets a connection and its secrets; refused while a source uses it.
    connection_delete(ConnectionId) -> Nothing;
    /// Where secrets are kept and whether they can be read.
    secrets_status(Nothing) -> SecretsStatus;
    /// Opens the encrypted file of secrets, or makes it.
    secrets_unlock(SecretsPassphrase) -> SecretsStatus;

    /// What can be read through a connection, a level or page at a time.
    source_browse(BrowseRequest) -> Listing;
    /// The first rows of a source as they will become; may download what is needed for that.
    source_preview(SourcePreviewRequest) -> SourcePreview;
    /// How far a running browse or preview is.
    ticket_progress(Ticket) -> TicketProgress;
    /// Stops a running browse or preview.
    ticket_cancel(Ticket) -> Nothing;
    /// All saved sources and how they stand.
    source_list(Nothing) -> Vec<SourceInfo>;
    /// Saves a source.
    source_save(SourceDoc) -> SourceInfo;
    /// Forgets a source; its table stays.
    source_delete(SourceId) -> Nothing;
    /// Reads one, several or all sources into their tables, a job each.
    source_refresh(RefreshRequest) -> Refreshing;
    /// Whether sources have news, without reading them.
    source_news(Nothing) -> Vec<SourceNews>;

    /// All saved syncs and how they stand.
    sync_list(Nothing) -> Vec<SyncInfo>;
    /// Saves a sync.
    sync_save(SyncDoc) -> SyncInfo;
    /// Forgets a sync with its history; the targets stay as they are.
    sync_delete(SyncId) -> Nothing;
    /// What a sync would do and what would fail, a table each; nothing is changed.
    sync_preflight(PreflightRequest) -> Vec<SyncPreflight>;
    /// Sends the tables of a sync, as a job; an unfinished run goes on where it stopped.
    sync_start(SyncStart) -> JobStarted;
    /// Sends the rows of a run again that were rejected, as a job.
    sync_retry(SyncRunId) -> JobStarted;
    /// The runs of a sync, a table each, newest first.
    sync_runs(SyncId) -> Vec<SyncRunInfo>;
    /// The rows of a run that were rejected, the first thousand.
    sync_rejected(SyncRunId) -> Vec<RejectedRow>;

    /// Every kind of cleaning step with its form and examples.
    step_catalogue(Nothing) -> Vec<StepInfo>;
    /// All saved recipes.
    recipe_list(Nothing) -> Vec<RecipeDoc>;
    /// The recipe of a table; an empty one is made at the first call.
    recipe_open(TableRequest) -> RecipeDoc;
    /// Saves steps, name or output as a new revision.
    recipe_save(RecipeDoc) -> RecipeDoc;
    /// Goes back one revision.
    recipe_undo(RecipeId) -> RecipeDoc;
    /// Goes forward one revision.
    recipe_redo(RecipeId) -> RecipeDoc;
    /// The recipe as the text of a JSON file.
    recipe_export(RecipeId) -> TextFile;
    /// Replaces the steps of a table's recipe by those of a recipe file.
    recipe_import(RecipeImport) -> RecipeDoc;
    /// The effect of steps on a sample of a table, at once.
    recipe_preview(PreviewRequest) -> RecipePreview;
    /// Exact row counts of every step over the full table.
    recipe_counts(CountsRequest) -> Vec<StepCount>;
    /// Applies a recipe to the full table and writes a new version of its output, as a job.
    recipe_apply(ApplyRequest) -> JobStarted;

    /// Runs one SQL query; its result is paged through `rows`.
    sql_run(SqlRequest) -> SqlResult;
    /// Stops a running query.
    sql_cancel(SqlId) -> Nothing;
    /// What the editor completes: tables with columns, functions, keywords.
    sql_vocabulary(Nothing) -> Vocabulary;
    /// The latest queries run, newest first.
    sql_history(Nothing) -> Vec<SqlRun>;

    /// Writes a table or a query's result to a file, as a job.
    export_start(ExportRequest) -> JobStarted;

    /// The latest jobs, newest first.
    jobs(Nothing) -> Vec<JobInfo>;
    /// One job with its log.
    job_show(JobId) -> JobDetail;
    /// Asks a job to stop; it does within a second.
    job_cancel(JobId) -> JobInfo;
    /// Starts the same work again as a new job.
    job_retry(JobId) -> JobStarted;
}
