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
 * Where to look around.
 */
export type BrowseRequest = { 
/**
 * The connection.
 */
connection: string, 
/**
 * The ids of the entries opened so far.
 */
path: Array<string>, 
/**
 * The search text.
 */
search: string, 
/**
 * The filters, as [`ConnectorInfo::filters`] says; null for none.
 */
filters: unknown, 
/**
 * The page, from [`Listing::next`].
 */
page?: string, 
/**
 * Under which [`super::Ticket`] this can be stopped.
 */
ticket?: string, };

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
 * What trying a connection did and what failed.
 */
export type ConnectionCheck = { 
/**
 * Whether it works.
 */
ok: boolean, 
/**
 * The steps in order; the last one failed if it does not work.
 */
steps: Array<ConnectionCheckStep>, };

/**
 * One step of trying a connection.
 */
export type ConnectionCheckStep = { 
/**
 * What was done.
 */
name: string, 
/**
 * What came of it.
 */
detail: string, 
/**
 * What failed.
 */
problem?: Problem, 
/**
 * How long it took.
 */
seconds: number, };

/**
 * A connection to save or to try.
 */
export type ConnectionDoc = { 
/**
 * The connection to change; a new one without.
 */
id?: string, 
/**
 * Its name.
 */
name: string, 
/**
 * The kind.
 */
kind: string, 
/**
 * The settings. A secret that is left out or empty stays as it is saved; `null` removes it.
 */
settings: unknown, };

/**
 * Names a connection.
 */
export type ConnectionId = { 
/**
 * Its id; for those of the environment and of files `env:NAME` and `file:NAME`.
 */
id: string, };

/**
 * A connection as it is shown: never with its secrets.
 */
export type ConnectionInfo = { 
/**
 * Its id.
 */
id: string, 
/**
 * Its name, unique in the workspace.
 */
name: string, 
/**
 * The kind, see [`ConnectorInfo::kind`].
 */
kind: string, 
/**
 * The kind's name for people.
 */
kind_title: string, 
/**
 * The settings without secrets.
 */
settings: unknown, 
/**
 * The dotted names of the secrets that are kept for it.
 */
secrets: Array<string>, 
/**
 * `saved`, `environment` (a `PULSE_CONNECTION_` variable) or `file` (`connections.toml`); only saved ones can be
 * changed.
 */
origin: string, 
/**
 * Where it comes from in words, for those that were not saved here.
 */
origin_detail: string, 
/**
 * What is unsafe about it, such as TLS that is not verified; shown as a mark.
 */
risks: Array<string>, 
/**
 * The names of the sources that use it.
 */
used_by: Array<string>, 
/**
 * Why it cannot be used, where it cannot.
 */
problem?: Problem, };

/**
 * What to try: a saved connection, or settings before they are saved.
 */
export type ConnectionTest = { "saved": ConnectionId } | { "draft": ConnectionDoc };

/**
 * A kind of connection: what the catalogue shows and the forms are made from.
 */
export type ConnectorInfo = { 
/**
 * The word in documents, such as `postgres`.
 */
kind: string, 
/**
 * Its name for people.
 */
title: string, 
/**
 * What it is for, in a sentence.
 */
summary: string, 
/**
 * What it does and needs, in a few sentences.
 */
description: string, 
/**
 * The heading it stands under.
 */
group: string, 
/**
 * How one looks around: `tree`, `search` or `none`.
 */
browsing: string, 
/**
 * The member of the selection that names what is read.
 */
main: string, 
/**
 * Whether a connection without any settings is useful.
 */
ready: boolean, 
/**
 * JSON Schema of the settings; secrets carry `x-secret`.
 */
settings: unknown, 
/**
 * JSON Schema of what is read.
 */
selection: unknown, 
/**
 * JSON Schema of what narrows a look around.
 */
filters: unknown, 
/**
 * How it is written to; nothing where it is only read.
 */
destination?: DestinationInfo, };

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
 * What happens to a row whose key has vanished, or that is marked as deleted.
 */
export type Deletes = "keep" | "remove" | "mark";

/**
 * How a kind of connection is written to.
 */
