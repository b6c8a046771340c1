// Generated from pulse-rpc by `npm run gen`; do not edit.

/**
 * Which recipe to apply.
 */
export type ApplyRequest = { 
/**
 * The recipe.
 */
recipe: string, 
/**
 * The input version; the newest where none is given.
 */
version?: number, };

/**
 * Rows as an Arrow IPC stream; the window receives the bytes as they are.
 */
export type Arrow = Uint8Array;

/**
 * A column's name and type.
 */
export type ColumnInfo = { 
/**
 * The name as in the data.
 */
name: string, 
/**
 * The type as a word: text, integer, decimal(10,2), number, boolean, date, timestamp.
 */
type: string, };

/**
 * What one column holds.
 */
export type ColumnProfile = { 
/**
 * The column.
 */
name: string, 
/**
 * Its type as a word.
 */
type: string, 
/**
 * Rows without a value.
 */
missing: number, 
/**
 * Different values.
 */
distinct: number, 
/**
 * The smallest value as text.
 */
min: string | null, 
/**
 * The largest value as text.
 */
max: string | null, 
/**
 * The mean of numbers.
 */
mean: number | null, 
/**
 * How the values are distributed.
 */
distribution: Distribution, };

/**
 * Which steps to count.
 */
export type CountsRequest = { 
/**
 * The input table.
 */
table: string, 
/**
 * Its version; the newest where none is given.
 */
version?: number, 
/**
 * All steps of the recipe.
 */
steps: Array<RecipeStep>, };

/**
 * A small distribution for a column's header.
 */
export type Distribution = { "kind": "histogram", 
/**
 * The bins' limits as text: one more than there are counts.
 */
edges: Array<string>, 
/**
 * Rows a bin.
 */
counts: Array<number>, } | { "kind": "top", 
/**
 * Value and rows, most frequent first.
 */
values: Array<TopValue>, 
/**
 * Rows with any other value.
 */
others: number, } | { "kind": "none" };

/**
 * The formats a file can have.
 */
export type ExportFormat = "csv" | "parquet" | "json" | "ndjson";

/**
 * Where to write what.
 */
export type ExportRequest = { 
/**
 * What to write.
 */
source: ExportSource, 
/**
 * The format.
 */
format: ExportFormat, 
/**
 * The file; one that exists is replaced. Without a path it goes to the workspace's `exports` folder.
 */
path?: string, 
/**
 * For CSV: whether text that a spreadsheet would run as a formula gets a leading apostrophe.
 */
guard_formulas: boolean, };

/**
 * What to export.
 */
export type ExportSource = { "kind": "table", 
/**
 * Such as `silver.prices`.
 */
table: string, 
/**
 * The version; the newest where none is given.
 */
version?: number, } | { "kind": "sql", 
/**
 * The query.
 */
sql: string, };

/**
 * A column of an import.
 */
export type ImportColumn = { 
/**
 * The name it will have.
 */
name: string, 
/**
 * The type it will have, as a word.
 */
type: string, 
/**
 * Why that type.
 */
why: string, 
/**
 * Whether the user chose it.
 */
overridden: boolean, };

/**
 * One input of an import.
 */
export type ImportFile = { 
/**
 * Absolute path.
 */
path: string, 
/**
 * The member, where the file is an archive with several.
 */
member?: string, };

/**
 * What happens when the table exists.
 */
export type ImportMode = "create" | "append" | "replace";

/**
 * The first rows as they will become and why.
 */
export type ImportPreview = { 
/**
 * For `rows`.
 */
id: string, 
/**
 * The detected or chosen settings in order.
 */
settings: Array<ImportSetting>, 
/**
 * Columns with types and reasons.
 */
columns: Array<ImportColumn>, 
/**
 * Physical data records.
 */
records: number, 
/**
 * Rows that will be in the table.
 */
rows: number, 
/**
 * Records that will be in the ledger only.
 */
rejected: number, 
/**
 * Whether the numbers are exact (else estimates from the first part).
 */
complete: boolean, 
/**
 * Rows that can be paged.
 */
sample_rows: number, 
/**
 * What the user should know.
 */
warnings: Array<string>, 
/**
 * The first records for the ledger.
 */
ledger: Array<LedgerRow>, 
/**
 * How long the preview took.
 */
seconds: number, };

