//! `tokenmint keys`, and `tokenmint verify --jwks-url`.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use tokenmint::{Algorithm, Claims, Context, Entropy, Issuer, Key, KeyRing, KeySet, Policy, UnixTime};

use crate::support::{Finished, run};

/// A key ring in a folder of its own.
pub(crate) struct Ring {
    folder: tempfile::TempDir,
}

impl Ring {
    pub(crate) fn new() -> Self {
        Ring { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> String {
        self.beside("ring.json").to_str().unwrap().to_owned()
    }

    /// A file beside it.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn keys(&self, command: &str, arguments: &[&str]) -> Finished {
        run(&[&["keys", command, "--ring", &self.path()], arguments].concat())
    }

    #[track_caller]
    pub(crate) fn json(&self, command: &str, arguments: &[&str]) -> Value {
        let finished = self.keys(command, &[arguments, &["--json"]].concat());
        assert_eq!(finished.code, 0, "{finished:?}");
        finished.json()
    }

    fn states(&self) -> Vec<String> {
        let list = self.json("list", &[]);
        list.as_array().unwrap().iter().map(|key| key["state"].as_str().unwrap().to_owned()).collect()
    }

    /// Moves every time in the file back.
    pub(crate) fn age(&self, seconds: i64) {
        let mut ring: Value = serde_json::from_slice(&std::fs::read(self.path()).unwrap()).unwrap();
        for key in ring["keys"].as_array_mut().unwrap() {
            key["since"] = (key["since"].as_i64().unwrap() - seconds).into();
        }
        // Whole, as `keys` does it: a server may read it at any time.
        std::fs::write(self.beside("aged"), ring.to_string()).unwrap();
        std::fs::rename(self.beside("aged"), self.path()).unwrap();
    }
}

#[test]
fn a_ring_is_rotated_step_by_step() {
    let ring = Ring::new();
    let first = ring.json("generate", &["--alg", "EdDSA", "--token-lifetime", "1h", "--active-for", "30d"]);
    assert_eq!((&first["alg"], &first["state"]), (&"EdDSA".into(), &"active".into()));
    assert_eq!(first["kid"].as_str().unwrap().len(), 43, "the thumbprint");

    let early = ring.json("rotate", &[]);
    assert_eq!((&early["action"], &early["done"]), (&"announce".into(), &false.into()));
    assert_eq!(ring.states(), ["active"]);
    let text = ring.keys("rotate", &[]);
    assert!(text.out.starts_with("nothing to do: announce in "), "{text:?}");

    ring.age(30 * 86_400 - 600);
    let announced = ring.json("rotate", &[]);
    assert_eq!((&announced["action"], &announced["done"]), (&"announce".into(), &true.into()));
    assert_eq!(ring.states(), ["active", "announced"]);
    let jwks: Value = serde_json::from_str(&ring.keys("jwks", &[]).out).unwrap();
    assert_eq!(jwks["keys"].as_array().unwrap().len(), 2);
    assert!(jwks["keys"][0].get("d").is_none());

    let waiting = ring.json("plan", &[]);
    assert_eq!((&waiting["action"], &waiting["kid"]), (&"activate".into(), &announced["kid"]));
    assert!((595..=600).contains(&waiting["in_seconds"].as_i64().unwrap()), "{waiting}");
    ring.age(600);
    assert_eq!(ring.json("rotate", &[])["done"], true);
    assert_eq!(ring.states(), ["retired", "active"]);
    ring.age(3600 + 600);
    assert_eq!(ring.json("rotate", &[])["action"], "remove");
    assert_eq!(ring.states(), ["gone", "active"]);
    let file = std::fs::read_to_string(ring.path()).unwrap();
    assert!(KeyRing::from_json(&file).unwrap().key_set().is_ok());
}

#[test]
fn a_rotation_can_begin_early() {
    let ring = Ring::new();
    ring.json("generate", &["--kid", "a"]);
    assert_eq!(ring.json("plan", &["--early"])["in_seconds"], 0);
    assert_eq!(ring.json("rotate", &["--early"])["action"], "announce");
    let next = ring.json("rotate", &["--early"]);
    assert_eq!((&next["action"], &next["done"]), (&"activate".into(), &false.into()));
}

#[test]
fn every_kind_of_key_is_generated() {
    for alg in ["HS256", "RS256", "PS512", "ES256", "ES384", "ES512", "EdDSA"] {
        let ring = Ring::new();
        assert_eq!(ring.json("generate", &["--alg", alg])["alg"], alg);
        let jwks: Value = serde_json::from_str(&ring.keys("jwks", &[]).out).unwrap();
        assert_eq!(jwks["keys"].as_array().unwrap().len(), usize::from(alg != "HS256"), "{alg}");
    }
}

#[cfg(unix)]
#[test]
fn only_its_owner_reads_a_ring() {
    use std::os::unix::fs::PermissionsExt;
    let ring = Ring::new();
    ring.json("generate", &["--kid", "a"]);
    std::fs::set_permissions(ring.path(), PermissionsExt::from_mode(0o644)).unwrap();
    ring.json("generate", &["--kid", "b"]);
    assert_eq!(std::fs::metadata(ring.path()).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!std::fs::exists(format!("{}.new", ring.path())).unwrap());
}

#[test]
fn what_cannot_be_done_leaves_the_ring_as_it_was() {
    let ring = Ring::new();
    assert_eq!(ring.keys("list", &[]).code, 4);
    ring.json("generate", &["--kid", "a"]);
    let before = std::fs::read(ring.path()).unwrap();
    let duplicate = ring.keys("generate", &["--kid", "a"]);
    assert_eq!(duplicate.code, 3, "{duplicate:?}");
    assert!(duplicate.err.contains("key_duplicate"), "{duplicate:?}");
    assert_eq!(ring.keys("generate", &["--kid", "b", "--margin", "1m"]).code, 2);
    assert_eq!(std::fs::read(ring.path()).unwrap(), before);
    let text = String::from_utf8(before).unwrap();
    let secret = text.split_once(r#"\"d\":\""#).unwrap().1.split('\\').next().unwrap();
    std::fs::write(ring.path(), text.replacen("rules", "rule", 1)).unwrap();
    let broken = ring.keys("plan", &[]);
    assert_eq!(broken.code, 3, "{broken:?}");
    assert!(!broken.err.contains(secret), "{broken:?}");
}

/// Answers every request with the same bytes, and counts them.
pub(crate) fn serve(answer: Vec<u8>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            counter.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 4096]);
            // A client that has read enough may be gone.
            let _ = stream.write_all(&answer);
        }
    });
    (url, count)
}

