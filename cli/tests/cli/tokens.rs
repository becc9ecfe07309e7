//! `tokenmint mint` and `tokenmint verify`.

use std::path::{Path, PathBuf};

use aws_lc_rs::encoding::AsDer;
use tokenmint::{Algorithm, Entropy, Key};

use crate::support::{run, run_with};

const ISSUER: &str = "https://api.example.com";
const SECRET: &str = "a secret of at least thirty-two bytes";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path: PathBuf = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let base64 = base64_simd::STANDARD.encode_to_string(der);
    let lines: Vec<&str> =
        base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// Mints with some key arguments, verifies with others, and gives the claims.
fn round_trip(minting: &[&str], verifying: &[&str]) -> serde_json::Value {
    let claims = ["--issuer", ISSUER, "--audience", "app", "--subject", "ent_1"];
    let custom = ["--expires-in", "90m", "--claims", r#"{"seats":18446744073709551615}"#];
    let minted = run(&[&["mint"], minting, &claims, &custom].concat());
    assert_eq!(minted.code, 0, "{minted:?}");
    let token = minted.out.trim_end();
    assert_eq!(token.split('.').count(), 3);
    let verified = run(&[&["verify", token], verifying, &claims].concat());
    assert_eq!(verified.code, 0, "{verified:?}");
    verified.json()
}

#[test]
fn what_is_minted_verifies_with_every_kind_of_key() {
    let folder = Folder::new();
    let secret = folder.write("secret", format!("{SECRET}\n"));
    let rsa = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let rsa_private = folder.write("rsa.pem", pem("PRIVATE KEY", rsa.as_der().unwrap().as_ref()));
    let public = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(
        aws_lc_rs::signature::KeyPair::public_key(&rsa),
    );
    let rsa_public = folder.write("rsa.pub", pem("PUBLIC KEY", public.unwrap().as_ref()));
    let jwk = |alg: Algorithm| {
        let jwk = Key::generate_jwk(Some("k1"), alg, &mut Entropy::new([7; 32])).unwrap();
        let key = Key::from_jwk(std::str::from_utf8(jwk.expose()).unwrap()).unwrap();
        let set = format!("{{\"keys\":[{}]}}", key.public_jwk().unwrap());
        (folder.write(&format!("{alg}.json"), jwk.expose()), folder.write(&format!("{alg}.jwks"), set))
    };
    let (es256, es256_public) = jwk(Algorithm::ES256);
    let (eddsa, eddsa_public) = jwk(Algorithm::EdDSA);
    let cases: [(&[&str], &[&str]); 4] = [
        (&["--secret-file", &secret, "--kid", "k1"], &["--secret-file", &secret]),
        (&["--key", &rsa_private, "--alg", "RS256"], &["--key", &rsa_public, "--alg", "RS256"]),
        (&["--jwk-file", &es256], &["--jwks", &es256_public]),
        (&["--jwk-file", &eddsa], &["--jwks", &eddsa_public]),
    ];
    for (minting, verifying) in cases {
        let claims = round_trip(minting, verifying);
        assert_eq!((&claims["iss"], &claims["sub"]), (&ISSUER.into(), &"ent_1".into()));
        assert_eq!(claims["aud"], "app");
        assert_eq!(claims["seats"], u64::MAX);
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 90 * 60);
        assert!(claims["jti"].is_string());
    }
}

/// A token for the audience `app`, and the arguments that name its key.
fn minted(folder: &Folder) -> (String, Vec<String>) {
    let key = vec!["--secret-file".to_owned(), folder.write("secret", SECRET)];
    let minted = run(&["mint", &key[0], &key[1], "--issuer", ISSUER, "--audience", "app"]);
    assert_eq!(minted.code, 0, "{minted:?}");
    (minted.out.trim_end().to_owned(), key)
}

#[test]
fn a_token_that_is_refused_is_a_1_with_the_code() {
    let folder = Folder::new();
    let (token, key) = minted(&folder);
    let other = folder.write("other", SECRET.replace("thirty", "twenty-and-ten"));
    let own = [key[0].as_str(), key[1].as_str()];
    let tampered = format!("{}A", &token[..token.len() - 1]);
    let tampered = if tampered == token { format!("{}E", &token[..token.len() - 1]) } else { tampered };
    let cases: [(&str, &[&str], &[&str], &str); 6] = [
        (&token, &own, &["--issuer", "https://other.example", "--audience", "app"], "issuer_mismatch"),
        (&token, &own, &["--issuer", ISSUER, "--audience", "other"], "audience_mismatch"),
        (&token, &["--secret-file", &other], &["--any-issuer", "--any-audience"], "signature_invalid"),
        (&tampered, &own, &["--any-issuer", "--any-audience"], "signature_invalid"),
        ("nope", &own, &["--any-issuer", "--any-audience"], "token_malformed"),
        (&token, &own, &["--any-issuer", "--any-audience", "--typ", "at+jwt"], "type_mismatch"),
    ];
    for (token, key, rest, code) in cases {
        let text = run(&[&["verify", token], key, rest].concat());
        assert_eq!((text.code, text.out.as_str()), (1, ""), "{text:?}");
        assert!(text.err.starts_with(&format!("tokenmint: {code}: ")), "{text:?}");
        assert!(!text.err.contains(token) || token == "nope");
        let json = run(&[&["verify", token, "--json"], key, rest].concat());
        let error: serde_json::Value = serde_json::from_str(&json.err).unwrap();
        assert_eq!((json.code, &error["error"]), (1, &code.into()), "{json:?}");
        assert!(error["message"].is_string());
    }
}

