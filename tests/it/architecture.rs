//! The invariants of ARCHITECTURE.md, checked over `cargo metadata` and the source files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::MetadataCommand;
use pulse_tests::repository;

const LEAVES: [&str; 7] =
    ["pulse-rpc", "pulse-recipe", "pulse-connect", "pulse-lake", "pulse-query", "pulse-catalog", "pulse-secrets"];

/// The direct dependencies of every package of the workspace, without those of its tests.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata =
        MetadataCommand::new().current_dir(repository()).no_deps().exec().expect("cargo metadata can be read");
    let normal = |package: &cargo_metadata::Package| {
        let kept = package.dependencies.iter().filter(|d| d.kind != cargo_metadata::DependencyKind::Development);
        (package.name.to_string(), kept.map(|dependency| dependency.name.clone()).collect())
    };
    metadata.packages.iter().map(normal).collect()
}

#[test]
fn dependencies_point_one_way() {
    let all = dependencies();
    let ours = |name: &str| -> BTreeSet<&str> {
        all[name].iter().map(String::as_str).filter(|dependency| dependency.starts_with("pulse-")).collect()
    };
    assert!(ours("pulse-core").is_empty(), "pulse-core depends on nothing of ours");
    for leaf in LEAVES {
        assert!(ours(leaf).is_subset(&BTreeSet::from(["pulse-core"])), "{leaf} may depend on pulse-core only");
    }
    let below: BTreeSet<&str> = LEAVES.into_iter().chain(["pulse-core"]).collect();
    assert!(ours("pulse-engine").is_subset(&below), "the engine composes the leaves");
    for host in ["pulse-cli", "cloud-pulse"] {
        let allowed = BTreeSet::from(["pulse-core", "pulse-rpc", "pulse-engine"]);
        assert!(ours(host).is_subset(&allowed), "{host} reaches the leaves through the engine");
    }
}

#[test]
fn each_engine_is_in_exactly_one_crate() {
    let all = dependencies();
    for (library, home) in
        [("tauri", "cloud-pulse"), ("deltalake", "pulse-lake"), ("duckdb", "pulse-query"), ("axum", "pulse-cli")]
    {
        let users: Vec<_> = all.iter().filter(|(_, deps)| deps.contains(library)).map(|(name, _)| name).collect();
        assert_eq!(users, [home], "{library} belongs in {home} alone");
    }
    // The catalog is an SQLite database, and SQLite files are a source.
    let users: Vec<_> = all.iter().filter(|(_, deps)| deps.contains("rusqlite")).map(|(name, _)| name).collect();
    assert_eq!(users, ["pulse-catalog", "pulse-connect"]);
}

#[test]
fn steps_do_no_io_and_read_no_clock() {
    for file in sources("src-tauri/crates/pulse-recipe/src/steps", "rs") {
        let text = fs::read_to_string(&file).unwrap();
        for banned in ["std::fs", "std::net", "SystemTime", "Instant", "Utc::now", "Local::now", "std::env"] {
            assert!(!text.contains(banned), "{} uses {banned}", file.display());
        }
    }
}

#[test]
fn connectors_do_not_know_the_catalog() {
    for file in sources("src-tauri/crates/pulse-connect/src", "rs") {
        let text = fs::read_to_string(&file).unwrap();
        assert!(!text.contains("catalog.db"), "{} touches the catalog", file.display());
    }
}

#[test]
fn the_shell_stays_thin() {
    let lines: usize = sources("src-tauri/src", "rs").iter().map(|file| count_lines(file)).sum();
    assert!(lines <= 400, "the shell has {lines} lines; domain logic belongs below it");
}

#[test]
fn only_the_platform_folder_knows_tauri() {
    for file in window_sources() {
        let inside = file.starts_with(repository().join("ui/src/platform"));
        let text = fs::read_to_string(&file).unwrap();
        assert!(inside || !text.contains("@tauri-apps/"), "{} imports Tauri", file.display());
    }
}

#[test]
fn features_of_the_window_do_not_import_each_other() {
    let features = repository().join("ui/src/features");
    for file in window_sources().into_iter().filter(|file| file.starts_with(&features)) {
        let own = file.strip_prefix(&features).unwrap().components().next().unwrap();
        let text = fs::read_to_string(&file).unwrap();
        for import in text.lines().filter(|line| line.contains(" from \"")) {
            let target = import.rsplit('"').nth(1).unwrap_or("");
            let resolved = normalised(&file.parent().unwrap().join(target));
            if let Ok(inside) = resolved.strip_prefix(&features) {
                assert_eq!(inside.components().next(), Some(own), "{}: {import}", file.display());
            }
        }
    }
}

#[test]
fn the_window_names_no_kind_of_step() {
    let kinds: Vec<String> = pulse_recipe::catalogue().into_iter().map(|step| format!("\"{}\"", step.kind)).collect();
    let tests = |file: &PathBuf| file.to_string_lossy().contains(".test.");
    for file in window_sources().into_iter().filter(|file| !tests(file)) {
        let text = fs::read_to_string(&file).unwrap();
        // `rename` and `sort` are words of other things too; a step's form is what this is about.
        let named = kinds.iter().find(|kind| kind.contains('_') && text.contains(kind.as_str()));
        assert!(named.is_none(), "{} names the step {named:?}", file.display());
    }
}

#[test]
fn the_window_names_no_kind_of_connector() {
    // Words that are also words of other things.
    let common = ["folder", "web", "rest"];
    let kinds = pulse_connect::connectors().iter().map(|info| info.about.kind).filter(|kind| !common.contains(kind));
    let kinds: Vec<String> = kinds.map(|kind| format!("\"{kind}\"")).collect();
    for file in window_sources().into_iter().filter(|file| !file.to_string_lossy().contains(".test.")) {
        let text = fs::read_to_string(&file).unwrap();
        let named = kinds.iter().find(|kind| text.contains(kind.as_str()));
        assert!(named.is_none(), "{} names the connector {named:?}", file.display());
    }
}

fn window_sources() -> Vec<PathBuf> {
    let mut files = sources("ui/src", "ts");
    files.extend(sources("ui/src", "tsx"));
    files.retain(|file| !file.starts_with(repository().join("ui/src/generated")));
    assert!(files.len() > 20, "the window's sources are found");
    files
}

fn sources(folder: &str, ending: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, ending, found);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&repository().join(folder), ending, &mut found);
    found
}

fn count_lines(file: &Path) -> usize {
    fs::read_to_string(file).unwrap().lines().count()
}

/// The path without `.` and `..`, which need not exist.
fn normalised(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => drop(clean.pop()),
            std::path::Component::CurDir => {}
            other => clean.push(other),
        }
    }
    clean
}
