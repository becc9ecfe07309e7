//! What ends a link and all that follows from it: a watermark, also after the store was set back to a backup.

use super::*;

/// The names of the records of one link, in the order in which they follow from each other.
struct Chain {
    link: String,
    public: String,
    account: String,
}

impl Chain {
    /// An open link, an open public token and an account token, of one end user of the first organization.
    fn new(store: &Watched, origin_id: &str, at: i64, seed: u8) -> Self {
        let made = |integration, seed| {
            let token = link_at(store, origin_id, at, seed);
            redeem(&token, integration, None, at, seed + 1).run(store).result.unwrap().public_token
        };
        let account = exchange(KEY, "hris", &made("lever", seed), None, at, seed + 3).run(store).result;
        Chain {
            account: account.unwrap().account_token,
            public: made("lever", seed + 4),
            link: link_at(store, origin_id, at, seed + 6),
        }
    }

    /// What of it is good: the link, the public token, the account token and its replacement.
    fn alive(&self, store: &Watched, at: i64) -> [bool; 5] {
        [
            issuer().peek_link(&self.link, &context(at, 90)).run(store).result.is_ok(),
            redeem(&self.link, "lever", None, at, 91).run(store).result.is_ok(),
            exchange(KEY, "hris", &self.public, None, at, 92).run(store).result.is_ok(),
            issuer().account(&self.account, &context(at, 93)).run(store).result.is_ok(),
            regenerate(&self.account, at, 94).run(store).result.is_ok(),
        ]
    }
}

fn link_at(store: &Watched, origin_id: &str, at: i64, seed: u8) -> String {
    let lifetime = Lifetime::from_seconds(1800).unwrap();
    let task =
        issuer().create_link(Secret::from(KEY), details(origin_id, None), lifetime, &context(at, seed));
    task.run(store).result.unwrap().link_token
}

/// All entries that the store was ever told to write.
fn restore(store: &Watched, backup: &[Command]) -> Watched {
    let restored = Watched { store: MemoryStore::new(), commands: Mutex::default() };
    for command in backup {
        if matches!(command, Command::Cas { .. }) {
            let reply = restored.execute(command.clone()).unwrap();
            assert!(matches!(reply, Reply::Done), "{command:?}");
        }
    }
    drop(store.taken());
    restored
}

#[test]
fn every_watermark_ends_links_public_tokens_and_account_tokens() {
    let raise: [fn(&Issuer, &Context) -> Task<()>; 3] = [
        |issuer, context| issuer.revoke_all(context),
        |issuer, context| issuer.revoke_client("org_1", context),
        |issuer, context| issuer.revoke_subject("u1", context),
    ];
    for raise in raise {
        let store = store();
        let chain = Chain::new(&store, "u1", 5, 10);
        raise(&issuer(), &context(5, 50)).run(&store).result.unwrap();
        assert_eq!(chain.alive(&store, 5), [false; 5]);
        let peek = issuer().peek_link(&chain.link, &context(6, 51)).run(&store);
        assert_eq!(code(peek), ErrorCode::LinkExpired);
        assert_eq!(code(redeem(&chain.link, "lever", None, 6, 52).run(&store)), ErrorCode::LinkExpired);
        let exchanged = exchange(KEY, "hris", &chain.public, None, 6, 53).run(&store);
        assert_eq!(code(exchanged), ErrorCode::LinkUnknown);
        assert_eq!(code(regenerate(&chain.account, 6, 54).run(&store)), ErrorCode::Unauthenticated);
        // In the same instant: whatever is made behind it is good.
        assert_eq!(Chain::new(&store, "u1", 5, 60).alive(&store, 5), [true; 5]);
    }
}

#[test]
fn a_watermark_ends_nothing_of_others() {
    let store = store();
    let chain = Chain::new(&store, "u1", 5, 10);
    issuer().revoke_client("org_2", &context(6, 50)).run(&store).result.unwrap();
    issuer().revoke_subject("u2", &context(6, 51)).run(&store).result.unwrap();
    assert_eq!(chain.alive(&store, 7), [true; 5]);
}

