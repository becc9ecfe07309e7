//! `tokenmint serve --config`: what works, and what the errors say.

use std::path::PathBuf;

use crate::support::{Finished, Server, run};

/// The demonstration's configuration.
fn demo() -> String {
    let parts = tokenmint::dialect::demonstrations().map(|shown| shown.config);
    std::iter::once(include_str!("../../src/demo.toml")).chain(parts).collect::<Vec<_>>().join("\n")
}

/// A folder with a configuration in it.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new(config: &str) -> Self {
        let folder = Folder(tempfile::tempdir().unwrap());
        folder.write("tokenmint.toml", config);
        folder
    }

    /// Whole, since a server may look at any moment.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let (path, beside) = (self.0.path().join(name), self.0.path().join("being-written"));
        std::fs::write(&beside, text).unwrap();
        std::fs::rename(beside, path).unwrap();
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.0.path().join("tokenmint.toml")
    }

    fn serve(&self) -> Finished {
        run(&["serve", "--config", self.config().to_str().unwrap(), "--port", "0"])
    }
}

/// A small configuration that works, with `more` behind it.
pub(crate) fn small(more: &str) -> String {
    format!(
        "[[keys]]\nkid = \"k1\"\nsecret = \"a secret of at least thirty-two bytes\"\n\n\
         [mercoa]\nissuer = \"https://api.example.com\"\nkey = \"k1\"\n{more}"
    )
}

#[test]
fn the_demonstration_is_a_configuration() {
    let folder = Folder::new(&demo());
    let server = Server::with_config(&folder.config());
    assert_eq!(server.get("/.well-known/jwks.json").json(200)["keys"][0]["kid"], "oauth-1");
    let answer = server.request("POST", "/introspect").bearer("demo-merge-key").form("token=x").send();
    assert_eq!(answer.json(200), serde_json::json!({ "active": false }));
    // The lines to paste belong to --demo.
    let admin = format!("admin http://{}\n", server.admin());
    assert_eq!(server.output(), admin);
}

