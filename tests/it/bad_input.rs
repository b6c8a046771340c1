//! Bad input and bad circumstances: each gives an error that says what and what to do, and nothing that was there is
//! lost.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pulse_core::{Code, Error};
use pulse_engine::Engine;
use pulse_rpc::Commands;
use pulse_rpc::types::*;
use pulse_tests::*;
use serde_json::json;

/// A workspace with a table whose rows must survive whatever happens.
fn space_with_a_table() -> Space {
    let space = Space::new();
    space.import_text("kept.csv", "code,price\n007,1.5\n008,n/a\n", "bronze.kept");
    space
}

/// Runs `attempt`, which must fail without touching the lake, and returns its error.
fn fails(space: &Space, what: &str, attempt: impl FnOnce(&Space) -> Option<Error>) -> Error {
    let lake = space.engine.root().join("lake");
    let before = files_below(&lake);
    let error = attempt(space).unwrap_or_else(|| panic!("{what} is an error"));
    assert_helpful(&error, what);
    assert_eq!(files_below(&lake), before, "{what} leaves the lake as it was");
    let running = space.engine.jobs(Nothing {}).unwrap();
    let waiting: Vec<_> = running.iter().filter(|j| matches!(j.state, JobState::Queued | JobState::Running)).collect();
    assert!(waiting.is_empty(), "{what} leaves no job: {waiting:?}");
    assert_eq!(space.rows("bronze.kept")[0], [json!("007"), json!("1.5")], "{what}: what was there is readable");
    error
}

fn zip(path: &Path, members: &str) {
    let script = format!("import zipfile,sys\nwith zipfile.ZipFile(sys.argv[1],'w') as z:\n {members}");
    python(&script, &[path.to_str().unwrap()]);
}

#[test]
fn files_that_are_no_tables() {
    let space = space_with_a_table();
    let mut noise = Numbers::new(1);
    let noise: Vec<u8> = (0..5_000).map(|_| noise.below(256) as u8).collect();
    let png = [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &noise].concat();
    space.file("empty.csv", "");
    space.file("blank.csv", " \r\n\n\t\n");
    space.file("mark.csv", "\u{feff}\n");
    space.file("noise.csv", &noise);
    space.file("picture.csv", png);
    space.file("false.parquet", "this is no Parquet");
    space.file("false.zip", "PK\x03\x04 this is no archive");
    std::fs::create_dir(space.path("folder.csv")).unwrap();
    let whole = gzip(&space, "cut.csv.gz");
    std::fs::write(&whole, &std::fs::read(&whole).unwrap()[..400]).unwrap();
    let cases = [
        ("empty.csv", &[Code::InvalidInput][..]),
        ("blank.csv", &[Code::InvalidInput]),
        ("mark.csv", &[Code::InvalidInput]),
        ("folder.csv", &[Code::InvalidInput]),
        ("noise.csv", &[Code::Unsupported]),
        ("picture.csv", &[Code::Unsupported]),
        ("false.parquet", &[Code::Damaged]),
        ("false.zip", &[Code::Damaged]),
        ("cut.csv.gz", &[Code::Damaged]),
        ("missing.csv", &[Code::NotFound]),
    ];
    for (name, codes) in cases {
        let error = fails(&space, name, |space| space.import(&space.path(name), "bronze.bad").err());
        assert!(codes.contains(&error.code), "{name}: {error:?}");
        assert!(error.message.contains(name), "the message names {name}: {error}");
        let output = pulse(&space.path("elsewhere"), &["--json", "import", space.path(name).to_str().unwrap()]);
        assert_helpful(&error_of(&output, name), name);
    }
}

fn gzip(space: &Space, name: &str) -> PathBuf {
    let script = "import gzip,sys,random; r=random.Random(1); gzip.open(sys.argv[1],'wt').write(\
                  'a,b\\n'+''.join(f'{r.random()},{r.random()}\\n' for _ in range(2000)))";
    python(script, &[space.path(name).to_str().unwrap()]);
    space.path(name)
}

