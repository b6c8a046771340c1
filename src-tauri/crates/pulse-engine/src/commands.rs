//! The commands of `pulse-rpc`, each a call of the module that does the work.

use pulse_core::Result;
use pulse_rpc::types::*;
use pulse_rpc::{Arrow, Commands};

use crate::{Engine, apply, export, import, recipes, rows, sql, tables};

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

    fn connector_catalogue(&self, _request: Nothing) -> Result<Vec<ConnectorInfo>> {
        Err(pulse_core::Error::internal("run this command", "it is being built"))
    }

    fn connection_list(&self, _request: Nothing) -> Result<Vec<ConnectionInfo>> {
        Err(pulse_core::Error::internal("run this command", "it is being built"))
    }

    fn connection_save(&self, _request: ConnectionDoc) -> Result<ConnectionInfo> {
        Err(pulse_core::Error::internal("run this command", "it is being built"))
    }

    fn connection_test(&self, _request: ConnectionTest) -> Result<ConnectionCheck> {
        Err(pulse_core::Error::internal("run this command", "it is being built"))
    }

    fn connection_duplicate(&self, _request: ConnectionId) -> Result<ConnectionInfo> {
        Err(pulse_core::Error::internal("run this command", "it is being built"))
    }

    fn connection_delete(&self, _request: ConnectionId) -> Result<Nothing> {
        Err(pulse_core::Error::internal("run this command", "it is being built"))
    }

    fn secrets_status(&self, _request: Nothing) -> Result<SecretsStatus> {
        Err(pulse_core::Error::internal("run this command", "it is being built"))
    }

    fn secrets_unlock(&self, _request: SecretsPassphrase) -> Result<SecretsStatus> {
        Err(pulse_core::Error::internal("run this command", "it is being built"))
    }

    fn source_browse(&self, _request: BrowseRequest) -> Result<Listing> {
        Err(pulse_core::Error::internal("run this command", "it is being built"))
    }

    fn source_preview(&self, _request: SourcePreviewRequest) -> Result<SourcePreview> {
        Err(pulse_core::Error::internal("run this command", "it is being built"))
    }

    fn ticket_progress(&self, _request: Ticket) -> Result<TicketProgress> {
        Err(pulse_core::Error::internal("run this command", "it is being built"))
    }

    fn ticket_cancel(&self, _request: Ticket) -> Result<Nothing> {
        Err(pulse_core::Error::internal("run this command", "it is being built"))
    }

    fn source_list(&self, _request: Nothing) -> Result<Vec<SourceInfo>> {
        Err(pulse_core::Error::internal("run this command", "it is being built"))
    }

    fn source_save(&self, _request: SourceDoc) -> Result<SourceInfo> {
        Err(pulse_core::Error::internal("run this command", "it is being built"))
    }

    fn source_delete(&self, _request: SourceId) -> Result<Nothing> {
        Err(pulse_core::Error::internal("run this command", "it is being built"))
    }

    fn source_refresh(&self, _request: RefreshRequest) -> Result<Refreshing> {
        Err(pulse_core::Error::internal("run this command", "it is being built"))
    }

    fn source_news(&self, _request: Nothing) -> Result<Vec<SourceNews>> {
        Err(pulse_core::Error::internal("run this command", "it is being built"))
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
