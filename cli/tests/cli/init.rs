//! `tokenmint init`: what it writes works, and so does what it says comes next.

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};

use serde_json::{Value, json};

use crate::support::{Finished, Server, run, shell};

/// Where a server of this test can listen at a port of its choice and at the next one.
///
/// On Linux all of 127.0.0.0/8 is this machine, so each test has an address to itself.
pub(crate) fn own_address() -> (IpAddr, u16) {
    static COUNT: AtomicU8 = AtomicU8::new(1);
    let [.., second, first] = std::process::id().to_be_bytes();
    let host = Ipv4Addr::new(127, COUNT.fetch_add(1, Ordering::Relaxed), second, first.clamp(1, 254));
    if cfg!(target_os = "linux") {
        return (host.into(), 8080);
    }
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    (Ipv4Addr::LOCALHOST.into(), listener.local_addr().unwrap().port().min(65533))
}

/// Makes a configuration in `folder/new`.
fn init(folder: &Path, more: &[&str]) -> Finished {
    let (host, port) = own_address();
    let (host, port) = (host.to_string(), port.to_string());
    let folder = folder.join("new");
    let arguments = ["init", "--dir", folder.to_str().unwrap(), "--host", &host, "--port", &port, "--yes"];
    run(&[&arguments, more].concat())
}

/// The line that starts the server, and those behind it.
fn lines(made: &Finished) -> (Vec<&str>, String) {
    assert_eq!((made.code, made.err.as_str()), (0, ""), "{made:?}");
    let (_, lines) = made.out.split_once("\ntokenmint serve ").unwrap();
    let (serve, rest) = lines.split_once('\n').unwrap();
    (std::iter::once("serve").chain(serve.split(' ')).collect(), rest.to_owned())
}

/// What whoever goes on in another shell takes along: the admin key, and where the admin API is.
pub(crate) fn exports(made: &Finished) -> String {
    made.out.lines().filter(|line| line.starts_with("export ")).collect::<Vec<_>>().join("\n")
}

/// What a folder holds, with what is in its files.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: &Path| if path.is_dir() { Vec::new() } else { fs::read(path).unwrap() };
    entries.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), read(&path))).collect()
}

#[test]
fn a_client_is_added_and_a_session_started_and_ended_by_the_lines_that_it_prints() {
    let folder = tempfile::tempdir().unwrap();
    let made = init(folder.path(), &[]);
    let (serve, mut lines) = lines(&made);
    let server = Server::start(&serve);
    lines.push_str("echo \"$TOKEN\" > token\ntokenmint admin list_clients --json > clients\n");
    let done = shell(&lines, folder.path());
    assert_eq!(done.code, 0, "{done:?}");
    let told: Vec<Vec<&str>> = done.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!((&told[0][..], told.last().unwrap().as_slice()), (&["done"][..], &["done"][..]), "{done:?}");
    assert!(
        told.contains(&vec!["subject", "user_1"]) && told.contains(&vec!["client_id", "my-app"]),
        "{done:?}"
    );

    let clients: Value = serde_json::from_slice(&fs::read(folder.path().join("clients")).unwrap()).unwrap();
    assert_eq!(
        (&clients["clients"][0]["id"], &clients["clients"][0]["public"]),
        (&json!("my-app"), &json!(true))
    );
    let token = fs::read_to_string(folder.path().join("token")).unwrap();
    let input = json!({ "token": token.trim_end() });
    let again = format!("{}\ntokenmint admin check --input '{input}'", exports(&made));
    let ended = shell(&again, folder.path());
    assert!(ended.code == 1 && ended.err.starts_with("tokenmint: token_revoked: "), "{ended:?}");

    // What is served is what was written, and its records outlive it.
    let issuer = server.get("/.well-known/oauth-authorization-server").json(200)["issuer"].clone();
    assert_eq!(issuer, server.base.as_str());
    server.output();
    let server = Server::start(&serve);
    let ended = shell(&again, folder.path());
    assert!(ended.code == 1 && ended.err.starts_with("tokenmint: token_revoked: "), "{ended:?}");
    assert!(folder.path().join("new/data/tokenmint.db").exists());
    drop(server);
}

#[test]
fn every_dialect_gives_a_token_by_the_lines_that_it_prints() {
    let names: Vec<&str> = tokenmint::dialect::demonstrations().map(|shown| shown.name).collect();
    // Each alone, and all together.
    for served in names.iter().map(std::slice::from_ref).chain([names.as_slice()]) {
        let folder = tempfile::tempdir().unwrap();
        let more: Vec<&str> = served.iter().flat_map(|name| ["--dialect", name]).collect();
        let made = init(folder.path(), &more);
        let (serve, lines) = lines(&made);
        let server = Server::start(&serve);
        let done = shell(&lines, folder.path());
        assert_eq!(done.code, 0, "{served:?}: {done:?}");
        let tokens = ["token", "access_token", "link_token", "subject"];
        let given =
            done.out.lines().filter(|line| tokens.iter().any(|name| line.starts_with(&format!("{name} "))));
        assert_eq!(given.count(), served.len(), "{served:?}: {done:?}");
        drop(server);
    }
}