#[test]
fn archives_that_reach_out_are_refused() {
    let space = space_with_a_table();
    let path = space.path("evil.zip");
    zip(&path, "[z.writestr(n,'a,b\\n1,2\\n') for n in ('../evil.csv','/tmp/evil.csv','a/../../evil.csv','good.csv')]");
    let found = space.engine.import_inspect(InspectRequest { paths: vec![path.display().to_string()] }).unwrap();
    for member in &found.files[0].members {
        let refused = member.refused.as_deref().unwrap_or_default();
        assert_eq!(refused.is_empty(), member.name == "good.csv", "{}: {refused}", member.name);
    }
    for member in ["../evil.csv", "/tmp/evil.csv", "a/../../evil.csv"] {
        let files = vec![ImportFile { path: path.display().to_string(), member: Some(member.into()) }];
        let request = ImportRequest {
            files,
            options: ReadOptions::default(),
            table: "bronze.evil".into(),
            mode: ImportMode::Create,
        };
        fails(&space, member, |space| space.import_files(request).err());
    }
    let outside = space.engine.root().parent().unwrap().join("evil.csv");
    assert!(!outside.exists() && !Path::new("/tmp/evil.csv").exists(), "nothing was written outside");
    let bomb = space.path("bomb.zip");
    let script = "import zipfile,sys\nwith zipfile.ZipFile(sys.argv[1],'w',zipfile.ZIP_DEFLATED) as z:\n \
                  z.writestr('bomb.csv', b'a,b\\n' + b'0' * (300 << 20))";
    python(script, &[bomb.to_str().unwrap()]);
    let error = fails(&space, "an archive bomb", |space| space.import(&bomb, "bronze.bomb").err());
    assert_eq!(error.code, Code::LimitExceeded, "{error}");
}

#[test]
fn files_without_permission() {
    let space = space_with_a_table();
    let secret = space.file("secret.csv", "a,b\n1,2\n");
    std::fs::set_permissions(&secret, PermissionsExt::from_mode(0o000)).unwrap();
    let home = Unprivileged::new();
    let output = home.pulse(&["--json", "import", secret.to_str().unwrap()]);
    let error = error_of(&output, "import of a file without permission");
    assert_eq!(error.code, Code::PermissionDenied, "{error:?}");
    assert_helpful(&error, "no permission to read");
    assert!(error.message.contains("secret.csv"), "{error}");

    let good = home.file("good.csv", "a,b\n1,2\n");
    let output = home.pulse(&["--json", "import", good.to_str().unwrap(), "--table", "bronze.good"]);
    assert_eq!(output.status.code(), Some(0), "{}", one_document(&output, "import of a readable file"));
    let locked = home.workspace.join("lake/bronze");
    std::fs::set_permissions(&locked, PermissionsExt::from_mode(0o555)).unwrap();
    let before = files_below(&locked);
    let output = home.pulse(&["--json", "import", good.to_str().unwrap(), "--table", "bronze.more"]);
    let error = error_of(&output, "import into a folder without permission");
    assert_eq!(error.code, Code::PermissionDenied, "{error:?}");
    assert_helpful(&error, "no permission to write");
    assert_eq!(files_below(&locked), before, "the lake is as it was");
    let output = home.pulse(&["--json", "export", "bronze.good", "--to", "/usr/out.csv"]);
    let error = error_of(&output, "export to a folder without permission");
    assert_eq!(error.code, Code::PermissionDenied, "{error:?}");
    std::fs::set_permissions(&locked, PermissionsExt::from_mode(0o755)).unwrap();

    let forbidden = home.folder.path().join("forbidden");
    std::fs::create_dir(&forbidden).unwrap();
    std::fs::set_permissions(&forbidden, PermissionsExt::from_mode(0o555)).unwrap();
    let output = home.pulse_in(&forbidden.join("workspace"), &["--json", "tables"]);
    let error = error_of(&output, "a workspace in a folder without permission");
    assert_eq!(error.code, Code::PermissionDenied, "{error:?}");
    assert_helpful(&error, "no permission to make a workspace");
}

/// A place where `pulse` runs as a user whom permissions bind: nobody, where the tests run as root.
struct Unprivileged {
    folder: tempfile::TempDir,
    workspace: PathBuf,
    is_root: bool,
}