pub(crate) fn http(status: &str, body: &str) -> Vec<u8> {
    let len = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {len}\r\nLocation: http://127.0.0.1:1/\r\nCache-Control: public, max-age=60\r\nConnection: close\r\n\r\n{body}")
        .into_bytes()
}

pub(crate) fn token_and_jwks() -> (String, String) {
    let jwk = Key::generate_jwk(Some("k1"), Algorithm::ES256, &mut Entropy::new([7; 32])).unwrap();
    let key = Key::from_jwk(std::str::from_utf8(jwk.expose()).unwrap()).unwrap();
    let jwks = format!(r#"{{"keys":[{{"kty":"new","kid":"odd"}},{}]}}"#, key.public_jwk().unwrap());
    let keys = KeySet::builder().key(key).unwrap().build().unwrap();
    let issuer = Issuer::new(keys, Policy::new("https://a.example")).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let context = Context::new(UnixTime::from_seconds(now as i64), [1; 32]);
    (issuer.mint(&Claims::new().audience("app"), "1h".parse().unwrap(), &context).unwrap(), jwks)
}

fn verify(token: &str, url: &str) -> Finished {
    run(&["verify", token, "--jwks-url", url, "--issuer", "https://a.example", "--audience", "app"])
}

#[test]
fn a_token_is_verified_with_keys_from_a_url() {
    let (token, jwks) = token_and_jwks();
    let (url, count) = serve(http("200 OK", &jwks));
    let verified = verify(&token, &url);
    assert_eq!(verified.code, 0, "{verified:?}");
    assert_eq!(verified.json()["iss"], "https://a.example");
    assert_eq!(count.load(Ordering::SeqCst), 1);
    let wrong =
        run(&["verify", &token, "--jwks-url", &url, "--issuer", "https://b.example", "--any-audience"]);
    assert_eq!(wrong.code, 1, "{wrong:?}");
    // A token that cannot be read costs no fetch.
    assert_eq!(verify("a.b", &url).code, 1);
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[test]
fn a_key_that_is_not_published_is_fetched_for_once() {
    let (token, _) = token_and_jwks();
    let (url, count) = serve(http("200 OK", r#"{"keys":[]}"#));
    let refused = verify(&token, &url);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("key_not_found: kid"), "{refused:?}");
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[test]
fn what_is_no_key_set_is_a_failure_and_no_verdict() {
    let (token, jwks) = token_and_jwks();
    let large = format!("{jwks}{}", " ".repeat(300_000));
    for (answer, hint) in [
        (http("503 Service Unavailable", &jwks), "status 503"),
        (http("302 Found", &jwks), "302"),
        (http("200 OK", "<html>"), "JWK Set"),
        (http("200 OK", &large), "262144"),
        (b"nonsense\r\n\r\n".to_vec(), ""),
    ] {
        let (url, count) = serve(answer);
        let failed = verify(&token, &url);
        assert_eq!(failed.code, 4, "{failed:?}");
        assert!(failed.err.contains(hint), "{failed:?}");
        assert_eq!(count.load(Ordering::SeqCst), 1, "{failed:?}");
    }
    let nobody = verify(&token, "http://127.0.0.1:1/jwks.json");
    assert_eq!(nobody.code, 4, "{nobody:?}");
}

#[test]
fn plain_http_from_elsewhere_is_refused_unless_asked_for() {
    let (token, _) = token_and_jwks();
    let refused = verify(&token, "http://jwks.invalid/jwks.json");
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.err.contains("https is needed"), "{refused:?}");
    let all = ["--any-issuer", "--any-audience", "--allow-plain-http"];
    let asked =
        run(&[&["verify", &token, "--jwks-url", "http://jwks.invalid/jwks.json"], all.as_slice()].concat());
    assert_eq!(asked.code, 4, "{asked:?}");
}

#[cfg(unix)]
#[test]
fn whoever_could_read_a_ring_can_read_its_next_text_and_nobody_else() {
    use std::fs::{Permissions, metadata, set_permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

    for kept in [0o640, 0o400] {
        let ring = Ring::new();
        let generate = || {
            ring.json("generate", &[]);
            let after = metadata(ring.path()).unwrap();
            (after.mode() & 0o777, after.uid(), after.gid())
        };
        let (mode, uid, gid) = generate();
        assert_eq!(mode, 0o600);
        // Only root can give a file away.
        let (uid, gid) = if uid == 0 { (65532, 65533) } else { (uid, gid) };
        chown(ring.path(), Some(uid), Some(gid)).unwrap();
        set_permissions(ring.path(), Permissions::from_mode(kept)).unwrap();
        assert_eq!(generate(), (kept, uid, gid));
    }
}