#[test]
fn a_mistake_is_named_with_its_line() {
    let cases = [
        (
            small("lifetme = \"1h\"\n"),
            "tokenmint.toml: line 8: mercoa.lifetme: this field is not known; known are issuer, key",
        ),
        (
            format!("prot = 80\n{}", small("")),
            "tokenmint.toml: line 1: prot: this field is not known; known are server, ",
        ),
        (
            "[server]\nprot = 80\n".into(),
            "tokenmint.toml: line 2: server.prot: this field is not known; known are host, port, public_url",
        ),
        (
            small("[mercoa.limits]\nclient = { events = 1, per = \"1s\", brust = 2 }\n"),
            "tokenmint.toml: line 9: mercoa.limits.client.brust: this field is not known; known are events, per, burst",
        ),
        (
            small("[[clients]]\nid = \"c\"\norganization = \"o\"\nsecret = \"x\"\n"),
            "tokenmint.toml: line 11: clients[0].secret: this field is not known; known are id, ",
        ),
        (small("").replace("key = \"k1\"\n", ""), "line 5: mercoa.key: this field is required"),
        (
            small("lifetime = \"1 fortnight\"\n"),
            "tokenmint.toml: line 8: mercoa.lifetime: \"fortnight\" is not a unit",
        ),
        (
            small("lifetime = \"2h\"\nmax_lifetime = \"1h\"\n"),
            "line 8: mercoa.lifetime: the default lifetime is over",
        ),
        (
            small("").replace("key = \"k1\"", "key = \"k2\""),
            "line 7: mercoa.key: [[keys]] has no key \"k2\"; it has \"k1\"",
        ),
        (small("").replace("secret = ", "secret_file = "), "line 3: keys[0].secret_file"),
        (small("").replace("a secret of at least thirty-two bytes", "hunter2"), "line 3: keys[0].secret: "),
        (
            small(
                "[[clients]]\nid = \"c\"\norganization = \"o\"\nsecret_sha256 = \"hunter2\"\npermissions = []\n",
            ),
            "line 11: clients[0].secret_sha256: a secret's hash is the 43 characters",
        ),
        (
            small(
                "[[clients]]\nid = \"c\"\norganization = \"o\"\nsecret_sha256 = \"UHaA1Gr841RM0e51xKLSZvOCQ3La05rKF3jfY6TgOCo\"\npermissions = []\naudience = [\"api\"]\nscope = \"a  b\"\n",
            ),
            "line 14: clients[0].scope: a scope is words of visible ASCII characters",
        ),
        (
            small(
                "[[clients]]\nid = \"c\"\norganization = \"o\"\nsecret_sha256 = \"UHaA1Gr841RM0e51xKLSZvOCQ3La05rKF3jfY6TgOCo\"\npermissions = []\nclaims = { sid = \"s\" }\n",
            ),
            "line 13: clients[0].claims.sid: the issuer sets this claim itself",
        ),
        (
            small(
                "[[api_keys]]\nkey_sha256 = \"UHaA1Gr841RM0e51xKLSZvOCQ3La05rKF3jfY6TgOCo\"\norganization = \"o\"\npermissions = [\"link\"]\n",
            ),
            "line 11: api_keys[0].permissions[0]: must be one of: client_credentials, ",
        ),
        (
            small("[[users]]\nid = \"u\"\norganization = \"o\"\nentity = \"e\"\n"),
            "line 11: users[0].entity: [[entities]] has no \"e\"",
        ),
        (
            small(
                "[[entities]]\nid = \"e\"\norganization = \"o\"\n[[entities]]\nid = \"e\"\norganization = \"o\"\n",
            ),
            "line 12: entities[1].id: \"e\" is there already",
        ),
        (
            small("[server]\nhost = \"localhost\"\n"),
            "server.host: it is a name; as an address it is 127.0.0.1",
        ),
        (small("[server]\nkeep_alive = \"0s\"\n"), "line 9: server.keep_alive: \"0s\" is no time at all"),
        (small("[server]\nconnections_per_address = -1\n"), "line 9: server.connections_per_address: "),
        (
            small("[server]\ncors_origins = [\"https://app.example.com\", \"https://hunter2.example/\"]\n"),
            "line 9: server.cors_origins[1]: an origin is a scheme and a host in small letters",
        ),
        (
            small(
                "[server]\ncors_origins = [\n  \"https://app.example.com\",\n  \"https://*.example.com\",\n]\n",
            ),
            "line 11: server.cors_origins[1]: each origin is named; there is no pattern for several",
        ),
        (small("[server]\ncors_origins = \"*\"\n"), "line 9: server.cors_origins: "),
        (
            small("[ledger]\nissuer = \"i\"\nkey = \"k1\"\n"),
            "line 8: ledger.session_secret: this dialect needs session_secret_file",
        ),
        (
            small("").replace(
                "secret = \"a secret of at least thirty-two bytes\"",
                "alg = \"HS256\"\nheld = true",
            ),
            "tokenmint.toml: line 4: keys[0].held: this server signs with its own keys only",
        ),
        ("".into(), "tokenmint.toml: an endpoint serves at least one dialect"),
        ("[mercoa\n".into(), "tokenmint.toml: line 1: not valid TOML: unclosed table, expected \"]\""),
        ("key = hunter2\n".into(), "tokenmint.toml: line 1: not valid TOML: "),
        (small("claims = { since = 1979-05-27 }\n"), "line 8: mercoa.claims.since: there are no dates here"),
        (small("claims = { a = [1, inf] }\n"), "line 8: mercoa.claims.a[1]: must be a finite number"),
        (small("port = 0x1F\n"), "line 8: mercoa.port: this field is not known"),
    ];
    for (config, expected) in cases {
        let folder = Folder::new(&config);
        let finished = folder.serve();
        assert_eq!(finished.code, 3, "{finished:?}\n{config}");
        assert!(finished.err.contains(expected), "{}\nlacks {expected}\n{config}", finished.err);
        assert!(!finished.err.contains("hunter2"), "{}", finished.err);
        assert!(finished.err.lines().count() == 1 && finished.out.is_empty(), "{finished:?}");
    }
}