export type DestinationInfo = { 
/**
 * How it can take rows; the first is the usual one.
 */
modes: Array<SyncMode>, 
/**
 * The member of the target that names it.
 */
main: string, 
/**
 * Whether rows that are only appended may have a key too, which need not be unique.
 */
keyed: boolean, 
/**
 * The form of the target.
 */
target: unknown, };

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
 * A change of a source's columns and what will happen with it.
 */
export type Drift = { 
/**
 * The column.
 */
column: string, 
/**
 * `new`, `gone` or `type`.
 */
change: string, 
/**
 * The type in the table; empty for a new column.
 */
before: string, 
/**
 * The type that comes; empty for a gone column.
 */
after: string, 
/**
 * What will happen, as a sentence.
 */
effect: string, 
/**
 * Whether it stops the refresh under the source's policy.
 */
stops: boolean, };

/**
 * What happens when the columns of a source change.
 */
export type DriftPolicy = "evolve" | "freeze" | "ledger" | "ask";

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
 * A label and a value.
 */
export type Fact = { 
/**
 * What it says.
 */
label: string, 
/**
 * What it is.
 */
value: string, };

/**
 * A row that a finding is about.
 */
export type FindingExample = { 
/**
 * Its number.
 */
row: number, 
/**
 * Its value.
 */
value: string, };

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
 * One level or page of what can be read.
 */
export type Listing = { 
/**
 * The entries.
 */
entries: Array<ListingEntry>, 
/**
 * What to ask for the next page.
 */
next?: string, 
/**
 * What the level itself is.
 */
about?: ListingAbout, };

/**
 * What an opened entry is.
 */
export type ListingAbout = { 
/**
 * Its name.
 */
title: string, 
/**
 * About it, in Markdown.
 */
text: string, 
/**
 * Facts.
 */
facts: Array<Fact>, 
/**
 * Its page in the web.
 */
link?: string, 
/**
 * The selection that reads all of it, or null.
 */
selection: unknown, };

/**
 * A column as the outside system describes it.
 */
export type ListingColumn = { 
/**
 * Its name.
 */
name: string, 
/**
 * Its type in the outside system's words.
 */
type: string, 
/**
 * What it means.
 */
description: string, 
/**
 * Whether it is part of the primary key.
 */
key: boolean, };

/**
 * One thing in a listing.
 */
export type ListingEntry = { 
/**
 * What [`BrowseRequest::path`] takes.
 */
id: string, 
/**
 * Its name.
 */
name: string, 
/**
 * What it is, in a word, such as `table` or `file`.
 */
kind: string, 
/**
 * A line about it.
 */
summary: string, 
/**
 * Rows, where known.
 */
rows: number | null, 
/**
 * Bytes, where known.
 */
bytes: number | null, 
/**
 * Facts: label and value.
 */
facts: Array<Fact>, 
/**
 * Its columns, where known.
 */
columns: Array<ListingColumn>, 
/**
 * Whether it can be opened.
 */
opens: boolean, 
/**
 * The selection that reads it, or null.
 */
selection: unknown, 
/**
 * Whether several can be read together: the arrays in their selections are joined.
 */
several: boolean, };

/**
 * How rows of a refresh meet those that are there.
 */
export type LoadMode = "append" | "replace" | "merge";

/**
 * How a source is loaded.
 */
export type Loading = { 
/**
 * How rows meet.
 */
mode: LoadMode, 
/**
 * Merge: the columns that together name a row.
 */
key: Array<string>, 
/**
 * Merge: the column whose greatest value wins where a key comes twice; the later row wins without.
 */
newest_by?: string, 
/**
 * Merge: what happens to rows that vanished.
 */
deletes: Deletes, 
/**
 * Merge: the column that marks a row as deleted where it is true, not missing or equal to `deleted_value`.
 */
deleted_column?: string, 
/**
 * Merge: the value that marks it.
 */
deleted_value?: string, 
/**
 * Merge: keep every state of a row, with `_valid_from`, `_valid_to` and `_current` (slowly changing dimension, type 2).
 */
history: boolean, 
/**
 * What happens when columns come, change or go.
 */
drift: DriftPolicy, };

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
at_ms: number, 
/**
 * What is known about it besides: licence, version, ETag.
 */
