//! Clients that open connections and do not do their part.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use crate::config::{Folder, small};
use crate::support::{Server, connect, until};

const GET: &[u8] = b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\n\r\n";

/// A server that closes no connection for waiting long, so that only the lack of places does.
fn patient(more: &[&str]) -> Server {
    Server::start(&[&["serve", "--demo", "--port", "0", "--keep-alive", "1d"], more].concat())
}

/// A connection that was served, and waits.
fn served(server: &Server) -> TcpStream {
    let mut stream = connect(server);
    ask(&mut stream);
    stream
}

/// Asks, and reads the beginning of the answer.
fn ask(stream: &mut TcpStream) {
    let mut status = [0; 12];
    stream.write_all(GET).unwrap();
    stream.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
}

/// Returns when the server has closed the connection.
fn wait_for_end(mut stream: TcpStream) {
    if let Err(error) = stream.read_to_end(&mut Vec::new()) {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
}

/// Lets this process open so many, beside those of the tests that run at the same time.
fn allow_connections(wanted: u64) {
    let files = rlimit::increase_nofile_limit(8192).unwrap();
    assert!(files > wanted + 256, "this test opens {wanted} connections, and {files} files are allowed");
}

/// Connections that send requests and read nothing, each from an address of its own. Linux lets all of 127/8 be used.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_slow_readers_shut_nobody_out() {
    use std::net::{Ipv4Addr, SocketAddr};

    use tokio::io::AsyncWriteExt;

    const READERS: u32 = 5000;
    let files = rlimit::increase_nofile_limit(u64::from(READERS) + 256).unwrap();
    assert!(
        files > u64::from(READERS),
        "this test opens {READERS} connections, and {files} files are allowed"
    );
    let server = patient(&[]);
    let address: SocketAddr = server.address().parse().unwrap();
    let mut readers = Vec::new();
    for reader in 0..READERS {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::from(0x7f01_0000 + reader), 0).into()).unwrap();
        let mut stream = socket.connect(address).await.unwrap();
        stream.write_all(&GET.repeat(3)).await.unwrap();
        readers.push(stream);
        if reader % 1000 == 999 {
            assert_eq!(server.get("/.well-known/jwks.json").status, 200);
        }
    }
    let log = server.log();
    let told = log.lines().filter(|line| line.contains("too many connections")).count();
    assert!((1..900).contains(&told), "{told} lines");
}

#[test]
fn one_address_makes_room_for_itself() {
    let server = patient(&["--connections-per-address", "2"]);
    let (first, _second, _third) = (served(&server), served(&server), served(&server));
    wait_for_end(first);
    server.get("/.well-known/jwks.json").json(200);
    let log = server.log();
    let line = log.lines().find(|line| line.contains("too many connections")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!((&line["level"], &line["full"]), (&"warn".into(), &"one address".into()));
    assert_eq!((&line["address"], &line["count"]), (&"127.0.0.1".into(), &1.into()));
}

#[test]
fn a_connection_that_is_stuck_in_its_answers_makes_room() {
    let server = patient(&["--connections-per-address", "1"]);
    let mut stuck = connect(&server);
    let writing = std::thread::spawn(move || while stuck.write_all(GET).is_ok() {});
    // While one of its requests is answered, there is no place.
    until("another client is served", || server.get("/.well-known/jwks.json").status == 200);
    writing.join().unwrap();
}

#[test]
fn a_limit_of_0_is_none() {
    allow_connections(1100);
    let server = patient(&["--connections-per-address", "0"]);
    let mut streams: Vec<_> = (0..1100).map(|_| connect(&server)).collect();
    streams.iter_mut().for_each(ask);
}

#[test]
fn an_idle_connection_is_closed_when_the_configuration_says_so() {
    let folder = Folder::new(&small("[server]\nkeep_alive = \"1s\"\n"));
    for server in [
        Server::with_config(&folder.config()),
        Server::start(&["serve", "--demo", "--port", "0", "--keep-alive", "1s"]),
    ] {
        wait_for_end(served(&server));
    }
}