impl Unprivileged {
    const NOBODY: u32 = 65_534;

    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
        // Nobody cannot enter root's home, so the binary and DuckDB's library come here.
        for source in [pulse_binary(), pulse_binary().with_file_name("libduckdb.so")] {
            let target = folder.path().join(source.file_name().unwrap());
            if std::fs::hard_link(&source, &target).is_err() {
                std::fs::copy(&source, &target).unwrap();
            }
        }
        let workspace = folder.path().join("home/workspace");
        std::fs::create_dir(folder.path().join("home")).unwrap();
        let place = Self { workspace, folder, is_root };
        for path in [place.folder.path().to_owned(), place.folder.path().join("home")] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
            if is_root {
                std::os::unix::fs::chown(&path, Some(Self::NOBODY), Some(Self::NOBODY)).unwrap();
            }
        }
        place
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join("home").join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        path
    }

    fn pulse(&self, arguments: &[&str]) -> Output {
        self.pulse_in(&self.workspace, arguments)
    }

    fn pulse_in(&self, workspace: &Path, arguments: &[&str]) -> Output {
        let binary = self.folder.path().join("pulse");
        let mut command = Command::new(if self.is_root { Path::new("setpriv") } else { &binary });
        if self.is_root {
            let nobody = Self::NOBODY.to_string();
            command.args(["--reuid", &nobody, "--regid", &nobody, "--clear-groups", "--"]).arg(&binary);
        }
        command.env("HOME", self.folder.path().join("home")).current_dir("/");
        command.arg("--workspace").arg(workspace).args(arguments).output().expect("pulse starts as a plain user")
    }
}

#[test]
fn recipes_that_are_damaged_or_do_not_fit() {
    let space = space_with_a_table();
    let import = |text: &str| {
        let request = RecipeImport { table: "bronze.kept".into(), text: text.to_owned() };
        space.engine.recipe_import(request)
    };
    let whole = json!({ "format": 1, "name": "x", "steps": [
        { "id": "s1", "kind": "trim_whitespace", "config": { "columns": [] }, "enabled": true, "comment": "" },
    ] });
    let with = |pointer: &str, value: serde_json::Value| {
        let mut changed = whole.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        changed.to_string()
    };
    let cut = &whole.to_string()[..40];
    let damaged = [
        ("cut", cut.to_owned()),
        ("no JSON", "steps: []".to_owned()),
        ("empty", String::new()),
        ("another shape", "[1,2]".to_owned()),
        ("another format", with("/format", json!(99))),
        ("unknown kind", with("/steps/0/kind", json!("teleport"))),
        ("wrong settings", with("/steps/0/config", json!({ "columns": 7 }))),
    ];
    for (what, text) in &damaged {
        fails(&space, what, |_| import(text).err());
        let file = space.file("damaged.recipe.json", text);
        let arguments = ["--json", "clean", "bronze.kept", "--recipe", file.to_str().unwrap()];
        let elsewhere = space.path("elsewhere");
        let source = space.path("kept.csv");
        if !elsewhere.exists() {
            assert!(pulse(&elsewhere, &["import", source.to_str().unwrap()]).status.success(), "a table to clean");
        }
        assert_helpful(&error_of(&pulse(&elsewhere, &arguments), what), what);
    }
    assert!(space.engine.recipe_open(TableRequest { table: "bronze.kept".into() }).unwrap().steps.is_empty());

    let misfits = [
        ("a missing column", "parse_number", json!({ "columns": ["cost"] }), "cost"),
        ("a wrong expression", "add_column", json!({ "name": "x", "expression": "price +* 2" }), "price +* 2"),
        ("a function that is none", "add_column", json!({ "name": "x", "expression": "launch(price)" }), "launch"),
        (
            "a wrong pattern",
            "find_replace",
            json!({ "columns": ["price"], "find": "(", "replace": "", "mode": "regex" }),
            "(",
        ),
    ];
    for (what, kind, config, named) in misfits {
        let error = fails(&space, what, |space| space.apply("bronze.kept", &[(kind, config.clone())]).err());
        assert!(error.to_string().contains(named), "{what}: the error names `{named}`: {error}");
        let preview = PreviewRequest {
            table: "bronze.kept".into(),
            version: None,
            steps: recipe_steps(&[("trim_whitespace", json!({ "columns": [] })), (kind, config)]),
            selected: None,
        };
        let shown = space.engine.recipe_preview(preview).unwrap();
        assert!(shown.steps[0].problem.is_none() && !shown.steps[0].skipped, "{what}: the step before it works");
        assert!(shown.steps[1].problem.is_some(), "{what}: the preview says so at the step: {:?}", shown.steps);
        assert_eq!(shown.rows, 2, "{what}: the rows before the wrong step are shown");
    }
}