#[test]
fn an_expired_token_is_refused_until_leeway_covers_it() {
    let folder = Folder::new();
    let secret = folder.write("secret", SECRET);
    let key = ["--secret-file", secret.as_str(), "--any-issuer", "--any-audience"];
    let short = run(&["mint", "--secret-file", &secret, "--issuer", ISSUER, "--expires-in", "1s"]);
    let token = short.out.trim_end();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let refused = run(&[&["verify", token], key.as_slice()].concat());
    assert!(refused.code == 1 && refused.err.contains("token_expired"), "{refused:?}");
    assert_eq!(run(&[&["verify", token, "--leeway", "600"], key.as_slice()].concat()).code, 0);
}

#[test]
fn secrets_come_from_files_the_environment_and_standard_input() {
    let folder = Folder::new();
    let (token, key) = minted(&folder);
    let rest = ["--any-issuer", "--any-audience"];
    let env = run_with(
        &[&["verify", &token, "--secret-env", "TOKENMINT_TEST_SECRET"], rest.as_slice()].concat(),
        "",
        &[("TOKENMINT_TEST_SECRET", SECRET)],
    );
    assert_eq!(env.code, 0, "{env:?}");
    let input = run_with(&[&["verify", &token, "--secret-file", "-"], rest.as_slice()].concat(), SECRET, &[]);
    assert_eq!(input.code, 0, "{input:?}");
    let piped = [&["verify", "-", key[0].as_str(), key[1].as_str()], rest.as_slice()].concat();
    assert_eq!(run_with(&piped, &format!("{token}\n"), &[]).code, 0);
    let unset = run(&[&["verify", &token, "--secret-env", "TOKENMINT_TEST_UNSET"], rest.as_slice()].concat());
    assert!(unset.code == 3 && unset.err.contains("TOKENMINT_TEST_UNSET"), "{unset:?}");
    let echoed = run_with(
        &[&["verify", &token, "--secret-env", "TOKENMINT_TEST_SECRET"], rest.as_slice()].concat(),
        "",
        &[("TOKENMINT_TEST_SECRET", &format!("{SECRET}\n"))],
    );
    assert!(echoed.code == 3 && echoed.err.contains("ends with a line break"), "{echoed:?}");
}

