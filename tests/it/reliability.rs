//! Killed processes, cancelled jobs and jobs side by side: a table is at its old or its new version in full.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use pulse_core::Code;
use pulse_engine::Engine;
use pulse_rpc::Commands;
use pulse_rpc::types::*;
use pulse_tests::*;
use serde_json::{Value, json};

/// Rows of the big file, about 100 MB.
const ROWS: u64 = 1_100_000;

/// A CSV of about 100 MB, made once a run; it lies in Cargo's target folder, so that no run leaves another one.
fn big_file() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let path = folder.join("big.csv");
        let mut numbers = Numbers::new(11);
        let mut text = String::with_capacity(110 << 20);
        text.push_str("id,code,price,day,word,note\n");
        for id in 0..ROWS {
            let (code, price, day) = (numbers.below(1_000), numbers.below(100_000), 1 + numbers.below(28));
            let word = numbers.below(u64::MAX);
            text.push_str(&format!("{id},{code:03},{}.{:02},2024-01-{day:02},{word:016x},", price / 100, price % 100));
            text.push_str("\"some text, with a comma, of some length\"\n");
        }
        assert!(text.len() > 90 << 20, "{} bytes are about 100 MB", text.len());
        // Another run may read the file at this moment, so it is replaced as a whole.
        let fresh = tempfile::NamedTempFile::new_in(folder).unwrap();
        std::fs::write(fresh.path(), text).unwrap();
        fresh.persist(&path).unwrap();
        path
    })
}

/// Files in the folders of tables that no commit names, temporary commits, landed files that do not bear the name of
/// their hash, and scratch files but those of the tests' own queries.
fn leftovers(root: &Path) -> Vec<PathBuf> {
    let lake = root.join("lake");
    let commits = files_below(&lake).into_keys().filter(|path| path.extension().is_some_and(|e| e == "json"));
    let log: String = commits.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let named = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let is_commit = name.len() == 25 && name.ends_with(".json");
        is_commit || (name.ends_with(".parquet") && log.contains(&name))
    };
    let hashed = |path: &PathBuf| is_hash(&path.to_string_lossy());
    let mut found: Vec<PathBuf> = files_below(&lake).into_keys().filter(|path| !named(path)).collect();
    found.extend(files_below(&root.join("landing")).into_keys().filter(|path| !hashed(path)));
    let results = root.join("scratch/results");
    found.extend(files_below(&root.join("scratch")).into_keys().filter(|path| !path.starts_with(&results)));
    found
}

fn is_hash(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.len() == 64 && name.chars().all(|c| c.is_ascii_hexdigit()))
}

/// When a process is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// So many thousandths of the time that an undisturbed run takes.
    After(u64),
    /// As soon as a new data file is visible.
    Writing,
    /// As soon as bytes are being copied to landing.
    Landing,
}

/// Starts `pulse`, kills it at an moment, and says whether it had ended by itself before.
fn kill(root: &Path, arguments: &[&str], whole: Duration, moment: Moment) -> bool {
    let parquet = |root: &Path| {
        let files = files_named(&root.join("lake"));
        files.iter().filter(|name| name.ends_with(".parquet")).count()
    };
    let before = parquet(root);
    let began = Instant::now();
    let mut child: Child = pulse_command(root, arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let reached = || match moment {
        Moment::After(thousandths) => began.elapsed() >= whole * u32::try_from(thousandths).unwrap() / 1000,
        Moment::Writing => parquet(root) > before,
        Moment::Landing => files_named(&root.join("landing")).iter().any(|path| !is_hash(path)),
    };
    while !reached() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    let ended = child.try_wait().unwrap().is_some();
    child.kill().unwrap();
    child.wait().unwrap();
    ended
}

/// The names of all files below a folder, without reading them.
fn files_named(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(files_named(&path)),
            path => found.push(path.display().to_string()),
        }
    }
    found
}

/// What a table holds: its version, rows, and a sum that a lost or doubled row would change.
fn content(engine: &Engine, table: &str) -> (u64, u64, Value) {
    let shown = engine.table_show(TableVersion { table: table.into(), version: None }).unwrap();
    let id = "content".to_owned();
    let sql = format!("SELECT count(*), sum(id) FROM {table}");
    engine.sql_run(SqlRequest { id: id.clone(), sql }).unwrap_or_else(|error| panic!("{table} can be asked: {error}"));
    let source = RowSource::Result { id };
    let sums = engine.json_rows(&RowsRequest { source, offset: 0, limit: 1 }).unwrap();
    (shown.info.version, shown.info.rows, json!(sums[0]))
}