#[test]
fn a_retry_within_the_window_is_refused_once_a_watermark_was_raised() {
    let store = store();
    let link = link(&store, "u1", 10);
    let public = redeem(&link, "lever", Some("r1"), 5, 11).run(&store).result.unwrap().public_token;
    let account = exchange(KEY, "hris", &public, Some("r1"), 5, 12).run(&store).result.unwrap().account_token;
    let next = regenerate(&account, 5, 13).run(&store).result.unwrap().account_token;
    issuer().revoke_all(&context(6, 14)).run(&store).result.unwrap();
    assert_eq!(code(redeem(&link, "lever", Some("r1"), 6, 15).run(&store)), ErrorCode::LinkExpired);
    let again = exchange(KEY, "hris", &public, Some("r1"), 6, 16).run(&store);
    assert_eq!(code(again), ErrorCode::LinkUnknown);
    for token in [&account, &next] {
        assert_eq!(code(regenerate(token, 6, 17).run(&store)), ErrorCode::Unauthenticated);
    }
}

#[test]
fn after_a_restore_no_token_comes_back_and_none_is_made_again() {
    let store = store();
    issuer().adopt_store(&context(0, 1)).run(&store).result.unwrap();
    let chain = Chain::new(&store, "u1", 5, 10);
    let writes: Vec<Command> = store.taken();
    // After the backup: the account token is replaced, the link redeemed, the public token exchanged.
    let successor = regenerate(&chain.account, 10, 30).run(&store).result.unwrap().account_token;
    let store = restore(&store, &writes);
    issuer().revoke_all(&context(20, 31)).run(&store).result.unwrap();
    assert_eq!(chain.alive(&store, 21), [false; 5]);

    // The end user links anew: the same account, and neither of its tokens.
    let again = Chain::new(&store, "u1", 22, 40);
    assert_eq!(again.alive(&store, 23)[3..], [true; 2]);
    let known = |token: &str| issuer().account(token, &context(24, 70)).run(&store).result.is_ok();
    assert!(!known(&chain.account) && !known(&successor));
    let again = exchange(KEY, "hris", &public(&store, "u1", "lever", 80), None, 24, 84).run(&store);
    let again = again.result.unwrap();
    assert!(again.account_token != chain.account && again.account_token != successor);
    assert!(again.account_token[..20] == chain.account[..20], "the id is the same");
}

#[test]
fn a_store_that_lost_a_watermark_is_reported_and_not_believed() {
    let store = store();
    let before = store.taken();
    issuer().revoke_all(&context(1, 9)).run(&store).result.unwrap();
    drop(store.taken());
    let chain = Chain::new(&store, "u1", 5, 10);
    let links: Vec<Command> = before.into_iter().chain(store.taken()).collect();
    let store = restore(&store, &links);
    let outcome = redeem(&chain.link, "lever", None, 6, 20).run(&store);
    assert!(outcome.events.iter().any(|event| event.kind == EventKind::StoreRegressed));
    assert_eq!(code(outcome), ErrorCode::StoreRegressed);
    let outcome = issuer().account(&chain.account, &context(6, 21)).run(&store);
    assert!(outcome.events.iter().any(|event| event.kind == EventKind::StoreRegressed));
    assert_eq!(code(outcome), ErrorCode::Unauthenticated);
}

/// Records as they were written before they had an epoch.
fn without_epochs(commands: Vec<Command>) -> Vec<Command> {
    let mut commands = commands;
    for command in &mut commands {
        if let Command::Cas { write: Write::Put(entry), .. } = command {
            let mut value: serde_json::Value = serde_json::from_slice(&entry.value).unwrap();
            let record = value.as_object_mut().unwrap();
            // A watermark has an epoch, too.
            if !record.contains_key("issued_before") {
                record.remove("epoch");
            }
            entry.value = value.to_string().into_bytes();
        }
    }
    commands
}