#[test]
fn what_cannot_be_minted_is_told_apart() {
    let folder = Folder::new();
    let (_, key) = minted(&folder);
    let weak = folder.write("weak", "hunter2");
    let claims = folder.write("claims.json", r#"{"role":"admin"}"#);
    let at = format!("@{claims}");
    let mint = |rest: &[&str]| run(&[&["mint", "--issuer", ISSUER], rest].concat());
    let own = [key[0].as_str(), key[1].as_str()];
    let cases: [(Vec<&str>, i32, &str); 8] = [
        ([own.as_slice(), &["--claims", &at]].concat(), 0, ""),
        ([own.as_slice(), &["--claims", r#"{"exp":1}"#]].concat(), 2, "claim_reserved"),
        ([own.as_slice(), &["--claims", "[1]"]].concat(), 2, "claims_not_object"),
        ([own.as_slice(), &["--claims", "@/nowhere"]].concat(), 4, "/nowhere"),
        ([own.as_slice(), &["--expires-in", "soon"]].concat(), 2, "soon"),
        (vec!["--secret-file", &weak], 3, "key_weak"),
        (vec!["--secret-file", "/nowhere"], 4, "/nowhere"),
        (vec![], 2, "--secret-file"),
    ];
    for (rest, code, text) in cases {
        let finished = mint(&rest);
        assert_eq!(finished.code, code, "{finished:?}");
        assert!(finished.err.contains(text) && !finished.err.contains("hunter2"), "{finished:?}");
    }
}

#[test]
fn json_says_more() {
    let folder = Folder::new();
    let secret = folder.write("secret", SECRET);
    let minted = run(&[
        "mint",
        "--secret-file",
        &secret,
        "--kid",
        "k1",
        "--issuer",
        ISSUER,
        "--expires-in",
        "1h",
        "--json",
    ]);
    let minted = minted.json();
    assert_eq!((&minted["alg"], &minted["kid"]), (&"HS256".into(), &"k1".into()));
    assert_eq!(minted["expires_in"], 3600);
    let token = minted["token"].as_str().unwrap();
    let verified =
        run(&["verify", token, "--secret-file", &secret, "--any-issuer", "--any-audience", "--json"]);
    let verified = verified.json();
    assert_eq!(verified["claims"]["exp"], minted["expires_at"]);
    assert_eq!((&verified["alg"], &verified["kid"]), (&"HS256".into(), &"k1".into()));
}

#[test]
fn a_set_without_a_usable_key_is_told() {
    let folder = Folder::new();
    let set = folder.write("set", r#"{"keys":[{"kty":"oct","alg":"HS256","k":"c2hvcnQ"}]}"#);
    assert!(Path::new(&set).exists());
    let finished = run(&["verify", "x", "--jwks", &set, "--any-issuer", "--any-audience"]);
    assert!(finished.code == 3 && finished.err.contains("no key can be used"), "{finished:?}");
}

/// RFC 8259 section 6 sets no bound to numbers.
#[test]
fn claims_come_out_digit_for_digit_and_json_changes_no_verdict() {
    let folder = Folder::new();
    let secret = folder.write("secret", SECRET);
    let key = ["--secret-file", secret.as_str()];
    let rest = ["--any-issuer", "--any-audience"];
    for number in [
        "9007199254740993",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775809",
        "123456789012345678901234567890",
        "0.1234567890123456789012345",
        "1.10",
        "-0",
        "1e400",
    ] {
        let claims = format!(r#"{{"n":{number}}}"#);
        let minted = run(&[&["mint", "--issuer", ISSUER, "--claims", &claims], key.as_slice()].concat());
        let token = minted.out.trim_end();
        let member = format!(r#""n":{number}"#);
        for json in [&["--json"][..], &[]] {
            let verified = run(&[&["verify", token], key.as_slice(), &rest, json].concat());
            assert!(verified.code == 0 && verified.out.contains(&member), "{json:?} {verified:?}");
            let seen = run(&[&["explain", token], json].concat());
            assert!(seen.code == 0 && seen.out.contains(&member), "{json:?} {seen:?}");
        }
    }
    let kid = run(&[&["mint", "--issuer", ISSUER, "--kid", "k1"], key.as_slice()].concat());
    let verified = run(&[&["verify", kid.out.trim_end(), "--json"], key.as_slice(), &rest].concat());
    let json = verified.json();
    assert_eq!(
        (&json["alg"], &json["kid"], &json["claims"]["iss"]),
        (&"HS256".into(), &"k1".into(), &ISSUER.into())
    );
}

#[test]
fn nothing_in_a_token_moves_the_cursor_turns_the_line_or_makes_lines() {
    let folder = Folder::new();
    let secret = folder.write("secret", SECRET);
    let key = ["--secret-file", secret.as_str()];
    let text = "a\u{202e}b\u{9b}c\u{7f}d\u{2066}e\u{feff}f";
    let claims = format!("{{\r\n\"t\":\r\"{text}\"}}");
    let kid = "k\u{200f}";
    let minted =
        run(&[&["mint", "--issuer", ISSUER, "--kid", kid, "--claims", &claims], key.as_slice()].concat());
    let token = minted.out.trim_end();
    let judged = [&["--any-issuer", "--any-audience"], key.as_slice()].concat();
    for (command, lines) in [("verify", None), ("explain", None), ("explain", Some(3))] {
        for json in [&["--json"][..], &[]] {
            let judged = if lines.is_some() { &[] } else { judged.as_slice() };
            let done = run(&[&[command, token], judged, json].concat());
            assert_eq!(done.code, 0, "{done:?}");
            assert!(
                done.out.chars().all(|c| c == '\n' || (' '..='~').contains(&c)),
                "{command} {json:?} {done:?}"
            );
            if let (Some(lines), []) = (lines, json) {
                assert_eq!(done.out.lines().count(), lines, "{done:?}");
            }
            if command == "verify" {
                let claims = if json.is_empty() { done.json() } else { done.json()["claims"].clone() };
                assert_eq!(claims["t"], text, "the same value");
            }
        }
    }
    // RFC 7519 section 3.1: an issuer may write its JSON over several lines.
    let encode = |text: &str| base64_simd::URL_SAFE_NO_PAD.encode_to_string(text);
    let token_of_lines =
        format!("{}.{}.", encode("{\n\"alg\":\n\"none\"}"), encode("{\r\n\"accepted\":\n1}"));
    let seen = run(&["explain", &token_of_lines]);
    assert_eq!((seen.code, seen.out.lines().count()), (0, 3), "{seen:?}");
    // An error tells of foreign names, too.
    let refused =
        run(&["explain", "--secret-file", "no such\u{202e}file", "--any-issuer", "--any-audience", token]);
    assert!(refused.code != 0 && !refused.err.contains('\u{202e}'), "{refused:?}");
}
