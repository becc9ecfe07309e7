//! What a server that ended, however, has left for the next.

use super::*;

/// A session goes on after the server was killed, and a redeemed link stays redeemed.
fn survives_kill_9(place: &Place, store: &[&str]) {
    let server = place.serve(store);
    let second = member(&refresh(&server, &sign_in(&server)), "refresh_token");
    let (used, fresh) = (link(&server), link(&server));
    assert_eq!(redeem(&server, &used).status, 200);
    server.signal("KILL");
    drop(server);

    let server = place.serve(store);
    let third = member(&refresh(&server, &second), "refresh_token");
    assert_ne!(redeem(&server, &used).status, 200, "a redeemed link was redeemed again");
    assert_eq!(redeem(&server, &fresh).status, 200);
    // Whoever presents the second again has a copy: the session ends.
    assert_eq!(refresh(&server, &second).status, 401);
    assert_eq!(refresh(&server, &third).status, 401);
}

#[test]
fn a_data_directory_keeps_what_was_acknowledged() {
    let place = Place::new();
    survives_kill_9(&place, &["--data-dir", &text(&place.path("data"))]);
    assert!(place.path("data/tokenmint.db").exists());
}

#[test]
fn a_store_in_the_configuration_begins_at_its_folder() {
    let store = "[store]\nurl = \"sqlite:tokens.db\"\ndurability = \"disk\"\n";
    let place = Place::with(&format!("{store}{CONFIG}"));
    survives_kill_9(&place, &[]);
    assert!(place.path("tokens.db").exists());
}

/// In a URL a `?` begins parameters; in a path it does not.
#[test]
fn folders_have_any_name() {
    let place = Place::new();
    for name in ["a?b", "a?timeout_ms=1", "a#b", "a%20b", "with blank", ":memory:", "ключ"] {
        sign_in(&place.serve(&["--data-dir", &text(&place.path(name))]));
        assert!(place.path(name).join("tokenmint.db").exists(), "{name}");

        let config = std::fs::read_to_string(place.config()).unwrap();
        let beside = place.path(name).join("tokenmint.toml");
        std::fs::write(&beside, format!("[store]\nurl = \"sqlite:beside.db?timeout_ms=2000\"\n{config}"))
            .unwrap();
        sign_in(&Server::with_config(&beside));
        assert!(place.path(name).join("beside.db").exists(), "{name}");
    }
}

#[test]
fn a_sealed_store_shows_no_names() {
    let place = Place::new();
    std::fs::write(place.path("key"), "ab".repeat(32)).unwrap();
    let sealed = format!("{}&sealing_key_file={}", place.sqlite("tokens.db"), place.path("key").display());
    survives_kill_9(&place, &["--store", &sealed]);
    assert!(!shows_names(&place, "tokens.db"));
    let plain = place.serve(&["--store", &place.sqlite("plain.db")]);
    link(&plain);
    assert!(shows_names(&place, "plain.db"), "the test looks for what is never there");
}

fn shows_names(place: &Place, file: &str) -> bool {
    let files = [file.to_owned(), format!("{file}-wal")];
    files.iter().any(|file| {
        let bytes = std::fs::read(place.path(file)).unwrap_or_default();
        bytes.windows(17).any(|part| part == b"Test Organization")
    })
}

#[test]
fn a_changed_configuration_counts_at_the_next_start() {
    let place = Place::new();
    let store = place.sqlite("tokens.db");
    drop(place.serve(&["--store", &store]));
    let config = std::fs::read_to_string(place.config()).unwrap();
    let other = tokenmint::SecretHash::of(b"another secret").to_string();
    let changed = config.replace(&tokenmint::SecretHash::of(SECRET.as_bytes()).to_string(), &other);
    std::fs::write(place.config(), changed).unwrap();
    let server = place.serve(&["--store", &store]);
    let body = |secret: &str| json!({ "api_key_id": "2khK02ZRc_TE9nYJyGIfIQ", "api_key_secret": secret });
    assert_eq!(post(&server, "/auth/token", &body(SECRET)).status, 401);
    assert_eq!(post(&server, "/auth/token", &body("another secret")).status, 200);
}