/**
 * What to preview.
 */
export type ImportPreviewRequest = { 
/**
 * The inputs.
 */
files: Array<ImportFile>, 
/**
 * What the user decided.
 */
options: ReadOptions, };

/**
 * What to import.
 */
export type ImportRequest = { 
/**
 * The inputs.
 */
files: Array<ImportFile>, 
/**
 * What the user decided.
 */
options: ReadOptions, 
/**
 * The target, in bronze: `bronze.prices`.
 */
table: string, 
/**
 * What happens when it exists.
 */
mode: ImportMode, };

/**
 * One detected or chosen setting.
 */
export type ImportSetting = { 
/**
 * The member of [`ReadOptions`] that overrides it.
 */
key: string, 
/**
 * Its value as text.
 */
value: string, 
/**
 * From 0 to 1.
 */
confidence: number, 
/**
 * Why, as a sentence.
 */
why: string, };

/**
 * Paths the user chose: files or folders.
 */
export type InspectRequest = { 
/**
 * Absolute paths.
 */
paths: Array<string>, };

/**
 * What the paths hold.
 */
export type Inspected = { 
/**
 * One entry a file; folders are expanded.
 */
files: Array<InspectedFile>, 
/**
 * A table name made from the file's name.
 */
suggested_table: string, };

/**
 * One file.
 */
export type InspectedFile = { 
/**
 * Absolute path.
 */
path: string, 
/**
 * Its name.
 */
name: string, 
/**
 * Its size.
 */
bytes: number, 
/**
 * For an archive: its members.
 */
members: Array<Member>, 
/**
 * Why it cannot be imported, where it cannot.
 */
problem: Problem | null, };

/**
 * A job with its log. `info.result` holds for an import `table, version, records, rows, rejected, ledger, seconds`,
 * for an apply `table, version, rows, ledger, steps, seconds`, for an export `path, rows, bytes, seconds`.
 */
export type JobDetail = { 
/**
 * The job.
 */
info: JobInfo, 
/**
 * Its log, a line each.
 */
log: Array<string>, };

/**
 * Names a job.
 */
export type JobId = { 
/**
 * Its id.
 */
id: string, };

/**
 * A job at a glance.
 */
export type JobInfo = { 
/**
 * Its id.
 */
id: string, 
/**
 * `import`, `apply` or `export`.
 */
kind: string, 
/**
 * What it does, such as "Import prices.csv into bronze.prices".
 */
title: string, 
/**
 * Its state.
 */
state: JobState, 
/**
 * What it does right now.
 */
stage: string, 
/**
 * When it was started, in ms since 1970.
 */
created_ms: number, 
/**
 * Seconds it has run.
 */
seconds: number, 
/**
 * Rows handled in this stage.
 */
rows: number, 
/**
 * Rows to handle in this stage, or 0 where not known.
 */
rows_total: number, 
/**
 * Bytes handled in this stage.
 */
bytes: number, 
/**
 * Bytes to handle in this stage, or 0 where not known.
 */
bytes_total: number, 
/**
 * Rows a second in this stage.
 */
rows_per_second: number, 
/**
 * Seconds left in this stage, where it can be told.
 */
seconds_left: number | null, 
/**
 * Why it failed.
 */
problem: Problem | null, 
/**
 * What it produced; its members depend on the kind, see [`JobDetail`].
 */
result: unknown, };

/**
 * A job was started.
 */
export type JobStarted = { 
/**
 * Its id.
 */
job: string, };

/**
 * The states of a job.
 */