/// Kills `arguments` at every moment; each time the table is at the old or the new version in full and nothing is
/// left over.
fn survives(root: &Path, table: &str, arguments: &[&str], moments: &[Moment], new: (u64, &Value)) {
    let began = Instant::now();
    let (code, document) = pulse_json(root, arguments);
    assert_eq!(code, 0, "undisturbed it succeeds: {document}");
    let whole = began.elapsed();
    let mut cut = 0;
    for moment in moments {
        let open = |_: ()| Engine::open(root, "a test").unwrap_or_else(|error| panic!("{moment:?}: opens: {error}"));
        let engine = open(());
        let old = content(&engine, table);
        drop(engine);
        let ended = kill(root, arguments, whole, *moment);
        let engine = open(());
        let found = content(&engine, table);
        let is_new = found.0 == old.0 + 1 && found.1 == new.0 && found.2 == *new.1;
        assert!(found == old || is_new, "{moment:?}: neither old {old:?} nor new: {found:?}");
        assert_eq!(leftovers(root), Vec::<PathBuf>::new(), "{moment:?}: leftovers are swept");
        // A process that was killed before its job was queued left the job of the run before as the newest.
        let state = engine.jobs(Nothing {}).unwrap().into_iter().next().map(|job| job.state);
        let has_ended = matches!(state, None | Some(JobState::Succeeded | JobState::Interrupted));
        assert!(has_ended && (!ended || state == Some(JobState::Succeeded)), "{moment:?}: the job is {state:?}");
        cut += usize::from(state == Some(JobState::Interrupted));
    }
    assert!(cut > 0, "at least one of the kills came while the job ran");
}

#[test]
fn a_killed_import_leaves_the_old_or_the_new_table() {
    let space = Space::new();
    space.import_text("small.csv", "id,code\n1,007\n2,008\n", "bronze.big");
    let (root, _folder) = space.close();
    let big = big_file().to_str().unwrap();
    let mut numbers = Numbers::new(u64::from(std::process::id()));
    let mut moments: Vec<Moment> = (1..5).map(|at| Moment::After(at * 200 + numbers.below(200))).collect();
    moments.push(Moment::Writing);
    let sums = json!([ROWS, ROWS * (ROWS - 1) / 2]);
    let arguments = ["import", big, "--table", "bronze.big", "--mode", "replace"];
    survives(&root, "bronze.big", &arguments, &moments, (ROWS, &sums));
    let older = pulse_json(&root, &["sql", "SELECT sum(id) FROM bronze.big@0"]).1;
    assert_eq!(older["rows"], json!([[3]]), "the version before all this is still there");
}

#[test]
fn a_killed_clean_leaves_the_old_or_the_new_table() {
    let space = Space::new();
    space.import(big_file(), "bronze.big").unwrap();
    let steps =
        [("change_case", json!({ "columns": ["word"], "case": "upper" })), ("drop", json!({ "columns": ["note"] }))];
    assert_eq!(space.apply("bronze.big", &steps).unwrap()["rows"], ROWS, "a first version of the silver table");
    let (root, _folder) = space.close();
    let mut numbers = Numbers::new(u64::from(std::process::id()) + 1);
    let mut moments: Vec<Moment> = (0..3).map(|at| Moment::After(250 + at * 250 + numbers.below(200))).collect();
    moments.push(Moment::Writing);
    let sums = json!([ROWS, ROWS * (ROWS - 1) / 2]);
    survives(&root, "silver.big", &["clean", "bronze.big"], &moments, (ROWS, &sums));
}

#[test]
fn a_copy_to_landing_that_was_cut_is_swept() {
    let (root, _folder) = Space::new().close();
    let cut = (0..20).find(|attempt| {
        let table = format!("bronze.landed{attempt}");
        let _ = std::fs::remove_dir_all(root.join("landing"));
        kill(&root, &["import", big_file().to_str().unwrap(), "--table", &table], Duration::MAX, Moment::Landing);
        files_below(&root.join("landing")).into_keys().any(|path| !is_hash(&path.to_string_lossy()))
    });
    assert!(cut.is_some(), "one of the kills comes while bytes are copied");
    drop(Engine::open(&root, "a test").unwrap());
    assert_eq!(leftovers(&root), Vec::<PathBuf>::new(), "only whole files stay in landing");
}

