//! What may be depended on: the lists of `deny.toml`, and the rules that keep the core small.
//!
//! cargo-deny reads the same file and checks more; it takes minutes to build, so it runs only where it is
//! installed. What is checked here needs nothing but cargo.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::shell::Shell;

/// What the core must not contain in any set of features: each decides something that the host decides.
const NEVER_IN_CORE: [&str; 10] =
    ["async-std", "chrono", "hyper", "jsonwebtoken", "log", "mio", "socket2", "time", "tokio", "tracing"];

/// What the core must not contain with its default features off: native code, randomness and a host's bindings.
const NEVER_IN_BARE_CORE: [&str; 9] =
    ["aws-lc-rs", "aws-lc-sys", "cc", "getrandom", "js-sys", "rand", "rand_core", "wasm-bindgen", "web-sys"];

pub(super) fn run(shell: &Shell) -> Result<()> {
    let text = fs::read_to_string(shell.path("deny.toml")).context("deny.toml")?;
    let policy: Policy = toml::from_str(&text).context("deny.toml")?;
    let text =
        shell.read(shell.cargo(&["metadata", "--locked", "--all-features", "--format-version", "1"]))?;
    let metadata: Metadata = serde_json::from_str(&text)?;
    let faults: Vec<String> = [
        licences(&policy, &metadata)?,
        bans(&policy, &metadata, &built(shell)?),
        sources(&policy, &metadata),
        core(shell)?,
    ]
    .concat();
    duplicates(&metadata);
    if !faults.is_empty() {
        bail!("{} faults\n  {}", faults.len(), faults.join("\n  "));
    }
    println!("{} packages keep to deny.toml", metadata.packages.len());
    if shell.succeeds("cargo", &["deny", "--version"]) {
        // Not the advisories: their database would come from elsewhere.
        shell.run(shell.cargo(&["deny", "check", "bans", "licenses", "sources"]))?;
    }
    Ok(())
}

fn licences(policy: &Policy, metadata: &Metadata) -> Result<Vec<String>> {
    let allowed = requirements(&policy.licenses.allow)?;
    let mut faults = Vec::new();
    for package in &metadata.packages {
        let Some(text) = &package.license else {
            faults.push(format!("{}: names no licence", package.label()));
            continue;
        };
        let expression = spdx::Expression::parse_mode(text, spdx::ParseMode::LAX)
            .with_context(|| format!("{}: licence {text}", package.label()))?;
        let excepted = policy.licenses.exceptions.iter().filter(|exception| exception.krate == package.name);
        let excepted: Vec<String> = excepted.flat_map(|exception| exception.allow.clone()).collect();
        let excepted = requirements(&excepted)?;
        let allows = |name: &String| allowed.contains(name) || excepted.contains(name);
        if !expression.evaluate(|requirement| allows(&requirement.to_string())) {
            faults.push(format!("{}: licence {text} is not in deny.toml's list", package.label()));
        }
    }
    Ok(faults)
}

/// Names of licences as an expression states them.
fn requirements(names: &[String]) -> Result<BTreeSet<String>> {
    let parse = |name: &String| {
        let licensee = spdx::Licensee::parse(name).with_context(|| format!("deny.toml: licence {name}"))?;
        Ok(licensee.into_req().to_string())
    };
    names.iter().map(parse).collect()
}

/// The names of what some build of the workspace has in it. The metadata name more: a crate that is locked only for
/// an optional feature of another that nothing turns on, as `ring` is for rustls.
fn built(shell: &Shell) -> Result<BTreeSet<String>> {
    let tree = ["tree", "--locked", "--workspace", "--all-features", "--target", "all"];
    let text =
        shell.read(shell.cargo(&[&tree, ["--prefix", "none", "--format", "{p}"].as_slice()].concat()))?;
    let names: BTreeSet<_> =
        text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    ensure!(names.contains("tokenmint"), "`cargo tree` printed something else:\n{text}");
    Ok(names)
}

fn bans(policy: &Policy, metadata: &Metadata, built: &BTreeSet<String>) -> Vec<String> {
    let mut faults = Vec::new();
    for ban in policy.bans.deny.iter().filter(|ban| built.contains(&ban.krate)) {
        for package in metadata.packages.iter().filter(|package| package.name == ban.krate) {
            faults.push(format!("{}: banned, {}", package.label(), ban.reason));
        }
    }
    faults
}