export type JobState = "queued" | "running" | "succeeded" | "failed" | "cancelled" | "interrupted";

/**
 * A ledger entry as shown beside a preview.
 */
export type LedgerRow = { 
/**
 * `record` or `value`.
 */
kind: string, 
/**
 * File or table it came from.
 */
source: string, 
/**
 * Line in the file, from 1.
 */
line: number | null, 
/**
 * Row in the source table, from 0.
 */
row: number | null, 
/**
 * Column of a value.
 */
column: string | null, 
/**
 * What it was.
 */
value: string | null, 
/**
 * The step that could not convert it.
 */
step: string | null, 
/**
 * Why.
 */
reason: string, };

/**
 * A member of an archive.
 */
export type Member = { 
/**
 * Its path in the archive.
 */
name: string, 
/**
 * Its size unpacked.
 */
bytes: number, 
/**
 * Why it cannot be imported, where it cannot.
 */
refused: string | null, };

/**
 * No request or no response.
 */
export type Nothing = Record<symbol, never>;

/**
 * A file in landing that a table came from.
 */
export type Origin = { 
/**
 * The file's name.
 */
name: string, 
/**
 * Where it lay when it was imported.
 */
path: string, 
/**
 * SHA-256 of its bytes, in hex.
 */
sha256: string, 
/**
 * Its size.
 */
bytes: number, 
/**
 * `copied` into landing or `referenced` where it lies.
 */
stored: string, 
/**
 * When it was imported, in ms since 1970.
 */
at_ms: number, };

/**
 * A column of the preview grid.
 */
export type PreviewColumn = { 
/**
 * Its name.
 */
name: string, 
/**
 * Its type as a word.
 */
type: string, 
/**
 * `kept`, `added`, `removed` or `changed`.
 */
status: string, };

/**
 * What to preview.
 */
export type PreviewRequest = { 
/**
 * The input table.
 */
table: string, 
/**
 * Its version; the newest where none is given.
 */
version?: number, 
/**
 * All steps of the recipe.
 */
steps: Array<RecipeStep>, 
/**
 * The step whose effect is marked; all steps together where none is given.
 */
selected?: number, };

/**
 * An error as the window shows it: what failed, why, what to do next.
 */
export type Problem = { 
/**
 * The kind of error, such as `invalid_input`.
 */
code: string, 
/**
 * What was attempted and what went wrong.
 */
message: string, 
/**
 * What to do next.
 */
hint?: string, 
/**
 * The field of the form or request it belongs to.
 */
field?: string, };

/**
 * What the user decided; everything left out is detected.
 */
export type ReadOptions = { 
/**
 * `csv`, `json`, `ndjson` or `parquet`.
 */
format?: string, 
/**
 * Such as `utf-8` or `windows-1252`.
 */
encoding?: string, 
/**
 * One character.
 */
delimiter?: string, 
/**
 * One character, or empty for none.
 */
quote?: string, 
/**
 * Whether the first record names the columns.
 */
header?: boolean, 
/**
 * Lines before the header to skip.
 */
skip_lines?: number, 
/**
 * Column to type word.
 */
types?: { [key in string]: string }, 
/**
 * For JSON: the dotted path of the list of records.
 */
records_path?: string, 
/**
 * Whether a `source_file` column is added.
 */
source_column?: boolean, };

/**
 * A saved recipe.
 */
export type RecipeDoc = { 
/**
 * Its id.
 */
id: string, 
/**
 * Its name.
 */
name: string, 
/**
 * The table it reads.
 */
input: string, 
/**
 * The table it writes.
 */
output: string, 
/**
 * The steps in order.
 */
steps: Array<RecipeStep>, 
/**
 * Grows with every save.
 */
revision: number, 
/**
 * Whether there is a revision to go back to.
 */
can_undo: boolean, 
/**
 * Whether there is a revision to go forward to.
 */
can_redo: boolean, };

/**
 * Names a recipe.
 */
export type RecipeId = { 
/**
 * Its id.
 */
id: string, };

