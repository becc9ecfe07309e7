//! Replays the corpus on stable Rust, and whatever a fuzzer found: no input may break a promise.

use std::path::Path;

#[test]
fn every_file_of_the_corpus_passes() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, target) in tokenmint_fuzz::TARGETS {
        let mut files: Vec<_> =
            std::fs::read_dir(corpus.join(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert!(!files.is_empty(), "{name} has no corpus");
        for file in &files {
            let data = std::fs::read(file).unwrap();
            let passed = std::panic::catch_unwind(|| target(&data));
            assert!(passed.is_ok(), "{} breaks a promise", file.display());
        }
        println!("{name}: {} files", files.len());
    }
}