facts: Array<Fact>, };

/**
 * A column and what becomes of it at the target.
 */
export type PreflightColumn = { 
/**
 * Its name in the table.
 */
column: string, 
/**
 * Its type there, in words.
 */
type_word: string, 
/**
 * Its name at the target.
 */
name: string, 
/**
 * Its type at the target, in the outside system's words.
 */
target_type: string, 
/**
 * What happens to values on the way.
 */
note: string, 
/**
 * Whether it is left out.
 */
skip: boolean, };

/**
 * Something that a preflight found.
 */
export type PreflightFinding = { 
/**
 * `stops`, `rejects` or `notes`.
 */
severity: string, 
/**
 * The column at the target; empty for none.
 */
column: string, 
/**
 * How many rows are concerned.
 */
rows: number, 
/**
 * Some of them.
 */
examples: Array<FindingExample>, 
/**
 * What it is; a sentence.
 */
text: string, 
/**
 * What to do; a sentence.
 */
hint: string, };

/**
 * What to check before a sync.
 */
export type PreflightRequest = { 
/**
 * The sync, saved or not.
 */
doc: SyncDoc, 
/**
 * For following and stopping it; see [`super::Ticket`].
 */
ticket: string, };

/**
 * A text that the outside system runs or keeps.
 */
export type PreflightStatement = { 
/**
 * Its id in the edits.
 */
id: string, 
/**
 * What it is, in words.
 */
title: string, 
/**
 * The text.
 */
text: string, 
/**
 * `sql` or `json`.
 */
language: string, 
/**
 * Whether it can be edited.
 */
editable: boolean, };

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
 * What one refresh brought.
 */
export type RefreshInfo = { 
/**
 * When it ended.
 */
at_ms: number, 
/**
 * The version it made; the one that was there where nothing changed.
 */
version: number, 
/**
 * Whether it made a new version.
 */
changed_anything: boolean, 
/**
 * Records read.
 */
records: number, 
/**
 * Rows added.
 */
added: number, 
/**
 * Rows changed.
 */
changed: number, 
/**
 * Rows deleted, or marked as deleted.
 */
deleted: number, 
/**
 * Rows that came and were the same.
 */
unchanged: number, 
/**
 * Records only in the ledger.
 */
rejected: number, 
/**
 * Columns that are new.
 */
new_columns: Array<string>, 
/**
 * Columns that are gone from the source.
 */
gone_columns: Array<string>, 
/**
 * Seconds.
 */
seconds: number, };

/**
 * One started refresh.
 */
export type RefreshJob = { 
/**
 * The source.
 */
source: string, 
/**
 * Its job.
 */
job: string, };

/**
 * What to refresh.
 */
export type RefreshRequest = { 
/**
 * The ids of the sources; all if empty.
 */
sources: Array<string>, 
/**
 * Read everything again instead of only what is new.
 */
full: boolean, 
/**
 * Read the recording of the last read instead of the network.
 */
replay: boolean, 
/**
 * Let the change of columns that a paused source asks about happen.
 */
accept_drift: boolean, };

/**
 * The jobs that were started, one a source.
 */
export type Refreshing = { 
/**
 * Source id and job id, in order.
 */
jobs: Array<RefreshJob>, };

/**
 * A row that the target refused.
 */