#[test]
fn an_interrupted_job_is_marked_and_can_be_started_again() {
    let space = Space::new();
    space.import_text("small.csv", "id\n1\n", "bronze.small");
    let (root, folder) = space.close();
    let arguments = ["import", big_file().to_str().unwrap(), "--table", "bronze.again"];
    kill(&root, &arguments, Duration::from_secs(60), Moment::Writing);
    let engine = Engine::open(&root, "a test").unwrap();
    assert_eq!(leftovers(&root), Vec::<PathBuf>::new(), "leftovers are swept");
    let job = engine.jobs(Nothing {}).unwrap().remove(0);
    assert_eq!(job.state, JobState::Interrupted, "{job:?}");
    assert!(job.title.contains("bronze.again"), "{job:?}");
    let tables: Vec<String> = engine.tables(Nothing {}).unwrap().into_iter().map(|table| table.table).collect();
    assert_eq!(tables, ["bronze.small"], "no half table is listed");
    let again = engine.job_retry(JobId { id: job.id }).unwrap();
    let ended = engine.wait(&again.job).unwrap();
    assert_eq!(ended.result.unwrap()["rows"], ROWS, "the same work succeeds: {:?}", ended.message);
    drop(folder);
}

/// Waits until a job is at work and has counted something, then cancels it; it must end soon.
fn cancel(engine: &Engine, started: &JobStarted, what: &str) {
    let id = JobId { id: started.job.clone() };
    let began = Instant::now();
    loop {
        let job = engine.job_show(id.clone()).unwrap().info;
        let at_work = job.state == JobState::Running && !job.stage.is_empty() && job.seconds > 0.1;
        if at_work || job.state == JobState::Succeeded {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{what} gets to work: {job:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
    let asked = Instant::now();
    engine.job_cancel(id.clone()).unwrap();
    engine.wait(&started.job).unwrap();
    // The promise is one second; the bound is generous because other tests run at the same time.
    assert!(asked.elapsed() < Duration::from_secs(5), "{what} ended {:?} after the cancel", asked.elapsed());
    let job = engine.job_show(id).unwrap();
    assert_eq!(job.info.state, JobState::Cancelled, "{what}: {job:?}");
    assert_eq!(job.info.problem.map(|problem| problem.code).as_deref(), Some("cancelled"), "{what}");
    assert!(!job.log.is_empty(), "{what} has a log");
}

#[test]
fn a_cancelled_job_ends_at_once_and_leaves_nothing() {
    let space = Space::new();
    space.import_text("small.csv", "id,code\n1,007\n", "bronze.small");
    let lake = space.engine.root().join("lake");
    let before = files_below(&lake);
    let import = |table: &str| ImportRequest {
        files: vec![ImportFile { path: big_file().display().to_string(), member: None }],
        options: ReadOptions::default(),
        table: table.into(),
        mode: ImportMode::Create,
    };
    cancel(&space.engine, &space.engine.import_start(import("bronze.big")).unwrap(), "an import");
    assert_eq!(files_below(&lake), before, "nothing is left of the import");
    let results = |path: &PathBuf| !path.components().any(|part| part.as_os_str() == "results");
    let scratch: Vec<_> = files_below(&space.engine.root().join("scratch")).into_keys().filter(results).collect();
    assert!(scratch.is_empty(), "nothing is left in scratch: {scratch:?}");

    space.import_files(import("bronze.big")).unwrap();
    let before = files_below(&lake);
    let recipe = space.engine.recipe_open(TableRequest { table: "bronze.big".into() }).unwrap();
    let steps = recipe_steps(&[
        ("find_replace", json!({ "columns": ["word", "note"], "find": "[aeiou]+", "replace": "x", "mode": "regex" })),
        ("sort", json!({ "by": [{ "column": "word" }] })),
    ]);
    let recipe = space.engine.recipe_save(RecipeDoc { steps, ..recipe }).unwrap();
    let apply = ApplyRequest { recipe: recipe.id, version: None };
    cancel(&space.engine, &space.engine.recipe_apply(apply).unwrap(), "a recipe's application");
    assert_eq!(files_below(&lake), before, "nothing is left of the application");

    let target = space.path("out.csv");
    let sql = "SELECT a.id, b.word FROM bronze.big a, bronze.big b WHERE a.code = b.code".to_owned();
    let path = Some(target.display().to_string());
    let source = ExportSource::Sql { sql };
    let export = ExportRequest { source, format: ExportFormat::Csv, path, guard_formulas: false };
    cancel(&space.engine, &space.engine.export_start(export).unwrap(), "an export");
    assert!(!target.exists(), "nothing is left of the export");
    let beside = std::fs::read_dir(target.parent().unwrap()).unwrap().flatten();
    let beside: Vec<_> =
        beside.map(|entry| entry.file_name()).filter(|n| n.to_string_lossy().contains("out")).collect();
    assert!(beside.is_empty(), "no temporary file either: {beside:?}");
}

#[test]
fn a_running_query_can_be_cancelled() {
    let space = Space::new();
    let engine = space.engine.clone();
    let query = std::thread::spawn(move || {
        let sql =
            "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range * b.range % 7 = 3".to_owned();
        engine.sql_run(SqlRequest { id: "long".into(), sql })
    });
    let began = Instant::now();
    while !query.is_finished() && began.elapsed() < Duration::from_secs(60) {
        space.engine.sql_cancel(SqlId { id: "long".into() }).unwrap();
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(query.is_finished(), "the query ends");
    assert_eq!(query.join().unwrap().err().map(|error| error.code), Some(Code::Cancelled));
    assert_eq!(space.sql("SELECT 1").unwrap(), [[json!(1)]].map(Vec::from).to_vec(), "the next query works");
}

#[test]
fn a_failed_job_can_be_tried_again() {
    let space = Space::new();
    let path = space.path("late.csv");
    let error = space.import(&path, "bronze.late").unwrap_err();
    assert_eq!(error.code, Code::NotFound, "{error}");
    let failed = space.engine.jobs(Nothing {}).unwrap().remove(0);
    assert_eq!(failed.state, JobState::Failed, "{failed:?}");
    std::fs::write(&path, "a\n1\n").unwrap();
    let again = space.engine.job_retry(JobId { id: failed.id }).unwrap();
    assert_eq!(space.result(&again).unwrap()["rows"], 1, "now it succeeds");
}

#[test]
fn jobs_side_by_side_lose_nothing() {
    let space = Space::new();
    space.import_text("start.csv", "id,code\n0,000\n", "bronze.shared");
    let request = |name: &str, table: &str, mode| ImportRequest {
        files: vec![ImportFile { path: space.path(name).display().to_string(), member: None }],
        options: ReadOptions::default(),
        table: table.into(),
        mode,
    };
    let start = |request| space.engine.import_start(request).unwrap();
    for part in 0..8 {
        let lines: String = (0..500).map(|at| format!("{},{part:03}\n", 1 + part * 500 + at)).collect();
        space.file(&format!("part{part}.csv"), format!("id,code\n{lines}"));
    }
    let names: Vec<String> = (0..8).map(|part| format!("part{part}.csv")).collect();
    let append = |name: &String| start(request(name, "bronze.shared", ImportMode::Append));
    let started: Vec<JobStarted> = names.iter().map(append).collect();
    for job in &started {
        space.result(job).unwrap_or_else(|error| panic!("every append succeeds: {error}"));
    }
    let sums = space.sql("SELECT count(*), count(DISTINCT id), max(id) FROM bronze.shared").unwrap();
    assert_eq!(json!(sums), json!([[4_001, 4_001, 4_000]]), "every row of every job, once");
    let versions = space.engine.table_history(TableRequest { table: "bronze.shared".into() }).unwrap();
    assert_eq!(versions.len(), 9, "a version each");

    let create = |name: &String| start(request(name, "bronze.one", ImportMode::Create));
    let started: Vec<JobStarted> = names.iter().map(create).collect();
    let results: Vec<_> = started.iter().map(|job| space.result(job)).collect();
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "only one creates it: {results:?}");
    let codes: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).map(|error| error.code).collect();
    assert!(codes.iter().all(|code| *code == Code::AlreadyExists), "the others say so: {codes:?}");
    assert_eq!(space.sql("SELECT count(*) FROM bronze.one").unwrap()[0][0], 500, "the table of one of them");
    assert_eq!(leftovers(space.engine.root()), Vec::<PathBuf>::new(), "nothing is left of the others");

    let big = |table: &str| ImportRequest {
        files: vec![ImportFile { path: big_file().display().to_string(), member: None }],
        ..request("", table, ImportMode::Create)
    };
    let running = [start(big("bronze.a")), start(big("bronze.b"))];
    let queued = start(request("part0.csv", "bronze.queued", ImportMode::Create));
    let cancelled = space.engine.job_cancel(JobId { id: queued.job.clone() }).unwrap();
    assert_eq!(cancelled.state, JobState::Queued, "it waits for its turn: {cancelled:?}");
    running.iter().for_each(|job| _ = space.engine.job_cancel(JobId { id: job.job.clone() }).unwrap());
    assert_eq!(space.result(&queued).unwrap_err().code, Code::Cancelled, "a queued job never starts");
    let tables: Vec<String> = space.engine.tables(Nothing {}).unwrap().into_iter().map(|table| table.name).collect();
    assert!(!tables.contains(&"queued".to_owned()), "{tables:?}");
}
