//! Proves that the lints which keep the core pure do bite.
//!
//! A scratch crate is linted with a copy of the core's `clippy.toml`. It holds one small file per entry of that
//! file, and each of them must be refused; one more file does what the core may do, and must pass.
//! Then [`words`] reads the core's sources for what those lints do not know.

mod vendors;
mod words;

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::shell::Shell;

/// An entry of `clippy.toml` and the body of a function that breaks it.
const PROBES: &[(&str, &str)] = &[
    ("std::time::SystemTime", "let _: Option<std::time::SystemTime> = None;"),
    ("std::time::Instant", "let _: Option<std::time::Instant> = None;"),
    ("std::fs::File", "let _ = std::fs::File::open(\"x\");"),
    ("std::fs::OpenOptions", "let _ = std::fs::OpenOptions::new().append(true).open(\"x\");"),
    ("std::net::TcpStream", "let _ = std::net::TcpStream::connect(\"localhost:80\");"),
    ("std::net::TcpListener", "let _ = std::net::TcpListener::bind(\"localhost:0\");"),
    ("std::net::UdpSocket", "let _ = std::net::UdpSocket::bind(\"localhost:0\");"),
    ("std::process::Command", "let _ = std::process::Command::new(\"date\").output();"),
    ("std::thread::JoinHandle", "let _: Option<std::thread::JoinHandle<()>> = None;"),
    ("std::hash::RandomState", "let _ = std::hash::RandomState::new();"),
    (
        "std::collections::hash_map::RandomState",
        "let _ = std::collections::hash_map::RandomState::default();",
    ),
    ("std::time::SystemTime::now", "let _ = std::time::SystemTime::now();"),
    ("std::time::Instant::now", "let _ = std::time::Instant::now();"),
    ("std::fs::read", "let _ = std::fs::read(\"x\");"),
    ("std::fs::read_to_string", "let _ = std::fs::read_to_string(\"x\");"),
    ("std::fs::write", "let _ = std::fs::write(\"x\", \"y\");"),
    ("std::fs::remove_file", "let _ = std::fs::remove_file(\"x\");"),
    ("std::fs::create_dir_all", "let _ = std::fs::create_dir_all(\"x\");"),
    ("std::fs::metadata", "let _ = std::fs::metadata(\"x\");"),
    ("std::env::var", "let _ = std::env::var(\"X\");"),
    ("std::env::var_os", "let _ = std::env::var_os(\"X\");"),
    ("std::env::vars", "let _ = std::env::vars();"),
    ("std::env::args", "let _ = std::env::args();"),
    ("std::env::current_dir", "let _ = std::env::current_dir();"),
    ("std::thread::spawn", "let _ = std::thread::spawn(|| ());"),
    ("std::thread::scope", "std::thread::scope(|_| ());"),
    ("std::thread::sleep", "std::thread::sleep(std::time::Duration::ZERO);"),
    ("std::process::exit", "std::process::exit(1);"),
    ("std::collections::HashMap::new", "let _ = std::collections::HashMap::<u8, u8>::new();"),
    ("std::collections::HashSet::new", "let _ = std::collections::HashSet::<u8>::new();"),
];

/// What the core may do: it must not be refused, else the proof would prove nothing.
const PURE: &str = "let _ = std::collections::BTreeMap::<u8, u8>::new(); let _ = std::time::Duration::ZERO;";

/// Fails where an entry of the core's `clippy.toml` refuses nothing or has no probe, and where a source of the core
/// names a way out.
pub(super) fn run(shell: &Shell) -> Result<()> {
    let rules = fs::read_to_string(shell.path("core/clippy.toml")).context("core/clippy.toml")?;
    let config: Config = toml::from_str(&rules).context("core/clippy.toml")?;
    for path in config.paths() {
        ensure!(
            PROBES.iter().any(|(rule, _)| *rule == path),
            "core/clippy.toml refuses `{path}`, and nothing proves it: add a probe to xtask/src/test/purity/mod.rs"
        );
    }
    let refused = lint(shell, &rules)?;
    for (index, (rule, body)) in PROBES.iter().enumerate() {
        let Some(kind) = config.kind(rule) else {
            bail!("core/clippy.toml no longer refuses `{rule}`");
        };
        let refusal = (format!("src/{}.rs", module(index)), kind.to_owned());
        ensure!(refused.contains(&refusal), "{kind} let this pass: {body}");
    }
    if let Some((_, kind)) = refused.iter().find(|(file, _)| file.as_str() == "src/pure.rs") {
        bail!("{kind} refused what the core may do: {PURE}");
    }
    println!("{} probes: each was refused by the core's clippy.toml", PROBES.len());
    words::run(shell)?;
    vendors::run(shell)
}

/// Lints the scratch crate; returns the pairs (file, lint) that were reported.
fn lint(shell: &Shell, rules: &str) -> Result<BTreeSet<(String, String)>> {
    let folder = shell.target("purity");
    // Started afresh, so that no cached verdict is read.
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("clippy.toml"), rules)?;
    fs::write(
        folder.join("Cargo.toml"),
        "[package]\nname = \"purity\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n",
    )?;
    let mut library = String::from("mod pure;\n");
    fs::write(folder.join("src/pure.rs"), format!("pub fn pure() {{ {PURE} }}\n"))?;
    for (index, (_, body)) in PROBES.iter().enumerate() {
        let module = module(index);
        library += &format!("mod {module};\n");
        fs::write(folder.join(format!("src/{module}.rs")), format!("pub fn probe() {{ {body} }}\n"))?;
    }
    fs::write(folder.join("src/lib.rs"), library)?;

    let mut command = shell.cargo(&["clippy", "--quiet", "--offline", "--message-format=json"]);
    command.current_dir(&folder).env("CARGO_TARGET_DIR", folder.join("target"));
    let mut refused = BTreeSet::new();
    for line in shell.read(command)?.lines() {
        let Line { message: Some(message) } = serde_json::from_str(line)? else { continue };
        for span in message.spans {
            // Clippy warns here about an entry that names nothing.
            ensure!(!span.file_name.ends_with("clippy.toml"), "core/clippy.toml: {}", message.message);
            if let Some(code) = message.code.as_ref().filter(|_| span.is_primary) {
                refused.insert((span.file_name, code.code.clone()));
            }
        }
    }
    Ok(refused.into_iter().filter(|(_, code)| code.starts_with("clippy::disallowed_")).collect())
}

fn module(index: usize) -> String {
    format!("probe_{index}")
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Config {
    disallowed_types: Vec<Entry>,
    disallowed_methods: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    path: String,
}

impl Config {
    fn paths(&self) -> impl Iterator<Item = &str> {
        self.disallowed_types.iter().chain(&self.disallowed_methods).map(|entry| entry.path.as_str())
    }

    /// The lint that refuses this path.
    fn kind(&self, path: &str) -> Option<&'static str> {
        let names = |entries: &[Entry]| entries.iter().any(|entry| entry.path == path);
        if names(&self.disallowed_types) {
            Some("clippy::disallowed_types")
        } else if names(&self.disallowed_methods) {
            Some("clippy::disallowed_methods")
        } else {
            None
        }
    }
}

#[derive(Deserialize)]
struct Line {
    message: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    message: String,
    code: Option<Code>,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    is_primary: bool,
}