/**
 * A recipe file for a table.
 */
export type RecipeImport = { 
/**
 * The table whose recipe gets the steps.
 */
table: string, 
/**
 * The file's content.
 */
text: string, };

/**
 * The effect of steps on a sample.
 */
export type RecipePreview = { 
/**
 * For `rows`.
 */
id: string, 
/**
 * The input version.
 */
version: number, 
/**
 * One outcome a step.
 */
steps: Array<StepOutcome>, 
/**
 * Columns of the preview grid, removed ones included.
 */
columns: Array<PreviewColumn>, 
/**
 * Rows of the preview grid, removed ones included.
 */
rows: number, 
/**
 * Rows of the input that were looked at.
 */
sample_rows: number, 
/**
 * Rows of the input table.
 */
table_rows: number, 
/**
 * How long it took.
 */
seconds: number, };

/**
 * One step of a recipe.
 */
export type RecipeStep = { 
/**
 * Stays the same while the step is edited and moved.
 */
id: string, 
/**
 * The kind of step.
 */
kind: string, 
/**
 * Its settings.
 */
config: unknown, 
/**
 * Whether it is applied.
 */
enabled: boolean, 
/**
 * The user's remark.
 */
comment: string, };

/**
 * Where a removed table went.
 */
export type Removed = { 
/**
 * The folder it was moved to.
 */
moved_to: string, };

/**
 * Which version to bring back.
 */
export type RestoreRequest = { 
/**
 * Such as `silver.prices`.
 */
table: string, 
/**
 * The version to bring back.
 */
version: number, };

/**
 * Where rows come from. Every column of the answer is text (nulls stay null); a recipe preview adds `__mark` (`""`,
 * `removed` or `added`) and for columns with changed cells `__changed:NAME` (boolean) and `__old:NAME` (text).
 */
export type RowSource = { "kind": "table", 
/**
 * Such as `silver.prices`.
 */
table: string, 
/**
 * The version; the newest where none is given.
 */
version?: number, } | { "kind": "ledger", 
/**
 * Such as `silver.prices`.
 */
table: string, 
/**
 * The version; the newest where none is given.
 */
version?: number, } | { "kind": "import", 
/**
 * Its id.
 */
id: string, } | { "kind": "preview", 
/**
 * Its id.
 */
id: string, } | { "kind": "result", 
/**
 * Its id.
 */
id: string, };

/**
 * Which rows a grid asks for.
 */
export type RowsRequest = { 
/**
 * Where they come from.
 */
source: RowSource, 
/**
 * The first row, from 0.
 */
offset: number, 
/**
 * How many at the most.
 */
limit: number, };

/**
 * Request and response of every command; exists for the TypeScript types generated from it.
 */
export type RpcSchema = { workspace: [Nothing, Workspace], tables: [Nothing, Array<TableInfo>], table_show: [TableVersion, TableDetail], table_profile: [TableVersion, TableProfile], table_history: [TableRequest, Array<VersionInfo>], table_restore: [RestoreRequest, TableInfo], table_remove: [TableRequest, Removed], rows: [RowsRequest, Arrow], import_inspect: [InspectRequest, Inspected], import_preview: [ImportPreviewRequest, ImportPreview], import_start: [ImportRequest, JobStarted], step_catalogue: [Nothing, Array<StepInfo>], recipe_list: [Nothing, Array<RecipeDoc>], recipe_open: [TableRequest, RecipeDoc], recipe_save: [RecipeDoc, RecipeDoc], recipe_undo: [RecipeId, RecipeDoc], recipe_redo: [RecipeId, RecipeDoc], recipe_export: [RecipeId, TextFile], recipe_import: [RecipeImport, RecipeDoc], recipe_preview: [PreviewRequest, RecipePreview], recipe_counts: [CountsRequest, Array<StepCount>], recipe_apply: [ApplyRequest, JobStarted], sql_run: [SqlRequest, SqlResult], sql_cancel: [SqlId, Nothing], sql_vocabulary: [Nothing, Vocabulary], sql_history: [Nothing, Array<SqlRun>], export_start: [ExportRequest, JobStarted], jobs: [Nothing, Array<JobInfo>], job_show: [JobId, JobDetail], job_cancel: [JobId, JobInfo], job_retry: [JobId, JobStarted], };