#[test]
fn sql_that_is_wrong_or_not_allowed() {
    let space = space_with_a_table();
    let root = space.engine.root().display().to_string();
    let cases = [
        "SELEC 1",
        "",
        "SELECT FROM WHERE",
        "SELECT nothing FROM bronze.kept",
        "SELECT * FROM bronze.missing",
        "SELECT * FROM bronze.kept@7",
        "SELECT 1; DROP TABLE bronze.kept",
        "DELETE FROM bronze.kept",
        "CREATE TABLE x (a INTEGER)",
        "SET memory_limit='1TB'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "COPY bronze.kept TO '/tmp/stolen.csv'",
        "ATTACH '/tmp/other.db'",
        "INSTALL httpfs",
        "SELECT CAST(code || 'x' AS INTEGER) FROM bronze.kept",
    ];
    for sql in cases {
        fails(&space, sql, |space| space.sql(sql).err());
    }
    let catalog = format!("SELECT * FROM read_blob('{root}/catalog.db')");
    fails(&space, &catalog, |space| space.sql(&catalog).err());
    assert!(!Path::new("/tmp/stolen.csv").exists(), "nothing was written");
    let export = ExportRequest {
        source: ExportSource::Sql { sql: "SELECT * FROM bronze.missing".into() },
        format: ExportFormat::Csv,
        path: Some(space.path("never.csv").display().to_string()),
        guard_formulas: false,
    };
    fails(&space, "an export of wrong SQL", |space| {
        space.engine.export_start(export).and_then(|started| space.result(&started)).err()
    });
    assert!(!space.path("never.csv").exists(), "no half file is left");
}

#[test]
fn an_export_never_replaces_what_the_workspace_lives_on() {
    let space = space_with_a_table();
    let root = space.engine.root().to_owned();
    let data =
        files_below(&root.join("lake")).into_keys().find(|path| path.extension().is_some_and(|e| e == "parquet"));
    let landed = files_below(&root.join("landing")).into_keys().next();
    let link = space.path("link");
    std::os::unix::fs::symlink(root.join("lake/bronze/kept"), &link).unwrap();
    let catalog = root.join("catalog.db");
    let targets = [data.unwrap(), landed.unwrap(), catalog, root.join("workspace.lock"), link.join("new.parquet")];
    let export = |path: PathBuf| {
        let source = ExportSource::Table { table: "bronze.kept".into(), version: None };
        let path = Some(path.display().to_string());
        let request = ExportRequest { source, format: ExportFormat::Parquet, path, guard_formulas: false };
        space.engine.export_start(request).and_then(|started| space.result(&started))
    };
    for target in targets {
        let what = target.display().to_string();
        let landing = files_below(&root.join("landing"));
        let error = fails(&space, &what, |_| export(target).err());
        assert_eq!(error.field.as_deref(), Some("path"), "{what}: {error:?}");
        assert_eq!(files_below(&root.join("landing")), landing, "{what}: landing is as it was");
    }
    export(root.join("exports/fine.parquet")).expect("the exports folder is for exports");
    export(space.path("outside.parquet")).expect("any other folder is free");
}

