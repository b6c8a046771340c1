//! Bad circumstances: no permission, a full disk, a second process, a corrupt catalog. Each gives an error that says what
//! and what to do, and nothing that was there is lost.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pulse_core::{Code, Error};
use pulse_engine::Engine;
use pulse_tests::*;
use serde_json::json;

/// A workspace with a table whose rows must survive whatever happens.
fn space_with_a_table() -> Space {
    let space = Space::new();
    space.import_text("kept.csv", "code,price\n007,1.5\n008,n/a\n", "bronze.kept");
    space
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

#[test]
fn files_without_permission() {
    let home = Unprivileged::new();
    let secret = home.file("secret.csv", "a,b\n1,2\n");
    std::fs::set_permissions(&secret, PermissionsExt::from_mode(0o000)).unwrap();
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