#[test]
fn an_account_without_an_epoch_is_judged_by_its_time_and_a_link_without_one_ends_with_any_watermark() {
    let store = store();
    issuer().adopt_store(&context(0, 1)).run(&store).result.unwrap();
    let chain = Chain::new(&store, "u1", 5, 10);
    let store = restore(&store, &without_epochs(store.taken()));
    assert_eq!(chain.alive(&store, 6), [false, false, false, true, true]);
    issuer().revoke_client("org_1", &context(5, 50)).run(&store).result.unwrap();
    assert_eq!(chain.alive(&store, 6), [false; 5]);
}

fn delete(bearer: &str, category: &str, token: &str, at: i64, seed: u8) -> Task<()> {
    issuer().delete_account(Secret::from(bearer), category, token, &context(at, seed))
}

fn is_good(store: &Watched, token: &str, at: i64) -> bool {
    issuer().account(token, &context(at, 95)).run(store).result.is_ok()
}

#[test]
fn a_deleted_account_has_no_token_and_none_comes_back() {
    let store = store();
    let public = public(&store, "u1", "lever", 10);
    let by = Some("r1");
    let first = exchange(KEY, "hris", &public, by, 5, 12).run(&store).result.unwrap();
    let token = &first.account_token;
    let outcome = delete(KEY, "hris", token, 6, 13).run(&store);
    outcome.result.as_ref().unwrap();
    let event = outcome.events.iter().find(|event| event.kind == EventKind::AccountDeleted).unwrap();
    assert_eq!(event.id, Some(first.id.to_string()));

    assert!(!is_good(&store, token, 6));
    assert_eq!(code(regenerate(token, 6, 14).run(&store)), ErrorCode::Unauthenticated);
    // A retry of the exchange does not bring it back; one of the deletion is as good as the first.
    assert_eq!(code(exchange(KEY, "hris", &public, by, 7, 15).run(&store)), ErrorCode::LinkUnknown);
    let again = delete(KEY, "hris", token, 7, 16).run(&store);
    assert!(again.result.is_ok() && again.events.is_empty());

    // Linked anew, in the same instant: the same account, and another token.
    let next = exchange(KEY, "hris", &super::public(&store, "u1", "lever", 20), None, 5, 22).run(&store);
    let next = next.result.unwrap();
    assert!(next.id == first.id && next.account_token != *token);
    assert!(is_good(&store, &next.account_token, 8) && !is_good(&store, token, 8));
    assert_eq!(code(delete(KEY, "hris", token, 8, 23).run(&store)), ErrorCode::Unauthenticated);
    let late = exchange(KEY, "hris", &public, by, 8, 24).run(&store).result.unwrap();
    assert_eq!(late.account_token, next.account_token, "a late retry gets what there is now");
}

#[test]
fn an_account_is_deleted_by_its_own_organization_with_its_current_token_only() {
    let store = store();
    let old = exchange(KEY, "hris", &public(&store, "u1", "lever", 10), None, 0, 12).run(&store);
    let old = old.result.unwrap().account_token;
    let token = regenerate(&old, 0, 13).run(&store).result.unwrap().account_token;
    for (bearer, category, token) in [
        (OTHER_KEY, "hris", &token),
        (KEY, "ats", &token),
        ("wrong", "hris", &token),
        (KEY, "hris", &old),
        (KEY, "hris", &token[1..].to_owned()),
    ] {
        assert_eq!(code(delete(bearer, category, token, 1, 14).run(&store)), ErrorCode::Unauthenticated);
    }
    assert!(is_good(&store, &token, 1));
    assert!(lose_the_answer(delete(KEY, "hris", &token, 1, 15), &store).result.is_ok());
    assert!(!is_good(&store, &token, 1));
}

#[test]
fn a_deleted_account_is_forgotten_when_no_retry_can_come_any_more() {
    let store = store();
    let token = exchange(KEY, "hris", &public(&store, "u1", "lever", 10), None, 0, 12).run(&store);
    let token = token.result.unwrap().account_token;
    store.taken();
    delete(KEY, "hris", &token, 1, 13).run(&store).result.unwrap();
    let ends = store.taken().into_iter().find_map(|command| match command {
        Command::Cas { write: Write::Put(entry), .. } => Some(entry.expires_at_ms),
        _ => None,
    });
    assert_eq!(ends, Some(u64::try_from(NOW + 1 + 3600).unwrap() * 1000));
}