#[test]
fn names_and_versions_that_are_not_there() {
    let space = space_with_a_table();
    let missing = || TableVersion { table: "bronze.missing".into(), version: None };
    let newer = || TableVersion { table: "bronze.kept".into(), version: Some(9) };
    let name = |table: &str| TableRequest { table: table.into() };
    let engine = &space.engine;
    type Attempt<'a> = (&'a str, Box<dyn Fn() -> Option<Error> + 'a>);
    let attempts: Vec<Attempt<'_>> = vec![
        ("show", Box::new(|| engine.table_show(missing()).err())),
        ("show a version", Box::new(|| engine.table_show(newer()).err())),
        ("profile", Box::new(|| engine.table_profile(newer()).err())),
        ("history", Box::new(|| engine.table_history(name("silver.missing")).err())),
        (
            "restore",
            Box::new(|| engine.table_restore(RestoreRequest { table: "bronze.kept".into(), version: 9 }).err()),
        ),
        ("remove", Box::new(|| engine.table_remove(name("gold.missing")).err())),
        ("open a recipe", Box::new(|| engine.recipe_open(name("bronze.missing")).err())),
        (
            "apply a recipe",
            Box::new(|| engine.recipe_apply(ApplyRequest { recipe: "none".into(), version: None }).err()),
        ),
        ("show a job", Box::new(|| engine.job_show(JobId { id: "none".into() }).err())),
        ("cancel a job", Box::new(|| engine.job_cancel(JobId { id: "none".into() }).err())),
        ("retry a job", Box::new(|| engine.job_retry(JobId { id: "none".into() }).err())),
    ];
    for (what, attempt) in attempts {
        let error = fails(&space, what, |_| attempt());
        assert_eq!(error.code, Code::NotFound, "{what}: {error}");
    }
    for name in ["kept", "bronze.", "bronze.Kept", "brass.kept", "bronze.a b", "bronze.../kept", "../bronze.kept"] {
        let error = fails(&space, name, |space| {
            space.engine.table_show(TableVersion { table: name.into(), version: None }).err()
        });
        assert_eq!((error.code, error.field.as_deref()), (Code::InvalidInput, Some("table")), "{name}: {error:?}");
    }
}

#[test]
fn a_second_process_is_told_who_has_the_workspace() {
    let space = space_with_a_table();
    let output = pulse(space.engine.root(), &["--json", "tables"]);
    let error = error_of(&output, "tables of an open workspace");
    assert_eq!(error.code, Code::WorkspaceLocked, "{error:?}");
    assert_helpful(&error, "a second process");
    let own = format!("a test (process {}", std::process::id());
    assert!(error.message.contains(&own), "the error names the first process: {error}");
    assert_eq!(Engine::open(space.engine.root(), "another").err().map(|e| e.code), Some(Code::WorkspaceLocked));
    let (root, _folder) = space.close();
    assert_eq!(pulse_json(&root, &["tables"]).0, 0, "once the first has closed it, the second may");
}

#[test]
fn a_corrupt_catalog_is_named_and_left_alone() {
    let (root, _folder) = space_with_a_table().close();
    let catalog = root.join("catalog.db");
    for journal in ["catalog.db-wal", "catalog.db-shm"] {
        let _ = std::fs::remove_file(root.join(journal));
    }
    let sound = std::fs::read(&catalog).unwrap();
    let lake = files_below(&root.join("lake"));
    let mut torn = sound.clone();
    torn[4096..].fill(0x5a);
    for (what, bytes) in [("text", b"no database at all".repeat(400)), ("torn", torn), ("half", sound[..5000].to_vec())]
    {
        std::fs::write(&catalog, &bytes).unwrap();
        let error = error_of(&pulse(&root, &["--json", "tables"]), what);
        assert_eq!(error.code, Code::Damaged, "{what}: {error:?}");
        assert_helpful(&error, what);
        assert!(error.message.contains("catalog.db"), "{what}: the message names the file: {error}");
        assert_eq!(std::fs::read(&catalog).unwrap(), bytes, "{what}: the catalog is left as it is");
        assert_eq!(files_below(&root.join("lake")), lake, "{what}: the tables are untouched");
    }
    std::fs::rename(&catalog, root.join("catalog.damaged")).unwrap();
    let (code, document) = pulse_json(&root, &["sql", "SELECT count(*) FROM bronze.kept"]);
    assert_eq!((code, &document["rows"]), (0, &json!([[2]])), "moved away, a new one is made and the tables are there");
}

/// Where the full disk is, how many kilobytes it has, and the commands that must fail there.
const FULL_DISKS: &[(&str, u32, &str)] = &[
    ("workspace", 3_000, "import BIG --table bronze.big"),
    ("workspace/landing", 1_000, "import BIG --table bronze.big"),
    ("workspace/lake", 1_000, "import BIG --table bronze.big"),
    ("workspace/scratch", 200, "import PACKED --table bronze.big"),
    ("out", 200, "export bronze.source --to out/source.csv"),
    ("out", 200, "export bronze.source --to out/source.parquet"),
];