export type RejectedRow = { 
/**
 * Its number in what was sent.
 */
row: number, 
/**
 * Why; a sentence.
 */
reason: string, 
/**
 * The row as JSON.
 */
text: string, };

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
export type RpcSchema = { workspace: [Nothing, Workspace], tables: [Nothing, Array<TableInfo>], table_show: [TableVersion, TableDetail], table_profile: [TableVersion, TableProfile], table_history: [TableRequest, Array<VersionInfo>], table_restore: [RestoreRequest, TableInfo], table_remove: [TableRequest, Removed], rows: [RowsRequest, Arrow], import_inspect: [InspectRequest, Inspected], import_preview: [ImportPreviewRequest, ImportPreview], import_start: [ImportRequest, JobStarted], connector_catalogue: [Nothing, Array<ConnectorInfo>], connection_list: [Nothing, Array<ConnectionInfo>], connection_save: [ConnectionDoc, ConnectionInfo], connection_test: [ConnectionTest, ConnectionCheck], connection_duplicate: [ConnectionId, ConnectionInfo], connection_delete: [ConnectionId, Nothing], secrets_status: [Nothing, SecretsStatus], secrets_unlock: [SecretsPassphrase, SecretsStatus], source_browse: [BrowseRequest, Listing], source_preview: [SourcePreviewRequest, SourcePreview], ticket_progress: [Ticket, TicketProgress], ticket_cancel: [Ticket, Nothing], source_list: [Nothing, Array<SourceInfo>], source_save: [SourceDoc, SourceInfo], source_delete: [SourceId, Nothing], source_refresh: [RefreshRequest, Refreshing], source_news: [Nothing, Array<SourceNews>], sync_list: [Nothing, Array<SyncInfo>], sync_save: [SyncDoc, SyncInfo], sync_delete: [SyncId, Nothing], sync_preflight: [PreflightRequest, Array<SyncPreflight>], sync_start: [SyncStart, JobStarted], sync_retry: [SyncRunId, JobStarted], sync_runs: [SyncId, Array<SyncRunInfo>], sync_rejected: [SyncRunId, Array<RejectedRow>], step_catalogue: [Nothing, Array<StepInfo>], recipe_list: [Nothing, Array<RecipeDoc>], recipe_open: [TableRequest, RecipeDoc], recipe_save: [RecipeDoc, RecipeDoc], recipe_undo: [RecipeId, RecipeDoc], recipe_redo: [RecipeId, RecipeDoc], recipe_export: [RecipeId, TextFile], recipe_import: [RecipeImport, RecipeDoc], recipe_preview: [PreviewRequest, RecipePreview], recipe_counts: [CountsRequest, Array<StepCount>], recipe_apply: [ApplyRequest, JobStarted], sql_run: [SqlRequest, SqlResult], sql_cancel: [SqlId, Nothing], sql_vocabulary: [Nothing, Vocabulary], sql_history: [Nothing, Array<SqlRun>], export_start: [ExportRequest, JobStarted], jobs: [Nothing, Array<JobInfo>], job_show: [JobId, JobDetail], job_cancel: [JobId, JobInfo], job_retry: [JobId, JobStarted], };

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
 * A passphrase for the file of secrets. The first one given makes the file.
 */
export type SecretsPassphrase = { 
/**
 * The passphrase.
 */
passphrase: string, };

/**
 * Where secrets are kept.
 */
export type SecretsStatus = { 
/**
 * `keyring` (the operating system's), `file` (encrypted with a passphrase) or `none` (no keyring, and no passphrase
 * was chosen yet).
 */
store: string, 
/**
 * Whether they can be read now; a file is locked until its passphrase is given.
 */
unlocked: boolean, 
/**
 * Where, in words.
 */
detail: string, };

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
 * A source to preview or to save.
 */
export type SourceDoc = { 
/**
 * The source to change; a new one without.
 */
id?: string, 
/**
 * Its name, unique in the workspace.
 */
name: string, 
/**
 * The connection's id.
 */
connection: string, 
/**
 * What is read, as the connector's form says.
 */
selection: unknown, 
/**
 * What the user decided about files and types.
 */
options: ReadOptions, 
/**
 * The table, in bronze.
 */
table: string, 
/**
 * How it is loaded.
 */
loading: Loading, };

/**
 * Names a source.
 */
export type SourceId = { 
/**
 * Its id.
 */
id: string, };

/**
 * A saved source and how it stands.
 */
export type SourceInfo = { 
/**
 * What was saved.
 */
doc: SourceDoc, 
/**
 * Its id.
 */
id: string, 
/**
 * The connection's name.
 */
connection_name: string, 
/**
 * The kind of connection.
 */
kind: string, 
/**
 * The kind's name for people.
 */
kind_title: string, 
/**
 * What is read, in a line.
 */
reads: string, 
/**
 * `new`, `ok`, `running`, `failed` or `paused` (its columns changed and it asks).
 */
state: string, 
/**
 * The last refresh that succeeded.
 */
last?: RefreshInfo, 
/**
 * Why the last one failed or paused.
 */
problem?: Problem, 
/**
 * The job that refreshes it now, or did last.
 */
job?: string, 
/**
 * Where the next refresh goes on, in words; empty where each one reads everything.
 */
position: string, 
/**
 * Whether the last read was recorded, so that it can be replayed without the network.
 */
replayable: boolean, };

