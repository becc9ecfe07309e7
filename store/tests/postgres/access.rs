//! Who may connect, and how: passwords and TLS.

use super::servers::authority::Authority;
use super::servers::postgres::Setup;
use super::*;

/// What opening a store says in a process with another environment: nothing where it can be opened.
async fn opened_elsewhere(url: &str, environment: &[(&str, &str)]) -> String {
    let said = elsewhere("access::a_password_may_stand_in_the_environment", url, environment).await;
    let (_, said) = said.split_once("<opened: ").unwrap();
    said.split_once('>').unwrap().0.to_owned()
}

#[tokio::test]
async fn a_password_may_stand_in_the_environment() {
    if let Some(url) = url_from_elsewhere() {
        let error = Database::open(&url).await.err().map(|error| format!("{error} {error:?}"));
        println!("<opened: {}>", error.unwrap_or_default());
        return;
    }
    let (_, name) = fresh().await;
    let server = server().await;
    sql(&name, "GRANT ALL ON SCHEMA public TO guarded").await;
    let url = server.url_as("guarded", &name);
    assert_eq!(opened_elsewhere(&url, &[("PGPASSWORD", PASSWORD)]).await, "");
    let said = opened_elsewhere(&url, &[("PGPASSWORD", "hunter2")]).await;
    assert!(said.contains("password") && !said.contains("hunter2"), "{said}");
    let url = server.url_as(&format!("guarded:{PASSWORD}"), &name);
    let said = opened_elsewhere(&url, &[("PGPASSWORD", "hunter2")]).await;
    assert_eq!(said, "", "the URL's own comes first");
}

#[tokio::test]
async fn a_wrong_password_is_named_and_not_repeated() {
    let (_, name) = fresh().await;
    let server = server().await;
    sql(&name, "GRANT ALL ON SCHEMA public TO guarded").await;
    open(&server.url_as(&format!("guarded:{PASSWORD}"), &name)).await;
    for (url, word) in [
        (server.url_as("guarded:hunter2", &name), "password"),
        (server.url_as("guarded", &name), "PGPASSWORD"),
        (server.url_as("postgres:hunter2", "no_such_data_base"), "data base"),
    ] {
        let error = Database::open(&url).await.unwrap_err();
        assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some("url")), "{error}");
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(word) && !shown.contains("hunter2"), "{shown}");
    }
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = Database::open(&format!("postgres://u:hunter2@{closed}/d")).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::StoreUnavailable);
    assert!(error.to_string().contains("refused") && !error.to_string().contains("hunter2"), "{error}");
}

#[tokio::test]
async fn tls_is_used_by_a_certificate_that_is_trusted_and_for_this_name() {
    let Authority { root, certificate, key } = Authority::of("localhost");
    let server = blocking(move || {
        Postgres::start_with(&Setup {
            settings: &["ssl=on"],
            // Nobody gets in without TLS but the superuser of the tests.
            rules: "hostssl all guarded 127.0.0.1/32 scram-sha-256\nhostnossl all guarded 127.0.0.1/32 reject\n",
            files: &[("server.crt", &certificate), ("server.key", &key)],
            ..Setup::default()
        })
    })
    .await;
    server.sql("postgres", "GRANT ALL ON SCHEMA public TO guarded");
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, pem: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, pem).unwrap();
        path.display().to_string()
    };
    let (trusted, other) = (file("root.pem", &root), file("other.pem", &Authority::of("localhost").root));
    let empty = file("empty.pem", "");
    let port = server.address().port();
    let url = |host: &str, parameters: &str| {
        format!("postgres://guarded:{PASSWORD}@{host}:{port}/postgres?timeout_ms=60000{parameters}")
    };

    for mode in ["require", "verify-full", "prefer"] {
        let store = open(&url("localhost", &format!("&sslmode={mode}&sslrootcert={trusted}"))).await;
        increment(&store, "k").await;
        let used = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'guarded'";
        assert_eq!(server.sql("postgres", used).trim(), "t");
        let finding = check(&store, "tls").await;
        assert_eq!(finding.severity, Severity::Fine, "{finding:?}");
        assert_eq!(finding.found.contains("verified"), mode != "prefer", "{finding:?}");
        assert_eq!(check(&store, "pooler").await.found, "none");
    }

    for (host, parameters, word) in [
        ("localhost", format!("&sslmode=require&sslrootcert={other}"), "invalid peer certificate"),
        ("localhost", "&sslmode=require".to_owned(), "UnknownIssuer; sslrootcert"),
        // One that is refused is not a reason to go on in the clear.
        ("localhost", format!("&sslmode=prefer&sslrootcert={other}"), "invalid peer certificate"),
        ("127.0.0.1", format!("&sslmode=require&sslrootcert={trusted}"), "not valid for name"),
        ("localhost", format!("&sslmode=require&sslrootcert={empty}"), "sslrootcert"),
        ("localhost", "&sslmode=require&sslrootcert=/no/such/file".to_owned(), "sslrootcert"),
        ("localhost", "&sslmode=disable".to_owned(), "no encryption"),
        // A server on this machine is spoken to in the clear, if nothing else is said.
        ("localhost", String::new(), "no encryption"),
    ] {
        let error = Database::open(&url(host, &parameters)).await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(word) && !shown.contains(PASSWORD), "{host} {parameters}: {shown}");
    }

    // The roots that the environment names are those of the system.
    let require = url("localhost", "&sslmode=require");
    assert_eq!(opened_elsewhere(&require, &[("SSL_CERT_FILE", &trusted)]).await, "");
    let said = opened_elsewhere(&require, &[("SSL_CERT_FILE", &other)]).await;
    assert!(said.contains("invalid peer certificate"), "{said}");
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_tls_is_required() {
    let (url, _) = fresh().await;
    let error = Database::open(&format!("{url}&sslmode=require")).await.unwrap_err();
    assert!(error.to_string().contains("TLS"), "{error}");
}