#[test]
fn a_full_disk() {
    let mut numbers = Numbers::new(3);
    let line =
        |at: usize, numbers: &mut Numbers| format!("{at},{:x}{:x}\n", numbers.below(u64::MAX), numbers.below(u64::MAX));
    let text: String = (0..150_000).map(|at| line(at, &mut numbers)).collect();
    for (place, kilobytes, command) in FULL_DISKS {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("big.csv"), format!("id,word\n{text}")).unwrap();
        python(
            "import gzip,sys,shutil; shutil.copyfileobj(open(sys.argv[1],'rb'),gzip.open(sys.argv[2],'wb',1))",
            &[path("big.csv").to_str().unwrap(), path("big.csv.gz").to_str().unwrap()],
        );
        std::fs::write(path("source.csv"), format!("id,word\n{}", &text[..text.len() / 4])).unwrap();
        std::fs::write(path("kept.csv"), "code\n007\n").unwrap();
        let script = full_disk_script(place, *kilobytes, command);
        let output = in_own_mounts(&script, folder.path());
        let text = String::from_utf8(output.stdout).unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        let what = format!("`{command}` with {place} on a full disk");
        let part = |name: &str| {
            let found = text.split(&format!("== {name}\n")).nth(1).and_then(|rest| rest.split("== ").next());
            found.unwrap_or_else(|| panic!("{what}: no part {name}: {text}{stderr}")).trim().to_owned()
        };
        assert_eq!(part("code"), "1", "{what} fails: {}", part("answer"));
        let document: serde_json::Value = serde_json::from_str(&part("answer")).unwrap();
        let error: Error = serde_json::from_value(document["error"].clone()).unwrap();
        assert_eq!(error.code, Code::DiskFull, "{what}: {error:?}");
        assert_helpful(&error, &what);
        assert_eq!(part("after"), part("before"), "{what}: no half table or file is left");
        assert_eq!(part("readable"), r#"[["007"]]"#, "{what}: what was there is readable");
    }
}

/// A shell script: prepares tables, makes the disk small, tries the command and shows what is left.
fn full_disk_script(place: &str, kilobytes: u32, command: &str) -> String {
    let pulse = format!("'{}' --workspace workspace --json", pulse_binary().display());
    let command = command.replace("BIG", "big.csv").replace("PACKED", "big.csv.gz");
    // The workspace itself lies on the small disk from the start, other places are put there once tables exist.
    let mount = format!("mkdir -p {place} && mount -t tmpfs -o size={kilobytes}k none {place}");
    let (early, late) = if place == "workspace" { (mount.as_str(), "true") } else { ("true", mount.as_str()) };
    let late = match place {
        "workspace/lake" => format!("cp -r {place} saved && {late} && cp -r saved/. {place}"),
        _ => late.to_owned(),
    };
    let source =
        if command.starts_with("export") { format!("{pulse} import source.csv >/dev/null") } else { "true".into() };
    let listing = "find workspace/lake out -type f 2>/dev/null | sort";
    format!(
        "{early} && {pulse} import kept.csv >/dev/null && {source} && {late} || exit 9
         echo '== before'; {listing}
         {pulse} {command} >answer; code=$?
         echo '== after'; {listing}
         echo '== code'; echo $code
         echo '== answer'; cat answer
         echo '== readable'; {pulse} sql 'SELECT code FROM bronze.kept' | python3 -c 'import json,sys; print(json.dumps(json.load(sys.stdin)[\"rows\"]))'
         echo '== end'"
    )
}

/// Runs a shell script that may mount: in a mount namespace of its own, as root or as root of a user namespace.
fn in_own_mounts(script: &str, folder: &Path) -> Output {
    let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let flags = if is_root { "-m" } else { "-rm" };
    let command = Command::new("unshare").args([flags, "sh", "-c", script]).current_dir(folder).output();
    let output = command.expect("unshare starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "a small disk can be mounted (unshare {flags}): {stderr}");
    output
}
