//! `doctor`, `restored`, `store copy`, and what is refused.

use super::support::{run, run_with};
use super::*;

#[test]
fn doctor_says_how_long_writes_last_and_what_is_wrong() {
    let place = Place::new();
    let url = place.sqlite("tokens.db");
    let found = run(&["doctor", "--store", &url, "--json"]);
    assert_eq!(found.code, 0, "{found:?}");
    assert_eq!(found.json()["durability"], "disk");
    let found = run(&["doctor", "--store", "memory:"]);
    assert_eq!(found.code, 0);
    assert!(found.out.contains("process") && found.out.contains("sqlite:PATH"), "{}", found.out);
}

#[test]
fn a_url_that_cannot_be_is_named_and_no_password_is_repeated() {
    let refused = |url: &str, code: i32, said: &str| {
        let found = run(&["doctor", "--store", url]);
        assert_eq!(found.code, code, "{found:?}");
        assert!(found.err.contains(said) && !found.err.contains("hunter2"), "{}", found.err);
    };
    refused("mysql://h/d", 3, "begins with memory:, sqlite:");
    refused("sqlite:/no/such/folder/tokens.db", 3, "/no/such/folder");
    refused("postgres://u:hunter2@h/d", 2, "env:NAME");
    refused("env:NO_SUCH_VARIABLE", 3, "NO_SUCH_VARIABLE");
    let found =
        run_with(&["doctor", "--store", "env:URL"], "", &[("URL", "postgres://u:hunter2@127.0.0.1:1/d")]);
    assert_eq!(found.code, 4, "{found:?}");
    assert!(!found.err.contains("hunter2"), "{}", found.err);
}

#[test]
fn a_sealed_store_without_its_key_is_refused_by_every_command() {
    let place = Place::new();
    std::fs::write(place.path("key"), "ab".repeat(32)).unwrap();
    let plain = place.sqlite("tokens.db");
    let sealed = format!("{plain}&sealing_key_file={}", place.path("key").display());
    assert_eq!(run(&["doctor", "--store", &sealed]).code, 0);
    let config = text(&place.config());
    for command in [
        ["doctor", "--store", &plain].as_slice(),
        &["serve", "--config", &config, "--port", "0", "--store", &plain],
        &["restored", "--config", &config, "--store", &plain],
        &["store", "copy", &plain, &place.sqlite("other.db")],
    ] {
        let found = run(command);
        assert_eq!(found.code, 3, "{found:?}");
        assert!(found.err.contains("sealing_key_file: the values in this store are sealed"), "{}", found.err);
    }
}

#[test]
fn a_store_that_promises_too_little_keeps_the_server_from_starting() {
    let place = Place::with(&format!("[store]\ndurability = \"disk\"\n{CONFIG}"));
    let found = run(&["serve", "--config", &text(&place.config()), "--port", "0"]);
    assert_eq!(found.code, 3, "{found:?}");
    assert!(found.err.contains("durability") && found.err.contains("disk"), "{}", found.err);
}

#[test]
fn after_restored_nothing_from_before_goes_on() {
    let place = Place::new();
    let store = place.sqlite("tokens.db");
    let server = place.serve(&["--store", &store]);
    let old = sign_in(&server);
    let restored = run(&["restored", "--config", &text(&place.config()), "--store", &store]);
    assert_eq!(restored.code, 0, "{restored:?}");
    assert!(restored.out.contains("2 issuers"), "{}", restored.out);
    assert_eq!(refresh(&server, &old).status, 401);
    let new = sign_in(&server);
    assert_eq!(refresh(&server, &new).status, 200);
}

#[test]
fn restored_takes_what_serve_takes() {
    let key = "[[keys]]\nkid = \"k1\"\nsecret = \"a secret of at least thirty-two bytes\"\n";
    let merge = "[merge]\nissuer = \"https://merge.example\"\nkey = \"k1\"\nsession_secret_generate = true\n";
    for server in ["", "[server]\nport = 8443\n"] {
        let place = Place::with(&format!("{server}{key}{merge}"));
        let store = place.sqlite("tokens.db");
        drop(place.serve(&["--store", &store]));
        let restored = run(&["restored", "--config", &text(&place.config()), "--store", &store]);
        assert_eq!(restored.code, 0, "{restored:?}");
    }
    let place = Place::with(&format!("[server]\nhost = \"localhost\"\n{CONFIG}"));
    for command in [&["serve"][..], &["restored", "--store", "memory:"]] {
        let found = run(&[command, &["--config", &text(&place.config())]].concat());
        assert_eq!(found.code, 3, "{found:?}");
        assert!(found.err.contains("server.host"), "{}", found.err);
    }
}

#[test]
fn a_copied_store_goes_on_where_the_first_ended() {
    let place = Place::new();
    let (postgres, redis) = (postgres_server::Postgres::shared(), redis_server::Redis::start(&[]));
    let sqlite = place.sqlite("tokens.db");
    let servers = [postgres.url(&postgres.database()), redis.url()].map(|url| patient(&url));
    let [on_postgres, on_redis] = servers;
    let stores = [sqlite.clone(), on_postgres, on_redis, place.sqlite("back.db")];
    for pair in stores.windows(2) {
        copied(&place, &pair[0], &pair[1]);
    }
    assert_eq!(run(&["store", "copy", "memory:", &sqlite]).code, 3);
}

fn copied(place: &Place, from: &str, to: &str) {
    let server = place.serve(&["--store", from]);
    let second = member(&refresh(&server, &sign_in(&server)), "refresh_token");
    let used = link(&server);
    assert_eq!(redeem(&server, &used).status, 200);
    server.terminate();
    server.finish();

    let copied = run(&["store", "copy", from, to]);
    assert_eq!(copied.code, 0, "{copied:?}");
    assert!(copied.out.contains("; 0 were there already"), "{}", copied.out);
    let again = run(&["store", "copy", from, to]);
    assert!(again.out.contains("copied 0 records"), "{}", again.out);

    let server = place.serve(&["--store", to]);
    assert_eq!(refresh(&server, &second).status, 200);
    assert_ne!(redeem(&server, &used).status, 200);
    drop(server);

    // The first goes on by itself: what is there now differs, and is not overwritten.
    let conflict = run(&["store", "copy", from, to]);
    assert_eq!(conflict.code, 4, "{conflict:?}");
    assert!(conflict.err.contains("nothing was overwritten"), "{}", conflict.err);
}