/**
 * Whether a source has news.
 */
export type SourceNews = { 
/**
 * The source.
 */
source: string, 
/**
 * Whether a refresh would bring something; null where that cannot be told without reading.
 */
available: boolean | null, 
/**
 * A sentence.
 */
text: string, };

/**
 * The first rows of a source as they will become.
 */
export type SourcePreview = { 
/**
 * Rows, types and reasons, as for files.
 */
import: ImportPreview, 
/**
 * What was detected in the selection and can be chosen otherwise: dotted member, value and why.
 */
detected: Array<ImportSetting>, 
/**
 * The first response as text, for choosing on it.
 */
sample?: string, 
/**
 * The key the outside system names.
 */
key: Array<string>, 
/**
 * What changed against the table that is there, and what will happen.
 */
drift: Array<Drift>, 
/**
 * A table name made from what is read.
 */
suggested_table: string, 
/**
 * Whether the next refresh can go on where this one ends.
 */
incremental: boolean, };

/**
 * What to preview.
 */
export type SourcePreviewRequest = { 
/**
 * The source as the forms say.
 */
source: SourceDoc, 
/**
 * Under which it is watched and stopped.
 */
ticket: string, };

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
 * A column that is sent otherwise than as it is.
 */
export type SyncColumn = { 
/**
 * Its name in the table.
 */
column: string, 
/**
 * Its name at the target; the same if empty.
 */
name: string, 
/**
 * Its type at the target, in the outside system's words; chosen there if empty.
 */
type_word: string, 
/**
 * Whether it is left out.
 */
skip: boolean, };

/**
 * One comparison.
 */
export type SyncComparison = { 
/**
 * What is compared.
 */
name: string, 
/**
 * The measure here.
 */
here: string, 
/**
 * The measure there.
 */
there: string, };

/**
 * A sync to check or to save.
 */
export type SyncDoc = { 
/**
 * The sync to change; a new one without.
 */
id?: string, 
/**
 * Its name, unique in the workspace.
 */
name: string, 
/**
 * The connection's id.
 */
connection: string, 
/**
 * How rows meet.
 */
mode: SyncMode, 
/**
 * What is sent where.
 */
parts: Array<SyncPart>, 
/**
 * Whether every other table of the workspace is sent as well, each to a target of its own name.
 */
everything: boolean, 
/**
 * The target of those, as the connector's form says; what its main member says stands before the name of each.
 */
rest: unknown, 
/**
 * The sources that are refreshed first, by their ids.
 */
refresh: Array<string>, 
/**
 * The tables whose recipes are applied then.
 */
apply: Array<string>, };

/**
 * What is sent.
 */
export type SyncFrom = { "kind": "table", 
/**
 * Its name, such as `silver.prices`.
 */
table: string, 
/**
 * The version.
 */
version?: number, } | { "kind": "sql", 
/**
 * What the result is called, as a table would be.
 */
name: string, 
/**
 * The query.
 */
sql: string, };

/**
 * Names a sync.
 */
export type SyncId = { 
/**
 * Its id or name.
 */
id: string, };

/**
 * A saved sync and how it stands.
 */
export type SyncInfo = { 
/**
 * Its id.
 */
id: string, 
/**
 * What was saved.
 */
doc: SyncDoc, 
/**
 * The connection's name.
 */
connection_name: string, 
/**
 * The kind of connection in words.
 */
kind_title: string, 
/**
 * `new`, `running`, `done`, `rejected` (done, but rows were refused), `differs` (the target is not the same
 * afterwards), `failed`, `cancelled` or `interrupted`.
 */
state: string, 
/**
 * The tables of the last run.
 */
last: Array<SyncRunInfo>, 
/**
 * The job that runs it now.
 */
job?: string, };

/**
 * How rows that are sent meet those at the target.
 */
export type SyncMode = "replace" | "append" | "upsert" | "mirror" | "incremental";