#[test]
fn a_secret_in_a_wrong_place_is_not_repeated() {
    // A password that looks like a name, a generated secret, and a line of a PEM block.
    for secret in [
        "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v",
        "hunter2-14c84a34-282b-4fd8-8af6-86b5b5f2c212",
        "hunter2hunter2hunter2hunter2",
    ] {
        let places = [
            small("").replace("\"a secret of at least thirty-two bytes\"", secret),
            small("").replace(
                "secret = \"a secret of at least thirty-two bytes\"",
                &format!("secret = \"{secret}"),
            ),
            small("").replace(
                "secret = \"a secret of at least thirty-two bytes\"",
                &format!("pem = {secret}\n{secret}=="),
            ),
            small("").replace(
                "secret = \"a secret of at least thirty-two bytes\"",
                &format!("pem = \"\n{secret}=\n"),
            ),
            small("").replace(
                "secret = \"a secret",
                &format!("jwk = \"\"\"\n[{secret}]\n{secret} = \"\" \"\n[a]\nb = \""),
            ),
            small(&format!("lifetime = \"{secret}\"\n")),
            small(&format!("lifetime = '{secret}'x\n")),
            small(&format!("token_type = \"{secret}\" \"x\"\n")),
            small(&format!("leeway_seconds = \"{secret}\"\n")),
            small(&format!("limits = \"{secret}\"\n")),
            small(&format!("{secret}\n")),
            small(&format!("[{secret}\n")),
            small(&format!("key = \"{secret}\"\nkey = \"{secret}\"\n")),
            small(&format!("[server]\nport = \"{secret}\"\n")),
            small(&format!("[server]\nhost = \"{secret}\"\n")),
            small(&format!("[server]\npublic_url = \"{secret}\"\n")),
            small(&format!("[[api_keys]]\nkey_sha256 = \"{secret}\"\n")),
            small(&format!(
                "[[clients]]\nid = \"c\"\norganization = \"o\"\nsecret_sha256 = \"{secret}\"\npermissions = []\n"
            )),
            small(&format!("[[clients]]\nid = \"c\"\norganization = \"o\"\npermissions = [\"{secret}\"]\n")),
            small(&format!("[monite]\nissuer = \"i\"\nkey = \"k1\"\naccess_tokens = \"{secret}\"\n")),
            small("").replace("[[keys]]", &format!("[[keys]]\nalg = \"{secret}\"")),
            small("").replace("[[keys]]", &format!("[[keys]]\ngenerate = \"{secret}\"")),
            format!("keys = \"{secret}\"\n"),
            format!("mercoa = [\"{secret}\"]\n"),
        ];
        for config in places {
            let folder = Folder::new(&config);
            let finished = folder.serve();
            assert_eq!(finished.code, 3, "{finished:?}\n{config}");
            let shown = secret
                .as_bytes()
                .windows(8)
                .find(|part| finished.err.contains(std::str::from_utf8(part).unwrap()));
            assert_eq!(shown, None, "{}\n{config}", finished.err);
        }
    }
    // What is longer than a name is not repeated where a name is expected, either.
    let secret = "14c84a34-282b-4fd8-8af6-86b5b5f2c212";
    for config in [
        small(&format!("\"{secret}\" = 1\n")),
        small(&format!("[{secret}]\na = 1\n")),
        small("").replace("key = \"k1\"", &format!("key = \"{secret}\"")),
        small(&format!("[[users]]\nid = \"u\"\norganization = \"o\"\nentity = \"{secret}\"\n")),
    ] {
        let finished = Folder::new(&config).serve();
        assert_eq!(finished.code, 3, "{finished:?}\n{config}");
        assert!(!finished.err.contains("282b"), "{}", finished.err);
    }
}

#[test]
fn a_file_that_is_not_there_is_told() {
    let finished = run(&["serve", "--config", "/nowhere/tokenmint.toml"]);
    assert_eq!(finished.code, 4);
    assert!(finished.err.contains("/nowhere/tokenmint.toml"), "{finished:?}");
}

#[test]
fn keys_come_from_files_beside_the_configuration() {
    let folder = Folder::new(
        "[[keys]]\nkid = \"k1\"\njwk_file = \"key.json\"\n\n[monite]\nissuer = \"i\"\nkey = \"k1\"\n",
    );
    let jwk = tokenmint::Key::generate_jwk(
        Some("k1"),
        tokenmint::Algorithm::ES256,
        &mut tokenmint::Entropy::new([7; 32]),
    );
    folder.write("key.json", jwk.unwrap().expose());
    let server = Server::with_config(&folder.config());
    let keys = server.get("/.well-known/jwks.json").json(200)["keys"].clone();
    assert_eq!((&keys[0]["kid"], &keys[0]["crv"]), (&"k1".into(), &"P-256".into()));
    assert!(keys[0].get("d").is_none());
}

#[test]
fn the_command_line_goes_before_the_configuration() {
    // The configuration's port cannot be listened at: it is no port of this machine's for a user, or taken.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let folder = Folder::new(&small(&format!("[server]\nport = {port}\n")));
    let refused = run(&["serve", "--config", folder.config().to_str().unwrap()]);
    assert_eq!(refused.code, 4, "{refused:?}");
    let server = Server::with_config(&folder.config());
    assert!(!server.base.ends_with(&format!(":{port}")));
}
