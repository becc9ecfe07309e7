//! `docs/storage.md` says what the flows keep: whoever reads it must not miss a record.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The kinds of the keys that the sources in a folder make.
#[allow(clippy::disallowed_methods)] // this test reads the sources
fn visit(folder: &Path, kinds: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            visit(&path, kinds);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(path).unwrap();
            for call in ["RecordKey::of(\"", "record_key(\""] {
                kinds.extend(
                    text.split(call).skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())),
                );
            }
        }
    }
}

#[allow(clippy::disallowed_methods)] // this test reads the sources
#[test]
fn every_record_of_the_flows_is_in_the_document() {
    let core = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = fs::read_to_string(core.join("../docs/storage.md")).unwrap();
    let mut kinds = BTreeSet::new();
    for layer in ["record", "flow", "dialect"] {
        visit(&core.join("src").join(layer), &mut kinds);
    }
    // The values of indexes, which are no records.
    kinds.retain(|kind| !["subject", "sessions"].contains(&kind.as_str()));
    assert!(kinds.len() > 16, "{kinds:?}");
    let section = document.split("## What is kept").nth(1).unwrap().split("\n## ").next().unwrap();
    for kind in kinds {
        assert!(section.contains(&format!("`{kind}`")), "docs/storage.md does not say what `{kind}` keeps");
    }
}
