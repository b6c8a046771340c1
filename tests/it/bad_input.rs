//! Bad input: each gives an error that says what and what to do, and nothing that was there is lost.

use std::path::{Path, PathBuf};

use pulse_core::{Code, Error};
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
