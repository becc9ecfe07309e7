//! Reads the sources: every export is built in the same way.

use std::fs;
use std::path::Path;

/// The exports: their names, the text up to the body, and the body's first line.
fn exports() -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap() {
        let source = fs::read_to_string(entry.unwrap().path()).unwrap();
        for text in source.split("#[unsafe(no_mangle)]\n").skip(1) {
            let (head, body) = text.split_once(" {\n").unwrap();
            let name = head.split_once("fn ").unwrap().1.split_once('(').unwrap().0;
            let first = body.lines().find(|line| !line.trim().starts_with("//") && !is_static(line)).unwrap();
            found.push((name.to_owned(), head.to_owned(), first.trim().to_owned()));
        }
    }
    found
}

fn is_static(line: &str) -> bool {
    line.trim().starts_with("static ")
}

#[test]
fn every_export_goes_through_the_guard() {
    let exports = exports();
    assert!((40..=80).contains(&exports.len()), "{} exports", exports.len());
    for (name, head, first) in exports {
        assert!(name.starts_with("tokenmint_") && head.contains("extern \"C\" fn"), "{name}");
        let guard = if head.ends_with("-> i32") { "guard(error, || {" } else { "guard_value(" };
        assert!(first.starts_with(guard), "{name} begins with {first}");
    }
}

#[test]
fn every_status_must_be_looked_at_and_every_error_can_be_told() {
    for (name, head, _) in exports().into_iter().filter(|(_, head, _)| head.ends_with("-> i32")) {
        assert!(head.contains("#[must_use]"), "{name}");
        assert!(head.contains("error: Option<&mut MaybeUninit<tokenmint_error>>,\n) -> i32"), "{name}");
    }
}

#[test]
fn the_page_about_the_interface_names_everything() {
    let page = include_str!("../../docs/c-abi.md");
    let named = exports().iter().filter(|(name, ..)| page.contains(&format!("\n| `{name}` | "))).count();
    assert_eq!((named, page.matches("\n| `tokenmint_").count()), (exports().len(), exports().len()));
    assert!(page.contains(&format!("{} functions", named)));
    // Which says what can be given to two of them, and is made of what the core knows.
    assert!(page.contains("(operations.md)") && page.contains("(operations.md#options-of-an-issuer)"));
}

#[test]
fn nothing_is_exported_in_another_way() {
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("exports.rs") {
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        let tests = source.find("#[cfg(test)]").unwrap_or(source.len());
        let own = &source[..tests];
        assert_eq!(
            own.matches("extern \"C\"").count(),
            own.matches("#[unsafe(no_mangle)]\n").count(),
            "{}",
            path.display()
        );
        assert!(!own.contains("export_name") && !own.contains("set_hook"), "{}", path.display());
    }
}