#[test]
fn nothing_is_overwritten_and_nothing_is_left_half_made() {
    for there in ["tokenmint.toml", "keys.json", "oauth.secret", "data"] {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("new")).unwrap();
        fs::write(folder.path().join("new").join(there), "mine").unwrap();
        let before = contents(&folder.path().join("new"));
        let refused = init(folder.path(), &[]);
        assert_eq!((refused.code, refused.out.as_str()), (4, ""), "{refused:?}");
        assert!(refused.err.contains(there) && refused.err.contains("nothing is overwritten"), "{refused:?}");
        assert_eq!(contents(&folder.path().join("new")), before);
    }
    // What cannot work is not there afterwards, and neither is the folder.
    let folder = tempfile::tempdir().unwrap();
    for (more, field) in
        [(["--public-url", "nowhere"], "server.public_url"), (["--issuer", ""], "oauth.issuer")]
    {
        let refused = init(folder.path(), &more);
        assert_eq!((refused.code, refused.out.as_str()), (3, ""), "{refused:?}");
        assert!(refused.err.contains("tokenmint.toml: line ") && refused.err.contains(field), "{refused:?}");
        assert!(contents(folder.path()).is_empty());
    }
}

#[test]
fn secrets_are_for_their_owner_and_in_no_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let made = init(folder.path(), &["--dialect", "oauth", "--dialect", "ledger"]);
    let files = contents(&folder.path().join("new"));
    let names = ["data", "keys.json", "ledger.secret", "oauth.secret", "tokenmint.toml"];
    assert_eq!(files.keys().collect::<Vec<_>>(), names);
    let config = str::from_utf8(&files["tokenmint.toml"]).unwrap();
    assert_ne!(files["oauth.secret"], files["ledger.secret"]);
    assert!(!config.contains(str::from_utf8(&files["oauth.secret"]).unwrap().trim_end()));
    let key = made.out.split_once("TOKENMINT_ADMIN_KEY=").unwrap().1.lines().next().unwrap();
    assert!(!config.contains(key));
    assert!(config.contains(&tokenmint::SecretHash::of(key.as_bytes()).to_string()));

    #[cfg(unix)]
    for (name, most) in names.into_iter().zip([0o700, 0o600, 0o600, 0o600, 0o644]) {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(folder.path().join("new").join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode & !most, 0, "{name}: {mode:o}");
    }
}

#[test]
fn a_server_of_records_is_named_by_a_variable() {
    for (store, variable) in [("postgres", "DATABASE_URL"), ("redis", "REDIS_URL")] {
        let folder = tempfile::tempdir().unwrap();
        let made = init(folder.path(), &["--store", store, "--public-url", "https://tokens.example.com/"]);
        assert!(made.code == 0 && made.out.contains(&format!("\nexport {variable}='{store}")), "{made:?}");
        let config = fs::read_to_string(folder.path().join("new/tokenmint.toml")).unwrap();
        assert!(config.contains(&format!("\nurl = \"env:{variable}\"\n")), "{config}");
        // As a URL has no slash at its end, neither has the issuer that is made of it.
        assert!(config.contains("\nissuer = \"https://tokens.example.com\"\n"), "{config}");
        assert!(!folder.path().join("new/data").exists());
    }
}

#[test]
fn the_admin_api_is_for_this_machine_only_unless_it_is_said() {
    let everywhere = ["--host", "0.0.0.0", "--port", "8080"];
    for (more, listens) in [(&[][..], "127.0.0.1:8081"), (&["--admin-host", "0.0.0.0"], "0.0.0.0:8081")] {
        let folder = tempfile::tempdir().unwrap();
        let made = folder.path().join("new");
        let arguments = ["init", "--yes", "--dir", made.to_str().unwrap()];
        let told = run(&[&arguments, &everywhere, more].concat());
        // Where `tokenmint admin` looks by itself.
        assert!(told.code == 0 && !told.out.contains("TOKENMINT_ADMIN_URL"), "{told:?}");
        let config = fs::read_to_string(made.join("tokenmint.toml")).unwrap();
        assert!(config.contains(&format!("\n[admin]\nlisten = \"{listens}\"\n")), "{config}");
    }
}

/// What is asked, by a terminal of `script`.
#[cfg(target_os = "linux")]
#[test]
fn at_a_terminal_it_asks() {
    use std::io::Write;
    use std::process::{Command, Stdio};

    let folder = tempfile::tempdir().unwrap();
    let command = format!("'{}' init", env!("CARGO_BIN_EXE_tokenmint"));
    let mut child = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"oauht\nledger, mercoa\n\nhttps://tokens.example.com\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}");
    assert!(told.contains("\"oauht\" is none of them") && told.contains("[http://127.0.0.1:8080]"), "{told}");
    let config = fs::read_to_string(folder.path().join("tokenmint.toml")).unwrap();
    for part in ["[mercoa]\nissuer = \"https://tokens.example.com\"", "url = \"sqlite:", "[ledger]\n"] {
        assert!(config.contains(part), "{part}: {config}");
    }
    assert!(!config.contains("[oauth]"));
}
