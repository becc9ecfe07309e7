//! Two servers on one store, and many clients that want the same thing at once: one gets it.

use std::sync::Barrier;
use std::thread;

use super::*;

const CLIENTS: usize = 64;

/// What 64 clients get that ask two servers at once.
fn all_at_once(servers: &[Server; 2], ask: impl Fn(&Server) -> Answer + Sync) -> Vec<Answer> {
    let barrier = Barrier::new(CLIENTS);
    let ask = |client: usize| {
        barrier.wait();
        ask(&servers[client % 2])
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|client| scope.spawn(move || ask(client))).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    })
}

fn one_winner_each(place: &Place, store: &[&str]) {
    let servers = [place.serve(store), place.serve(store)];
    for _ in 0..3 {
        let token = link(&servers[0]);
        let answers = all_at_once(&servers, |server| redeem(server, &token));
        let winners = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(winners, 1, "a link was redeemed {winners} times");
        assert!(answers.iter().all(|answer| answer.status < 500), "{answers:?}");

        // Without a grace period each of the others is somebody who has a copy, so the session ends.
        let token = sign_in(&servers[1]);
        let answers = all_at_once(&servers, |server| refresh(server, &token));
        let winners: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert_eq!(winners.len(), 1, "a session was forked: {answers:?}");
        assert_eq!(refresh(&servers[0], &member(winners[0], "refresh_token")).status, 401);
    }
}

/// With a grace period everybody gets the same successor.
fn one_successor(place: &Place, store: &[&str]) {
    let config = std::fs::read_to_string(place.config()).unwrap();
    let patient = config.replace("refresh_grace_seconds = 0", "refresh_grace_seconds = 60");
    std::fs::write(place.config(), patient).unwrap();
    let servers = [place.serve(store), place.serve(store)];
    let mut token = sign_in(&servers[0]);
    for _ in 0..3 {
        let answers = all_at_once(&servers, |server| refresh(server, &token));
        let mut successors: Vec<_> = answers.iter().map(|answer| member(answer, "refresh_token")).collect();
        successors.dedup();
        assert_eq!(successors.len(), 1, "a session was forked");
        token = successors.remove(0);
    }
}

fn together(store: impl Fn(&Place) -> String) {
    let place = Place::new();
    let store = store(&place);
    one_winner_each(&place, &["--store", &store]);
    one_successor(&place, &["--store", &store]);
}

#[test]
fn on_one_postgres() {
    let server = postgres_server::Postgres::shared();
    together(|_| patient(&server.url(&server.database())));
}

#[test]
fn on_one_redis() {
    let server = redis_server::Redis::start(&[]);
    together(|_| patient(&server.url()));
}

#[test]
fn on_one_sqlite_file() {
    together(|place| place.sqlite("tokens.db"));
}
