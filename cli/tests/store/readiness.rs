//! A server whose store is away lives, and is not ready.

use std::net::SocketAddr;

use super::proxy::{Mode, Proxy};
use super::redis_server::Redis;
use super::*;
use support::{Request, until};

const ADMIN: &str =
    "\n[admin]\nlisten = \"127.0.0.1:0\"\n[[admin.keys]]\nid = \"root\"\nkey_sha256 = \"MERGE\"\n";

#[test]
fn ends_with_the_store_and_comes_back_with_it() {
    let redis = Redis::start(&[]);
    let proxy = Proxy::before(SocketAddr::from(([127, 0, 0, 1], redis.port())));
    let place = Place::with(&format!("{CONFIG}{ADMIN}"));
    let server = place.serve(&["--store", &format!("redis://{}/?timeout_ms=3000", proxy.address())]);
    let ask = |path: &str| Request::to(&server.admin(), "GET", path).send();
    until("the server is ready", || ask("/readyz").status == 200);
    for mode in [Mode::Hang, Mode::CutBeforeRequest] {
        proxy.set(mode);
        until("the server is not ready", || ask("/readyz").status == 503);
        let away = ask("/readyz").json(503);
        assert_eq!(away["checks"], json!({ "serving": "ok", "store": "store_unavailable", "keys": "ok" }));
        assert_eq!(ask("/livez").status, 200);
        proxy.set(Mode::Pass);
        proxy.cut();
        until("the server is ready again", || ask("/readyz").status == 200);
    }
    let counted = ask("/metrics").body;
    let failed = r#"tokenmint_store_command_duration_seconds_count{command="load",result="unavailable"}"#;
    assert!(counted.contains(failed), "{counted}");
}
