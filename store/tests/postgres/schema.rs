//! The tables: made, migrated, and by whom.

use super::*;

/// The tables as the first version had them.
const VERSION_1: &str = "
    CREATE TABLE tokenmint_schema (version int NOT NULL);
    INSERT INTO tokenmint_schema VALUES (1);
    CREATE TABLE tokenmint_entry (
        k bytea PRIMARY KEY, ver bytea NOT NULL, val bytea NOT NULL, exp bigint NOT NULL, exp_hour int NOT NULL,
        sub bytea, client bytea
    ) WITH (fillfactor = 80);
    CREATE INDEX tokenmint_entry_hour ON tokenmint_entry (exp_hour);
    CREATE INDEX tokenmint_entry_sub ON tokenmint_entry (sub, k) WHERE sub IS NOT NULL;
    CREATE UNLOGGED TABLE tokenmint_cell (k bytea PRIMARY KEY, tat bigint NOT NULL) WITH (fillfactor = 50);
    INSERT INTO tokenmint_entry VALUES ('old', '12345678', 'kept', 1000, 0, 'somebody', 'something');";

const INDEXES: &str = "SELECT count(*) FROM pg_indexes WHERE tablename LIKE 'tokenmint_%'";

#[tokio::test]
async fn ten_may_open_an_empty_data_base_at_once() {
    let (url, name) = fresh().await;
    let stores: Vec<_> = join_all((0..10).map(|_| Database::open(&url))).await;
    for store in stores {
        increment(&store.unwrap(), "count").await;
    }
    assert_eq!(sql(&name, "SELECT version FROM tokenmint_schema").await, "2");
    assert_eq!(sql(&name, INDEXES).await, "5");
}

#[tokio::test]
async fn an_older_schema_is_migrated_and_keeps_its_rows() {
    let (url, name) = fresh().await;
    sql(&name, VERSION_1).await;
    let stores: Vec<_> = join_all((0..3).map(|_| Database::open(&url))).await;
    assert_eq!(sql(&name, "SELECT version FROM tokenmint_schema").await, "2");
    assert_eq!(sql(&name, INDEXES).await, "5");
    for store in stores {
        let old = load(&store.unwrap(), "old").await.unwrap().unwrap();
        assert_eq!((old.version.as_bytes(), &old.value[..]), (&b"12345678"[..], &b"kept"[..]));
        assert_eq!(old.index.client, Some(key("something")));
    }
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let (url, name) = fresh().await;
    open(&url).await;
    sql(&name, "UPDATE tokenmint_schema SET version = 3").await;
    let error = Database::open(&url).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::StoreUnavailable);
    assert!(error.to_string().contains("newer release"), "{error}");
}

#[tokio::test]
async fn a_role_needs_no_right_to_make_tables_that_are_there() {
    let (url, name) = fresh().await;
    let role = format!("limited_{name}");
    sql(&name, &format!("CREATE ROLE {role} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC")).await;
    let limited = server().await.url_as(&role, &name);
    let error = Database::open(&limited).await.unwrap_err();
    assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some("url")), "{error}");

    open(&url).await;
    let grant = format!("GRANT SELECT ON tokenmint_schema, tokenmint_entry TO {role}");
    sql(&name, &grant).await;
    let store = open(&limited).await;
    assert_eq!(put(&store, "k", Expect::Absent, &entry("")).await, Err(StoreError::Unavailable));
    assert_eq!(check(&store, "rights").await.severity, Severity::Fault);

    sql(&name, &format!("GRANT SELECT, INSERT, UPDATE, DELETE ON tokenmint_entry, tokenmint_cell TO {role}"))
        .await;
    increment(&store, "k").await;
    assert!(throttle(&store, "t").await);
    assert_eq!(store.execute(Command::Sweep { before_ms: 1, limit: 1 }).await, Ok(Reply::Removed(0)));
    assert_eq!(check(&store, "rights").await.severity, Severity::Fine);
}
