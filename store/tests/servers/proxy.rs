//! A TCP proxy before a real server, which loses what it is told to lose.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What the proxy does with data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Mode {
    /// It passes them on.
    Pass,
    /// The connection breaks before a request reaches the server.
    CutBeforeRequest,
    /// The server gets the request, and the connection breaks before its answer comes back.
    CutBeforeReply,
    /// The connection breaks after the first byte of the answer.
    CutInReply,
    /// Requests reach the server, and answers never come back; the connection stays.
    Hang,
}

/// A proxy on a loopback port; it ends when it is dropped.
pub(crate) struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    server: Mutex<SocketAddr>,
    mode: AtomicU8,
    ended: AtomicBool,
    connections: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    pub(crate) fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            server: Mutex::new(server),
            mode: AtomicU8::new(Mode::Pass as u8),
            ended: AtomicBool::new(false),
            connections: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if shared.ended.load(Ordering::SeqCst) {
                    return;
                }
                shared.connect(client);
            }
        });
        Proxy { address, state }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What happens from now on, also on connections that are open.
    pub(crate) fn set(&self, mode: Mode) {
        self.state.mode.store(mode as u8, Ordering::SeqCst);
    }

    /// New connections go to another server.
    pub(crate) fn lead_to(&self, server: SocketAddr) {
        *self.state.server.lock().unwrap() = server;
    }

    /// Breaks all connections.
    pub(crate) fn cut(&self) {
        for connection in self.state.connections.lock().unwrap().drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::SeqCst);
        self.cut();
        // The listener waits for one more connection.
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
    }
}

impl State {
    fn is(&self, mode: Mode) -> bool {
        self.mode.load(Ordering::SeqCst) == mode as u8
    }

    fn connect(self: &Arc<Self>, client: TcpStream) {
        let server = *self.server.lock().unwrap();
        let Ok(server) = TcpStream::connect_timeout(&server, Duration::from_secs(60)) else { return };
        for stream in [&client, &server] {
            let _ = stream.set_nodelay(true);
            self.connections.lock().unwrap().push(stream.try_clone().unwrap());
        }
        let (client_end, server_end) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        let state = Arc::clone(self);
        thread::spawn(move || state.requests(client, server));
        let state = Arc::clone(self);
        thread::spawn(move || state.replies(server_end, client_end));
    }

    fn requests(&self, mut client: TcpStream, mut server: TcpStream) {
        let mut buffer = [0; 16 * 1024];
        while let Ok(length @ 1..) = client.read(&mut buffer) {
            if self.is(Mode::CutBeforeRequest) || server.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        close(&client, &server);
    }

    fn replies(&self, mut server: TcpStream, mut client: TcpStream) {
        let mut buffer = [0; 16 * 1024];
        while let Ok(length @ 1..) = server.read(&mut buffer) {
            if self.is(Mode::Hang) {
                continue;
            }
            if self.is(Mode::CutBeforeReply) {
                break;
            }
            if self.is(Mode::CutInReply) {
                let _ = client.write_all(&buffer[..1]);
                break;
            }
            if client.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        close(&server, &client);
    }
}

fn close(one: &TcpStream, other: &TcpStream) {
    let _ = one.shutdown(Shutdown::Both);
    let _ = other.shutdown(Shutdown::Both);
}
