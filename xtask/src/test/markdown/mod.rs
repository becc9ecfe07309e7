//! The documents: their links lead somewhere, the paths and the tests that they name are there, and each crate has a README.

mod clauses;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::shell::Shell;

/// Built or installed, not written.
const NOT_OURS: [&str; 5] = ["target", "node_modules", "dist", ".git", ".venv"];

/// A document, by its path in the repository.
struct Page {
    path: PathBuf,
    text: String,
}

pub(super) fn run(shell: &Shell) -> Result<()> {
    let mut files = BTreeSet::new();
    collect(&shell.path(""), Path::new(""), &mut files)?;
    let is_page = |path: &&PathBuf| path.extension().is_some_and(|extension| extension == "md");
    let mut pages = Vec::new();
    for path in files.iter().filter(is_page) {
        let text = fs::read_to_string(shell.path(path)).with_context(|| path.display().to_string())?;
        pages.push(Page { path: path.clone(), text });
    }
    let mut faults = Vec::new();
    let tests = clauses::tests(shell, &files)?;
    let (mut links, mut paths, mut rows) = (0, 0, 0);
    for page in &pages {
        for (line, text) in prose(&page.text) {
            for target in targets(text) {
                links += 1;
                if let Err(fault) = follow(&page.path, target, &files, &pages) {
                    faults.push(format!("{}:{line}: {target}: {fault}", page.path.display()));
                }
            }
            for path in named_paths(text, &files) {
                paths += 1;
                if !exists(Path::new(path), &files) {
                    faults.push(format!("{}:{line}: there is no {path}", page.path.display()));
                }
            }
        }
        let (judged, unheld) = clauses::judge(&page.text, &tests);
        rows += judged;
        faults.extend(unheld.iter().map(|(line, fault)| format!("{}:{line}: {fault}", page.path.display())));
    }
    for crate_file in files.iter().filter(|path| path.ends_with("Cargo.toml")) {
        let readme = crate_file.with_file_name("README.md");
        if !files.contains(&readme) {
            faults.push(format!("there is no {}", readme.display()));
        }
    }
    if !faults.is_empty() {
        bail!("{} faults\n  {}", faults.len(), faults.join("\n  "));
    }
    println!(
        "{} documents: {links} links and {paths} paths lead somewhere, {rows} clauses have tests",
        pages.len()
    );
    Ok(())
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(root.join(folder)).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name();
        let path = folder.join(&name);
        let kind = entry.file_type()?;
        if kind.is_file() {
            files.insert(path);
        } else if kind.is_dir() && !NOT_OURS.iter().any(|other| name == *other) {
            collect(root, &path, files)?;
        }
    }
    Ok(())
}

/// The lines outside of blocks of code, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut code = false;
    text.lines().zip(1..).filter_map(move |(line, number)| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        (!code && !fence).then_some((number, line))
    })
}

/// Where the links of a line lead: `[text](target)`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

/// Code in a line that is a path from the repository's root.
fn named_paths<'a>(line: &'a str, files: &BTreeSet<PathBuf>) -> Vec<&'a str> {
    let is_path = |code: &&str| {
        let folder = code.split('/').next().unwrap_or_default();
        let plain = code.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
        let built = NOT_OURS.iter().any(|part| code.split('/').any(|name| name == *part));
        let ours = !folder.is_empty() && files.iter().any(|file| file.starts_with(folder));
        plain && !built && code.contains('/') && ours
    };
    line.split('`').skip(1).step_by(2).filter(is_path).collect()
}

/// Whether it is a file, or a folder of one.
fn exists(path: &Path, files: &BTreeSet<PathBuf>) -> bool {
    files.range(path.to_path_buf()..).next().is_some_and(|file| file.starts_with(path))
}

/// Fails where nothing of the repository stands at the link's end. Other sites are not asked.
fn follow(from: &Path, target: &str, files: &BTreeSet<PathBuf>, pages: &[Page]) -> Result<()> {
    if target.starts_with("https://") {
        return Ok(());
    }
    let (path, heading) = target.split_once('#').map_or((target, None), |(path, part)| (path, Some(part)));
    let to = if path.is_empty() { from.to_path_buf() } else { resolve(from, path)? };
    ensure!(exists(&to, files), "there is no {}", to.display());
    if let (Some(heading), Some(page)) = (heading, pages.iter().find(|page| page.path == to)) {
        let found = prose(&page.text).any(|(_, line)| line.starts_with('#') && slug(line) == heading);
        ensure!(found, "{} has no such heading", to.display());
    }
    Ok(())
}

/// The path from the root of what a document in some folder names.
fn resolve(from: &Path, path: &str) -> Result<PathBuf> {
    let mut to = from.parent().unwrap_or(Path::new("")).to_path_buf();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(name) => to.push(name),
            Component::ParentDir => ensure!(to.pop(), "leads out of the repository"),
            Component::CurDir => {}
            _ => bail!("is no relative path"),
        }
    }
    Ok(to)
}

/// A heading as sites that show Markdown name it in links.
fn slug(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(target: &str) -> bool {
        let files = ["README.md", "docs/a.md", "core/src/lib.rs"].map(PathBuf::from).into();
        let text = "# A page\n```sh\n# no heading\n```\n## Why `x-y`, and how?\n".to_owned();
        let pages = [Page { path: "docs/a.md".into(), text }];
        super::follow(Path::new("docs/a.md"), target, &files, &pages).is_ok()
    }

    #[test]
    fn links_lead_to_files_folders_and_headings() {
        for good in
            ["a.md", "../README.md", "../core", "#a-page", "a.md#why-x-y-and-how", "https://example.com"]
        {
            assert!(follow(good), "{good}");
        }
        for bad in
            ["b.md", "README.md", "../cor", "../../x", "/README.md", "#no-heading", "http://example.com"]
        {
            assert!(!follow(bad), "{bad}");
        }
    }

    #[test]
    fn links_and_paths_are_found_outside_of_code() {
        let page = "see [a](x.md) and [b](y.md#z)\n```\n[c](no.md)\n```\n`core/src/x.rs`, `a/b`, `core`\n";
        let lines: Vec<&str> = prose(page).map(|(_, line)| line).collect();
        assert_eq!(lines.iter().flat_map(|line| targets(line)).collect::<Vec<_>>(), ["x.md", "y.md#z"]);
        let files = [PathBuf::from("core/src/lib.rs")].into();
        assert_eq!(named_paths(lines[1], &files), ["core/src/x.rs"]);
    }
}
