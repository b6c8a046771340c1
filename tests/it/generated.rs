//! Generated files are committed and fresh. `npm run gen` (which sets `PULSE_REGENERATE=1`) writes them anew.

use std::fs;

use pulse_tests::repository;
use ts_rs::TS;

/// Compares the committed file with what it should hold, or writes it.
fn check(path: &str, expected: &str) {
    let file = repository().join(path);
    if std::env::var_os("PULSE_REGENERATE").is_some() {
        fs::write(&file, expected).unwrap();
        return;
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    assert!(found == expected, "{path} is stale: run `npm run gen`");
}

#[test]
fn typescript_types_of_the_commands() {
    let folder = tempfile::tempdir().unwrap();
    // Numbers cross as JSON numbers; none of ours exceeds 2^53.
    let config = ts_rs::Config::new().with_large_int("number").with_out_dir(folder.path());
    pulse_rpc::RpcSchema::export_all(&config).unwrap();
    let text = fs::read_to_string(folder.path().join("rpc.ts")).unwrap();
    let body: Vec<&str> = text.lines().filter(|line| !line.starts_with("// This file was generated")).collect();
    let head = "// Generated from pulse-rpc by `npm run gen`; do not edit.\n";
    check("ui/src/generated/rpc.ts", &format!("{head}{}\n", body.join("\n").trim_end()));
}

#[test]
fn the_manual_of_the_steps() {
    let mut text = String::from("# Cleaning steps\n\nGenerated from the steps by `npm run gen`; do not edit.\n");
    let mut group = String::new();
    for step in pulse_recipe::catalogue() {
        if step.group != group {
            text.push_str(&format!("\n## {}\n", step.group));
            group.clone_from(&step.group);
        }
        text.push_str(&format!("\n### {} (`{}`)\n\n{}\n", step.title, step.kind, step.description));
        if let Some(members) = step.schema["properties"].as_object() {
            text.push('\n');
            for (name, member) in members {
                let about = member["description"].as_str().unwrap_or("").replace('\n', " ");
                text.push_str(&format!("- `{name}`: {about}\n"));
            }
        }
        for example in step.examples {
            text.push_str(&format!("\nExample: {} `{}`\n", example.title, example.config));
        }
    }
    check("docs/steps.md", &text);
}
