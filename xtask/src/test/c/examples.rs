//! The examples in `examples/c` and the README's quick start: built as they say, and run.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{Library, runner};
use crate::shell::Shell;

/// The configuration that the server is run with.
const TRANSCRIPTS: &str = "bindings-tests/vectors/transcripts.json";
/// An entity of that configuration, and the key that may mint for it.
const ENTITY: &str = "/entity/ent_a0f6ea94-0761-4a5e-a416-3c453cb7eced/token";
const BEARER: &str = "demo-mercoa-key";

pub(super) fn run(shell: &Shell, library: &Library) -> Result<()> {
    let dynamic = library.pkg_config(shell, &["--cflags", "--libs", "tokenmint"])?;
    let fixed = runner::fixed_line(shell, library)?;
    let example = shell.path("examples/c/mint_and_verify.c");
    short(&example, 40)?;
    let quick_start = library.tests.join("quick_start.c");
    let readme = fs::read_to_string(shell.path("README.md"))?;
    fs::write(&quick_start, block(&readme, "c").context("README.md: no program in C")?)?;
    for source in [example, quick_start] {
        for (line, name) in [(&dynamic, "shared"), (&fixed, "static")] {
            let program = library.tests.join(source.file_stem().unwrap_or_default()).with_extension(name);
            library.compile(shell, std::slice::from_ref(&source), &program, line)?;
            let printed = shell.read(shell.command(&program, &[]))?;
            ensure!(printed.contains("\"sub\":\"ent_1\""), "{}: {printed}", program.display());
        }
    }
    serve(shell, library)
}

/// The first block of a language in Markdown.
fn block<'a>(markdown: &'a str, language: &str) -> Option<&'a str> {
    let (_, rest) = markdown.split_once(&format!("\n```{language}\n"))?;
    rest.split_once("\n```\n").map(|(block, _)| block)
}

fn short(path: &Path, lines: usize) -> Result<()> {
    let count = fs::read_to_string(path)?.lines().count();
    ensure!(count < lines, "{} has {count} lines; under {lines} are promised", path.display());
    Ok(())
}

/// The server answers as the endpoint does.
fn serve(shell: &Shell, library: &Library) -> Result<()> {
    let source = shell.path("examples/c/server.c");
    short(&source, 150)?;
    let program = library.tests.join("server");
    let flags = library.pkg_config(shell, &["--cflags", "--libs", "tokenmint", "libmicrohttpd"])?;
    library.compile(shell, &[source], &program, &flags)?;
    let vectors: Value = serde_json::from_str(&fs::read_to_string(shell.path(TRANSCRIPTS))?)?;
    let config: PathBuf = library.tests.join("server.json");
    fs::write(&config, vectors["config"].to_string())?;

    let mut command = shell.command(&program, &[]);
    command.arg(config).arg("0").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut server = command.spawn().context("examples/c/server")?;
    let mut line = String::new();
    BufReader::new(server.stdout.take().context("its output")?).read_line(&mut line)?;
    let asked = ask_all(&line);
    // Its standard input ends, and with it the server.
    drop(server.stdin.take());
    let status = server.wait()?;
    asked?;
    ensure!(status.success(), "examples/c/server: {status}");
    Ok(())
}

fn ask_all(line: &str) -> Result<()> {
    let port = line.strip_prefix("port ").and_then(|rest| rest.split(';').next()).context(line.to_owned())?;
    let port: u16 = port.parse()?;
    let post = |bearer: &str, body: &str| {
        let head = "content-type: application/json\r\nauthorization: Bearer";
        format!(
            "POST {ENTITY} HTTP/1.1\r\n{head} {bearer}\r\ncontent-length: {}\r\n{CLOSE}{body}",
            body.len()
        )
    };
    let large = "x".repeat(100_000);
    for (request, status, part) in [
        (format!("GET /.well-known/jwks.json?x=y HTTP/1.1\r\n{CLOSE}"), 200, "{\"keys\":["),
        (post(BEARER, "{}"), 200, "\r\n\r\n\"eyJ"),
        (post("another", "{}"), 401, "Unauthorized"),
        (post(BEARER, "{"), 400, "content-type: application/json"),
        (post(BEARER, &large), 413, ""),
        (format!("GET /nothing HTTP/1.1\r\n{CLOSE}"), 404, ""),
    ] {
        let response = ask(port, &request)?;
        let wanted = format!("HTTP/1.1 {status} ");
        ensure!(response.starts_with(&wanted) && response.contains(part), "{}\n{response}", &request[..60]);
    }
    Ok(())
}

const CLOSE: &str = "host: localhost\r\nconnection: close\r\n\r\n";

fn ask(port: u16, request: &str) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.write_all(request.as_bytes())?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    Ok(response)
}