/**
 * A bundled sample file with a recipe that cleans it.
 */
export type Sample = { 
/**
 * What it is called.
 */
title: string, 
/**
 * What it holds and what is messy in it.
 */
description: string, 
/**
 * The file.
 */
path: string, 
/**
 * The recipe file.
 */
recipe_path: string, 
/**
 * The table it is imported into.
 */
table: string, };

/**
 * A few rows as text.
 */
export type SmallTable = { 
/**
 * The columns.
 */
columns: Array<string>, 
/**
 * The rows; null for missing.
 */
rows: Array<Array<string | null>>, };

/**
 * Names a running or finished query.
 */
export type SqlId = { 
/**
 * The id from the request.
 */
id: string, };

/**
 * A query to run.
 */
export type SqlRequest = { 
/**
 * Chosen by the caller, so that it can cancel.
 */
id: string, 
/**
 * One query; tables are written `silver.prices`, older versions `silver.prices@3`.
 */
sql: string, };

/**
 * A finished query.
 */
export type SqlResult = { 
/**
 * For `rows`.
 */
id: string, 
/**
 * The columns.
 */
columns: Array<ColumnInfo>, 
/**
 * The rows.
 */
rows: number, 
/**
 * How long it took.
 */
seconds: number, };

/**
 * A query that was run.
 */
export type SqlRun = { 
/**
 * The query.
 */
sql: string, 
/**
 * When, in ms since 1970.
 */
at_ms: number, };

/**
 * Exact counts of a step over the full table.
 */
export type StepCount = { 
/**
 * The step.
 */
id: string, 
/**
 * Rows before it.
 */
rows_in: number, 
/**
 * Rows after it.
 */
rows_out: number, 
/**
 * Values in the ledger.
 */
rejected: number, };

/**
 * An example of a step.
 */
export type StepExample = { 
/**
 * What it shows.
 */
title: string, 
/**
 * The settings.
 */
config: unknown, 
/**
 * The table before.
 */
before: SmallTable, 
/**
 * The table after.
 */
after: SmallTable, };

/**
 * A kind of step: what the catalogue shows and the form is made from.
 */
export type StepInfo = { 
/**
 * The word in recipe files, such as `trim_whitespace`.
 */
kind: string, 
/**
 * Its name for people.
 */
title: string, 
/**
 * What it does, in a sentence or two.
 */
description: string, 
/**
 * The heading it stands under in the catalogue.
 */
group: string, 
/**
 * The types of column it makes sense for; empty for the whole table.
 */
applies_to: Array<string>, 
/**
 * The member of its settings that a column's menu fills in.
 */
column_field: string | null, 
/**
 * JSON Schema of its settings.
 */
schema: unknown, 
/**
 * Settings to start from.
 */
default_config: unknown, 
/**
 * Examples, each tested.
 */
examples: Array<StepExample>, };

/**
 * What a step does to the sample.
 */
export type StepOutcome = { 
/**
 * The step.
 */
id: string, 
/**
 * The step as a sentence.
 */
sentence: string, 
/**
 * Rows before it.
 */
rows_in: number, 
/**
 * Rows after it.
 */
rows_out: number, 
/**
 * Cells with another value than before.
 */
cells_changed: number, 
/**
 * Values for the ledger.
 */
rejected: number, 
/**
 * Columns that are new.
 */
columns_added: Array<string>, 
/**
 * Columns that are gone.
 */
columns_removed: Array<string>, 
/**
 * Why it cannot be applied, where it cannot.
 */
problem: Problem | null, 
/**
 * Whether it was left out: switched off, or behind a failed step.
 */
skipped: boolean, };

