//! A store that is away: a 503 that says when to come back, and no restart when it is there again.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::proxy::{Mode, Proxy};
use super::redis_server::Redis;
use super::*;

fn ends_by_itself(place: &Place, url: &str, proxy: &Proxy) {
    let server = place.serve(&["--store", url]);
    let first = sign_in(&server);
    for mode in [Mode::Hang, Mode::CutBeforeRequest] {
        proxy.set(mode);
        let answer = refresh(&server, &first);
        assert_eq!(answer.status, 503, "{mode:?}: {answer:?}");
        assert!(answer.header("retry-after").is_some_and(|after| after.parse::<u32>().is_ok()), "{answer:?}");
        // What needs no store goes on.
        assert_eq!(server.get("/.well-known/jwks.json").status, 200);
        proxy.set(Mode::Pass);
        proxy.cut();
        let end = Instant::now() + Duration::from_secs(120);
        while post(&server, "/auth/token", &credentials()).status == 503 {
            assert!(Instant::now() < end, "{mode:?}: the store is not used again");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    // The silent store was asked to read only, so nothing has happened to the session.
    let second = member(&refresh(&server, &first), "refresh_token");
    assert_eq!(refresh(&server, &second).status, 200);
    let log = server.log();
    assert!(log.contains("tokenmint::store"), "{log}");
}

#[test]
fn of_redis() {
    let server = Redis::start(&[]);
    let proxy = Proxy::before(SocketAddr::from(([127, 0, 0, 1], server.port())));
    ends_by_itself(&Place::new(), &format!("redis://{}/?timeout_ms=3000", proxy.address()), &proxy);
}

#[test]
fn of_postgres() {
    let server = postgres_server::Postgres::shared();
    let proxy = Proxy::before(server.address());
    let url = server.url(&server.database());
    let url = url.replace(&server.address().to_string(), &proxy.address().to_string());
    ends_by_itself(&Place::new(), &format!("{url}?timeout_ms=3000"), &proxy);
}
