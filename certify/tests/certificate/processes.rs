//! Programs that speak JSON lines: this test binary itself, started anew.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use tokenmint::MemoryStore;
use tokenmint_certify::{Blocking, ExecRig, Options, certify, serve_lines};
use tokio::net::unix::pipe;
use tokio::net::{UnixListener, UnixStream};

use super::faulty::{FaultyRig, Lie};
use super::{SECTIONS, quick, skipped};

/// What the environment of the program holds: a socket, or nothing for a store of its own.
const PROGRAM: &str = "TOKENMINT_CERTIFY_PROGRAM";

/// The shell keeps the harness' own words away from the answers.
fn script(socket: &str) -> Vec<String> {
    let exe = std::env::current_exe().unwrap().display().to_string();
    let test = "processes::is_the_program_where_it_is_asked_to";
    let run = format!(r#"{PROGRAM}='{socket}' exec "$0" --exact {test} --nocapture 3>&1 >/dev/null 2>&1"#);
    vec!["-c".into(), run, exe]
}

#[tokio::test]
async fn is_the_program_where_it_is_asked_to() {
    let Ok(socket) = std::env::var(PROGRAM) else { return };
    let requests = pipe::OpenOptions::new().open_receiver("/dev/fd/0").unwrap();
    let answers = pipe::OpenOptions::new().open_sender("/dev/fd/3").unwrap();
    if socket.is_empty() {
        serve_lines(&Blocking::new(MemoryStore::new()), requests, answers).await.unwrap();
        return;
    }
    let (mut requests, mut answers) = (requests, answers);
    let (mut from, mut to) = UnixStream::connect(socket).await.unwrap().into_split();
    tokio::select! {
        _ = tokio::io::copy(&mut requests, &mut to) => {}
        _ = tokio::io::copy(&mut from, &mut answers) => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_with_data_of_its_own_passes() {
    // Not the bindings: they need more than one process, and the memory that stays flat is not the program's.
    let options = SECTIONS.into_iter().fold(quick(), Options::only);
    let certificate =
        certify(&ExecRig::new("sh", script("")).deadline(Duration::from_secs(60)).alone(), &options).await;
    assert!(certificate.passed(), "{}", certificate.to_tap());
    assert_eq!(skipped(&certificate), [16, 35, 36, 37, 38, 39, 41, 42, 43, 45, 46, 47, 48, 49, 63]);
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_are_killed_pass() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    let mut rig = FaultyRig::new(Lie::Nothing);
    let server = rig.server();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let server = Arc::clone(&server);
            tokio::spawn(async move {
                let (requests, answers) = stream.into_split();
                // Whoever is killed cannot be answered.
                let _ = serve_lines(&*server, requests, answers).await;
            });
        }
    });
    let arguments = script(&socket.display().to_string());
    rig.worker = Some(Box::new(move || {
        let mut command = Command::new("sh");
        command.args(&arguments);
        command
    }));
    let options = quick().only("16").only("35").only("36").only("46").only("47").only("48");
    let certificate = certify(&rig, &options).await;
    assert_eq!(certificate.counts(), (6, 0, 62), "{}", certificate.to_tap());
}
