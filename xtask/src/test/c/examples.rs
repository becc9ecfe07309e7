//! The examples in `examples/c` and the README's quick start: built as they say, and run.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{Library, runner};
use crate::shell::Shell;

/// The configuration that the server is run with.
const TRANSCRIPTS: &str = "bindings-tests/vectors/transcripts.json";
/// Where it is written how to link.
const PAGE: &str = "docs/c-abi.md";
/// An entity of that configuration, and the key that may mint for it.
const ENTITY: &str = "/entity/ent_a0f6ea94-0761-4a5e-a416-3c453cb7eced/token";
const BEARER: &str = "demo-mercoa-key";

pub(super) fn run(shell: &Shell, library: &Library) -> Result<()> {
    let dynamic = library.pkg_config(shell, &["--cflags", "--libs", "tokenmint"])?;
    let fixed = runner::fixed_line(shell, library)?;
    let example = shell.path("examples/c/mint_and_verify.c");
    short(&example, 40)?;
    let readme = fs::read_to_string(shell.path("README.md"))?;
    let programs = blocks(&readme, "c");
    ensure!(
        programs.len() == 2,
        "README.md has {} programs in C, and not one that mints and one with a session",
        programs.len()
    );
    let [quick_start, session] = ["quick_start.c", "session.c"].map(|name| library.tests.join(name));
    fs::write(&quick_start, programs[0])?;
    fs::write(&session, programs[1])?;
    let minted = "\"sub\":\"ent_1\"";
    for (source, wanted) in [(example, minted), (quick_start, minted), (session, "\"device\":\"phone\"")] {
        for (line, name) in [(&dynamic, "shared"), (&fixed, "static")] {
            let program = library.tests.join(source.file_stem().unwrap_or_default()).with_extension(name);
            library.compile(shell, std::slice::from_ref(&source), &program, line)?;
            let printed = shell.read(shell.command(&program, &[]))?;
            ensure!(printed.contains(wanted), "{}: {printed}", program.display());
        }
    }
    documented(shell, library)?;
    serve(shell, library)
}

/// The lines of the page on how to link, as they stand there.
fn documented(shell: &Shell, library: &Library) -> Result<()> {
    let folder = library.tests.join("documented");
    fs::create_dir_all(&folder)?;
    fs::copy(shell.path("examples/c/mint_and_verify.c"), folder.join("main.c"))?;
    let page = fs::read_to_string(shell.path(PAGE))?;
    let (_, table) = page.split_once("| linking |").context("docs/c-abi.md: no lines to link")?;
    for row in table.lines().skip(2).take_while(|row| row.starts_with('|')) {
        let code: Vec<&str> = row.split('`').skip(1).step_by(2).collect();
        // A bar within a table.
        let script = code.join("\n").replace("\\|", "|");
        let mut command = shell.command("sh", &["-ec", &script]);
        command.current_dir(&folder).env("PREFIX", &library.prefix);
        command.env("PKG_CONFIG_PATH", library.prefix.join("lib/pkgconfig"));
        let printed = shell.read(command)?;
        ensure!(code.len() == 2 && printed.contains("\"sub\":\"ent_1\""), "{PAGE}: {row}\n{printed}");
        let mut readelf = shell.command("readelf", &["--dynamic", "a.out"]);
        readelf.current_dir(&folder);
        let needed = shell.read(readelf)?;
        ensure!(needed.contains("libtokenmint.so.") == row.contains("shared"), "{PAGE}: {row}\n{needed}");
        ensure!(needed.contains("NEEDED") != row.contains("wholly static"), "{PAGE}: {row}\n{needed}");
    }
    Ok(())
}

/// The blocks of a language in Markdown.
fn blocks<'a>(markdown: &'a str, language: &str) -> Vec<&'a str> {
    let start = format!("\n```{language}\n");
    let behind = markdown.split(&start).skip(1);
    behind.filter_map(|rest| rest.split_once("\n```\n")).map(|(block, _)| block).collect()
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
    torn(port, &post)
}

/// Nothing is done for a request that does not arrive whole.
fn torn(port: u16, post: &dyn Fn(&str, &str) -> String) -> Result<()> {
    let minted = ask(port, &post(BEARER, "{}"))?;
    let token = minted.split('"').nth(1).context("a token")?;
    let stands = || Ok::<_, anyhow::Error>(ask(port, &post(token, "{}"))?.starts_with("HTTP/1.1 200 "));
    let request = |length: &str, body: &str| {
        format!(
            "POST /organization/invalidateTokens HTTP/1.1\r\nauthorization: Bearer {BEARER}\r\n{length}\r\n{CLOSE}{body}"
        )
    };
    let (chunked, session) = ("transfer-encoding: chunked", "{\"sessionId\":[\"a\"]}");
    let chunk = format!("13\r\n{session}\r\n");
    for (length, body, status) in [
        ("content-length: 19", session, 200),
        (chunked, &format!("{chunk}0\r\n\r\n"), 200),
        (chunked, "2\r\n  \r\nzz\r\n", 400),
        ("content-length: -1", session, 400),
    ] {
        let response = ask(port, &request(length, body))?;
        ensure!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{length} {body:?}\n{response}");
        ensure!(stands()?, "{length} {body:?} ended a token");
    }
    for (length, body) in [
        ("content-length: 25", ""),
        ("content-length: 25", "  "),
        ("content-length: 20", session),
        (chunked, ""),
        (chunked, "2\r\n  \r\n"),
        (chunked, &chunk[..12]),
        (chunked, &chunk),
        ("transfer-encoding: gzip, chunked", &chunk),
    ] {
        let response = hang_up(port, &request(length, body))?;
        ensure!(!response.starts_with("HTTP/1.1 2"), "{length} {body:?}\n{response}");
        ensure!(stands()?, "{length} {body:?} ended a token");
    }
    ask(port, &request("content-length: 0", ""))?;
    ensure!(!stands()?, "content-length: 0 ended no token");
    Ok(())
}

const CLOSE: &str = "host: localhost\r\nconnection: close\r\n\r\n";

fn ask(port: u16, request: &str) -> Result<String> {
    answer(sent(port, request)?)
}

/// As [`ask`], of a client that says no more.
fn hang_up(port: u16, request: &str) -> Result<String> {
    let stream = sent(port, request)?;
    stream.shutdown(Shutdown::Write)?;
    answer(stream)
}

fn sent(port: u16, request: &str) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.write_all(request.as_bytes())?;
    Ok(stream)
}

fn answer(mut stream: TcpStream) -> Result<String> {
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    Ok(response)
}
