//! The commands of `pulse-rpc`, each a call of the module that does the work.

use pulse_core::Result;
use pulse_rpc::types::*;
use pulse_rpc::{Arrow, Commands};

use crate::{Engine, apply, connections, export, import, recipes, rows, sources, sql, syncs, tables, tickets};

impl Commands for Engine {
    fn workspace(&self, _: Nothing) -> Result<Workspace> {
        tables::workspace(self)
    }

    fn tables(&self, _: Nothing) -> Result<Vec<TableInfo>> {
        tables::list(self)
    }

    fn table_show(&self, request: TableVersion) -> Result<TableDetail> {
        tables::show(self, &request)
    }

    fn table_profile(&self, request: TableVersion) -> Result<TableProfile> {
        tables::profile(self, &request)
    }

    fn table_history(&self, request: TableRequest) -> Result<Vec<VersionInfo>> {
        tables::history(self, &request)
    }

    fn table_restore(&self, request: RestoreRequest) -> Result<TableInfo> {
        tables::restore(self, &request)
    }

    fn table_remove(&self, request: TableRequest) -> Result<Removed> {
        tables::remove(self, &request)
    }

    fn rows(&self, request: RowsRequest) -> Result<Arrow> {
        rows::page(self, &request)
    }

    fn import_inspect(&self, request: InspectRequest) -> Result<Inspected> {
        import::inspect(&request)
    }

    fn import_preview(&self, request: ImportPreviewRequest) -> Result<ImportPreview> {
        import::preview(self, &request)
    }

    fn import_start(&self, request: ImportRequest) -> Result<JobStarted> {
        import::start(self, request)
    }

    fn connector_catalogue(&self, _: Nothing) -> Result<Vec<ConnectorInfo>> {
        Ok(connections::catalogue())
    }

    fn connection_list(&self, _: Nothing) -> Result<Vec<ConnectionInfo>> {
        connections::list(self)
    }

    fn connection_save(&self, request: ConnectionDoc) -> Result<ConnectionInfo> {
        connections::save(self, &request)
    }

    fn connection_test(&self, request: ConnectionTest) -> Result<ConnectionCheck> {
        connections::test(self, &request)
    }

    fn connection_duplicate(&self, request: ConnectionId) -> Result<ConnectionInfo> {
        connections::duplicate(self, &request.id)
    }

    fn connection_delete(&self, request: ConnectionId) -> Result<Nothing> {
        connections::delete(self, &request.id).map(|()| Nothing {})
    }

    fn secrets_status(&self, _: Nothing) -> Result<SecretsStatus> {
        Ok(connections::secrets_status(self))
    }

    fn secrets_unlock(&self, request: SecretsPassphrase) -> Result<SecretsStatus> {
        connections::secrets_unlock(self, &request)
    }

    fn source_browse(&self, request: BrowseRequest) -> Result<Listing> {
        sources::browse(self, &request)
    }

    fn source_preview(&self, request: SourcePreviewRequest) -> Result<SourcePreview> {
        sources::preview(self, &request)
    }

    fn ticket_progress(&self, request: Ticket) -> Result<TicketProgress> {
        Ok(tickets::progress(self, &request))
    }

    fn ticket_cancel(&self, request: Ticket) -> Result<Nothing> {
        tickets::cancel(self, &request);
        Ok(Nothing {})
    }

    fn source_list(&self, _: Nothing) -> Result<Vec<SourceInfo>> {
        sources::list(self)
    }

    fn source_save(&self, request: SourceDoc) -> Result<SourceInfo> {
        sources::save(self, request)
    }

    fn source_delete(&self, request: SourceId) -> Result<Nothing> {
        sources::delete(self, &request.id).map(|()| Nothing {})
    }

    fn source_refresh(&self, request: RefreshRequest) -> Result<Refreshing> {
        sources::refresh(self, &request)
    }

    fn source_news(&self, _: Nothing) -> Result<Vec<SourceNews>> {
        sources::news(self)
    }

    fn sync_list(&self, _: Nothing) -> Result<Vec<SyncInfo>> {
        syncs::list(self)
    }

    fn sync_save(&self, request: SyncDoc) -> Result<SyncInfo> {
        syncs::save(self, request)
    }

    fn sync_delete(&self, request: SyncId) -> Result<Nothing> {
        syncs::delete(self, &request.id).map(|()| Nothing {})
    }

    fn sync_preflight(&self, request: PreflightRequest) -> Result<Vec<SyncPreflight>> {
        syncs::preflight(self, &request)
    }

    fn sync_start(&self, request: SyncStart) -> Result<JobStarted> {
        syncs::start(self, &request)
    }

    fn sync_retry(&self, request: SyncRunId) -> Result<JobStarted> {
        syncs::retry(self, &request)
    }

    fn sync_runs(&self, request: SyncId) -> Result<Vec<SyncRunInfo>> {
        syncs::runs(self, &request)
    }

    fn sync_rejected(&self, request: SyncRunId) -> Result<Vec<RejectedRow>> {
        syncs::rejected(self, &request)
    }

    fn step_catalogue(&self, _: Nothing) -> Result<Vec<StepInfo>> {
        Ok(recipes::catalogue())
    }

    fn recipe_list(&self, _: Nothing) -> Result<Vec<RecipeDoc>> {
        recipes::list(self)
    }

    fn recipe_open(&self, request: TableRequest) -> Result<RecipeDoc> {
        recipes::open(self, &request.table)
    }

    fn recipe_save(&self, request: RecipeDoc) -> Result<RecipeDoc> {
        recipes::save(self, &request)
    }

    fn recipe_undo(&self, request: RecipeId) -> Result<RecipeDoc> {
        recipes::undo(self, &request.id)
    }

    fn recipe_redo(&self, request: RecipeId) -> Result<RecipeDoc> {
        recipes::redo(self, &request.id)
    }

    fn recipe_export(&self, request: RecipeId) -> Result<TextFile> {
        recipes::export(self, &request.id)
    }

    fn recipe_import(&self, request: RecipeImport) -> Result<RecipeDoc> {
        recipes::import(self, &request)
    }

    fn recipe_preview(&self, request: PreviewRequest) -> Result<RecipePreview> {
        apply::preview(self, &request)
    }

    fn recipe_counts(&self, request: CountsRequest) -> Result<Vec<StepCount>> {
        apply::counts(self, &request)
    }

    fn recipe_apply(&self, request: ApplyRequest) -> Result<JobStarted> {
        apply::start(self, request)
    }

    fn sql_run(&self, request: SqlRequest) -> Result<SqlResult> {
        sql::run(self, &request)
    }

    fn sql_cancel(&self, request: SqlId) -> Result<Nothing> {
        sql::cancel(self, &request.id);
        Ok(Nothing {})
    }

    fn sql_vocabulary(&self, _: Nothing) -> Result<Vocabulary> {
        sql::vocabulary(self)
    }

    fn sql_history(&self, _: Nothing) -> Result<Vec<SqlRun>> {
        sql::history(self)
    }

    fn export_start(&self, request: ExportRequest) -> Result<JobStarted> {
        export::start(self, request)
    }

    fn jobs(&self, _: Nothing) -> Result<Vec<JobInfo>> {
        self.job_list()
    }

    fn job_show(&self, request: JobId) -> Result<JobDetail> {
        self.job_detail(&request.id)
    }

    fn job_cancel(&self, request: JobId) -> Result<JobInfo> {
        self.0.jobs.cancel(&request.id);
        Ok(self.job_detail(&request.id)?.info)
    }

    fn job_retry(&self, request: JobId) -> Result<JobStarted> {
        self.job_again(&request.id)
    }
}