fn sources(policy: &Policy, metadata: &Metadata) -> Vec<String> {
    let mut faults = Vec::new();
    for package in &metadata.packages {
        // A member of the workspace has no source.
        let Some(source) = &package.source else { continue };
        if policy.sources.unknown_git == "deny" && source.starts_with("git+") {
            faults.push(format!("{}: comes from git: {source}", package.label()));
        }
        if policy.sources.unknown_registry == "deny" && !source.starts_with("git+") && !is_crates_io(source) {
            faults.push(format!("{}: comes from an unknown registry", package.label()));
        }
    }
    faults
}

/// As cargo writes it into the lock file, even where a mirror is configured.
fn is_crates_io(source: &str) -> bool {
    source == "registry+https://github.com/rust-lang/crates.io-index"
}

/// The core's own rules, judged on what cargo would build for every platform.
fn core(shell: &Shell) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    let never = NEVER_IN_CORE.as_slice();
    for (features, banned) in [
        (["--no-default-features"].as_slice(), [never, &NEVER_IN_BARE_CORE].concat()),
        (&["--all-features"], never.to_vec()),
    ] {
        let tree = ["tree", "--locked", "-p", "tokenmint", "--edges", "normal", "--target", "all"];
        let shape = ["--prefix", "none", "--format", "{p}"];
        let text = shell.read(shell.cargo(&[&tree, shape.as_slice(), features].concat()))?;
        let names: BTreeSet<&str> = text.lines().filter_map(|line| line.split(' ').next()).collect();
        ensure!(names.contains("tokenmint"), "`cargo tree` printed something else:\n{text}");
        for name in banned.into_iter().filter(|name| names.contains(name)) {
            faults.push(format!("the core depends on {name} with {}", features.join(" ")));
        }
    }
    Ok(faults)
}

/// Printed only: the families of cryptographic crates move at their own pace.
fn duplicates(metadata: &Metadata) {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in &metadata.packages {
        versions.entry(&package.name).or_default().push(&package.version);
    }
    for (name, versions) in versions.iter().filter(|(_, versions)| versions.len() > 1) {
        println!("more than one version: {name} {}", versions.join(", "));
    }
}

#[derive(Deserialize)]
struct Policy {
    licenses: Licences,
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
    #[serde(default)]
    exceptions: Vec<Exception>,
}

/// Licences that one crate may have beside those in the list.
#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    krate: String,
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    krate: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    unknown_git: String,
    unknown_registry: String,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
}

impl Package {
    fn label(&self) -> String {
        format!("{} {}", self.name, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        toml::from_str(
            r#"
            [licenses]
            allow = ["MIT", "Apache-2.0 WITH LLVM-exception"]
            exceptions = [{ crate = "tool", allow = ["MPL-2.0"] }]
            [bans]
            deny = [{ crate = "bad", reason = "a reason" }]
            [sources]
            unknown-git = "deny"
            unknown-registry = "deny"
            "#,
        )
        .unwrap()
    }

    fn package(name: &str, license: Option<&str>, source: Option<&str>) -> Metadata {
        let package = Package {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            license: license.map(str::to_owned),
            source: source.map(str::to_owned),
        };
        Metadata { packages: vec![package] }
    }

    #[test]
    fn a_licence_expression_needs_one_allowed_way_through() {
        let faults = |text| licences(&policy(), &package("p", text, None)).unwrap().len();
        assert_eq!(faults(Some("MIT")), 0);
        assert_eq!(faults(Some("GPL-3.0-only OR MIT")), 0);
        assert_eq!(faults(Some("MIT/Apache-2.0")), 0);
        assert_eq!(faults(Some("MIT AND GPL-3.0-only")), 1);
        assert_eq!(faults(Some("Apache-2.0")), 1);
        assert_eq!(faults(Some("Apache-2.0 WITH LLVM-exception")), 0);
        assert_eq!(faults(None), 1);
        let of = |name| licences(&policy(), &package(name, Some("MPL-2.0"), None)).unwrap().len();
        assert_eq!((of("tool"), of("p")), (0, 1));
    }

    #[test]
    fn a_banned_crate_and_a_foreign_source_are_faults() {
        let built = BTreeSet::from(["bad".to_owned(), "good".to_owned()]);
        assert_eq!(bans(&policy(), &package("bad", None, None), &built), ["bad 1.0.0: banned, a reason"]);
        assert!(bans(&policy(), &package("bad", None, None), &BTreeSet::new()).is_empty());
        assert!(bans(&policy(), &package("good", None, None), &built).is_empty());
        let faults = |source| sources(&policy(), &package("p", None, source)).len();
        assert_eq!(faults(None), 0);
        assert_eq!(faults(Some("registry+https://github.com/rust-lang/crates.io-index")), 0);
        assert_eq!(faults(Some("registry+https://example.com/index")), 1);
        assert_eq!(faults(Some("git+https://example.com/p")), 1);
    }
}
