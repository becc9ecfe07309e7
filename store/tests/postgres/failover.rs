//! A standby that takes over.

use super::servers::proxy::Proxy;
use super::*;

/// A primary and the standby that has every write, behind an address that can move from the one to the other.
struct Pair {
    primary: Postgres,
    standby: Postgres,
    proxy: Proxy,
}

impl Pair {
    async fn start() -> Self {
        blocking(|| {
            let primary = Postgres::start();
            let standby = primary.standby();
            primary.commit_with(&standby);
            let proxy = Proxy::before(primary.address());
            Pair { primary, standby, proxy }
        })
        .await
    }

    fn url(&self) -> String {
        patient(&format!("postgres://postgres@{}/postgres", self.proxy.address()))
    }

    /// The URL that names both servers.
    fn both(&self) -> String {
        let [first, second] = [&self.primary, &self.standby].map(|server| server.address().port());
        patient(&format!("postgres:///postgres?user=postgres&host=127.0.0.1,127.0.0.1&port={first},{second}"))
    }

    fn lead_to_standby(&self) {
        self.proxy.lead_to(self.standby.address());
        self.proxy.cut();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_on_the_promoted_standby_and_clients_find_it_by_themselves() {
    let mut pair = Pair::start().await;
    let store = Arc::new(open(&pair.url()).await);
    let by_both = open(&pair.both()).await;
    assert_eq!(store.durability(), Durability::Replicated);
    assert_eq!(by_both.durability(), Durability::Replicated);
    increment(&by_both, "both").await;
    let writers = start_writers(&store);
    until_all_have_written(&store).await;
    let pair = blocking(move || {
        pair.primary.kill9();
        pair
    })
    .await;
    let written: Vec<_> = join_all(writers).await.into_iter().map(Result::unwrap).collect();

    // The address moves before the standby is promoted: nothing is written, and nothing old is shown.
    pair.lead_to_standby();
    let early = entry("early");
    assert_eq!(load(&store, "0-0").await, Err(StoreError::Unavailable));
    // The read has found that all connections were broken; on one that was not known to be, it could not be told.
    assert_eq!(put(&store, "early", Expect::Absent, &early).await, Err(StoreError::Unavailable));
    let error = Database::open(&pair.url()).await.unwrap_err();
    assert!(error.to_string().contains("is a replica"), "{error}");
    assert_eq!(put(&by_both, "early", Expect::Absent, &early).await, Err(StoreError::Unavailable));

    let pair = blocking(move || {
        pair.standby.promote();
        pair
    })
    .await;
    assert_eq!(load(&store, "early").await, Ok(None), "it was certainly not done");
    assert_kept(&store, written).await;

    // Alone it acknowledges nothing: there is no second machine that has it.
    let alone = entry("alone");
    let waiting = impatient(&pair.url(), "").await;
    assert_eq!(put(&waiting, "alone", Expect::Absent, &alone).await, Err(StoreError::Unknown));
    let pair = blocking(move || {
        pair.standby.wait_for("SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
        pair
    })
    .await;
    assert_eq!(load(&store, "alone").await, Ok(None), "what one machine has is not shown");
    let _pair = blocking(move || {
        let another = pair.standby.standby();
        (pair, another)
    })
    .await;
    increment(&store, "count").await;
    // And now two have it.
    until_loaded(&store, "alone", Some(alone)).await;
    increment(&by_both, "both").await;
    assert_eq!(load(&store, "both").await.unwrap().unwrap().value, 2_u64.to_be_bytes());
}

#[tokio::test]
async fn a_session_that_has_become_read_only_is_replaced() {
    let (url, name) = fresh().await;
    let store = open(&format!("{url}&connections=1")).await;
    let sessions =
        format!("FROM pg_stat_activity WHERE datname = '{name}' AND application_name = 'tokenmint'");
    // As a pooler does that has moved to another server: the session stays, and what is behind it does not.
    let moved = format!("ALTER DATABASE {name} SET default_transaction_read_only = on");
    sql("postgres", &moved).await;
    sql("postgres", &format!("SELECT count(pg_terminate_backend(pid)) {sessions}")).await;
    assert_eq!(put(&store, "k", Expect::Absent, &entry("")).await, Err(StoreError::Unavailable));
    // No session is kept that cannot write.
    until(&format!("SELECT count(*) {sessions}"), "0").await;
    sql("postgres", &format!("ALTER DATABASE {name} RESET default_transaction_read_only")).await;
    assert_eq!(load(&store, "k").await, Ok(None), "it was certainly not done");
    increment(&store, "k").await;
}
