//! What the doctor finds.

use super::*;

#[tokio::test]
async fn the_doctor_finds_nothing_on_a_good_server() {
    let (url, _) = fresh().await;
    let store = open(&url).await;
    for finding in store.doctor(store.now_ms().await.unwrap()).await.unwrap() {
        assert_eq!(finding.severity, Severity::Fine, "{finding:?}");
    }
    assert_eq!(store.durability(), Durability::Disk);
}

#[tokio::test]
async fn the_doctor_finds_what_loses_writes_or_refuses_them() {
    let (url, name) = fresh().await;
    open(&url).await;
    sql(&name, &format!("ALTER DATABASE {name} SET synchronous_commit = off")).await;
    let store = open(&url).await;
    assert_eq!(store.durability(), Durability::Process);
    let finding = check(&store, "durability").await;
    assert_eq!(finding.severity, Severity::Fault);
    assert!(finding.found.contains("synchronous_commit=off"), "{finding:?}");
    assert!(!finding.remedy.is_empty());

    sql(&name, &format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await;
    let store = open(&format!("{url}&connections=1000")).await;
    assert_eq!(check(&store, "read-only").await.severity, Severity::Fault);
    assert_eq!(check(&store, "connections").await.severity, Severity::Warning);
    assert_eq!(put(&store, "k", Expect::Absent, &entry("")).await, Err(StoreError::Unavailable));

    sql("postgres", &format!("ALTER DATABASE {name} RESET default_transaction_read_only")).await;
    increment(&store, "k").await;
}