/**
 * One table at one version.
 */
export type TableDetail = { 
/**
 * The numbers of that version.
 */
info: TableInfo, 
/**
 * The newest version there is.
 */
newest_version: number, 
/**
 * Its columns in order.
 */
columns: Array<ColumnInfo>, 
/**
 * The files it was imported from.
 */
origin: Array<Origin>, 
/**
 * What the program recorded with the version: recipe, counts, settings.
 */
commit: unknown, };

/**
 * A table's newest version at a glance.
 */
export type TableInfo = { 
/**
 * The full name, such as `silver.prices`.
 */
table: string, 
/**
 * `bronze`, `silver` or `gold`.
 */
layer: string, 
/**
 * The name without its layer.
 */
name: string, 
/**
 * The version described.
 */
version: number, 
/**
 * Rows in it.
 */
rows: number, 
/**
 * Number of columns.
 */
columns: number, 
/**
 * Bytes of its data files.
 */
bytes: number, 
/**
 * When the version was written, in ms since 1970.
 */
modified_ms: number, 
/**
 * Entries in its ledger.
 */
ledger_entries: number, 
/**
 * For a recipe's result: the table it comes from.
 */
input: string | null, 
/**
 * For a recipe's result: the input version it was made from.
 */
input_version: number | null, 
/**
 * Whether the input has a newer version than the one this was made from.
 */
stale: boolean, 
/**
 * Why the table cannot be read, where it cannot; the numbers are then 0.
 */
problem: Problem | null, };

/**
 * Profile of a whole table.
 */
export type TableProfile = { 
/**
 * The version profiled.
 */
version: number, 
/**
 * Its rows.
 */
rows: number, 
/**
 * One profile a column, in order.
 */
columns: Array<ColumnProfile>, };

/**
 * Names a table.
 */
export type TableRequest = { 
/**
 * Such as `silver.prices`.
 */
table: string, };

/**
 * Names a table at a version; the newest where none is given.
 */
export type TableVersion = { 
/**
 * Such as `silver.prices`.
 */
table: string, 
/**
 * The version.
 */
version?: number, };

/**
 * A text for a file of that name.
 */
export type TextFile = { 
/**
 * The name to suggest when saving.
 */
name: string, 
/**
 * The content.
 */
text: string, };

/**
 * A frequent value.
 */
export type TopValue = { 
/**
 * The value as text.
 */
value: string, 
/**
 * Its rows.
 */
rows: number, };

/**
 * One version in a table's history.
 */
export type VersionInfo = { 
/**
 * The version.
 */
version: number, 
/**
 * When, in ms since 1970.
 */
at_ms: number, 
/**
 * What made it: import, apply, restore, append.
 */
operation: string, 
/**
 * Rows in it, where known.
 */
rows: number | null, 
/**
 * A sentence on what happened.
 */
summary: string, 
/**
 * What the program recorded with it.
 */
commit: unknown, };

/**
 * What the editor completes.
 */
export type Vocabulary = { 
/**
 * Tables with their columns.
 */
tables: Array<VocabularyTable>, 
/**
 * Functions.
 */
functions: Array<string>, 
/**
 * Keywords.
 */
keywords: Array<string>, };

/**
 * A table in the vocabulary.
 */
export type VocabularyTable = { 
/**
 * Such as `silver.prices`.
 */
table: string, 
/**
 * Its columns.
 */
columns: Array<ColumnInfo>, 
/**
 * The newest version.
 */
version: number, 
/**
 * Rows in the newest version.
 */
rows: number, };

/**
 * The open workspace.
 */
export type Workspace = { 
/**
 * Its folder.
 */
path: string, 
/**
 * The folder's name.
 */
name: string, 
/**
 * The program's version.
 */
program_version: string, 
/**
 * Bundled samples to try.
 */
samples: Array<Sample>, };