/**
 * One table or query with its target.
 */
export type SyncPart = { 
/**
 * What is sent.
 */
from: SyncFrom, 
/**
 * The target, as the connector's form says.
 */
target: unknown, 
/**
 * The columns that are not sent as they are.
 */
columns: Array<SyncColumn>, 
/**
 * The columns that together name a row, by their names in the table.
 */
key: Array<string>, 
/**
 * Edited statements of the preflight by their ids.
 */
edits: { [key in string]: string }, };

/**
 * What a sync would do with one table.
 */
export type SyncPreflight = { 
/**
 * What would be sent, such as `silver.prices@3`.
 */
origin: string, 
/**
 * The target as the connector's form says; also for tables that are sent because everything is.
 */
target: unknown, 
/**
 * What the target is now; a sentence.
 */
state: string, 
/**
 * Rows to put.
 */
rows: number, 
/**
 * Rows to delete.
 */
deleted: number, 
/**
 * The columns, those left out included.
 */
columns: Array<PreflightColumn>, 
/**
 * What will be run or created.
 */
statements: Array<PreflightStatement>, 
/**
 * What would fail or change, the worst first.
 */
findings: Array<PreflightFinding>, 
/**
 * Why it could not be checked.
 */
problem?: Problem, 
/**
 * Whether it can be sent.
 */
ready: boolean, };

/**
 * Names a run of a sync.
 */
export type SyncRunId = { 
/**
 * Its id.
 */
run: string, };

/**
 * One table of one run of a sync.
 */
export type SyncRunInfo = { 
/**
 * Its id.
 */
run: string, 
/**
 * The run of all tables that it is part of.
 */
batch: string, 
/**
 * What was sent, such as `silver.prices@3`.
 */
origin: string, 
/**
 * Where to.
 */
target: string, 
/**
 * `running`, `done`, `failed`, `cancelled`, `interrupted` or `abandoned`.
 */
state: string, 
/**
 * When it began, in milliseconds since 1970 UTC.
 */
at_ms: number, 
/**
 * How long it took.
 */
seconds: number, 
/**
 * How much of that went by with sending; the rest was checking and comparing.
 */
sending_seconds: number, 
/**
 * Rows to send, those to delete included.
 */
total: number, 
/**
 * Rows that are there.
 */
delivered: number, 
/**
 * Rows for which the target held something newer.
 */
superseded: number, 
/**
 * Rows that the target refused.
 */
rejected: number, 
/**
 * Rows without a receipt.
 */
pending: number, 
/**
 * Rows put there by the latest attempt.
 */
rows: number, 
/**
 * Rows deleted there.
 */
deleted: number, 
/**
 * Bytes sent.
 */
bytes: number, 
/**
 * What the user should know.
 */
warnings: Array<string>, 
/**
 * The comparison with the target; nothing before it was made.
 */
verification?: SyncVerification, 
/**
 * Why it failed.
 */
problem?: Problem, };

/**
 * Starts a sync.
 */
export type SyncStart = { 
/**
 * Its id or name.
 */
id: string, 
/**
 * Give an unfinished run up and begin anew, rather than to go on where it stopped.
 */
anew: boolean, };

/**
 * The comparison of source and target after a sync.
 */
export type SyncVerification = { 
/**
 * Whether everything that was compared is the same.
 */
matched: boolean, 
/**
 * What was compared.
 */
comparisons: Array<SyncComparison>, 
/**
 * Keys or row numbers that differ; some of them.
 */
differing: Array<string>, 
/**
 * What could not be compared and why.
 */
note: string, };

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
 * Names a running request of the window, so that it can be watched and stopped. The window makes it up.
 */
export type Ticket = { 
/**
 * Any unique text.
 */
ticket: string, };

/**
 * How far a running request is.
 */
export type TicketProgress = { 
/**
 * Whether it runs.
 */
running: boolean, 
/**
 * What is being done now.
 */
stage: string, 
/**
 * Rows so far.
 */
rows: number, 
/**
 * Bytes so far.
 */
bytes: number, 
/**
 * Bytes to do; 0 where not known.
 */
bytes_total: number, 
/**
 * The latest line of its log.
 */
line: string, };

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
