//! Links, public tokens and account tokens: used once, never lost, and never somebody else's.

mod ended;
mod lost;

use std::sync::Mutex;

use tokenmint::dialect::merge::*;
use tokenmint::directory::{BearerKey, create_bearer_key};
use tokenmint::*;

use crate::drive::{drive, drive_to_write};

const NOW: i64 = 1_700_000_000;
const KEY: &str = "key-of-organization-1";
const OTHER_KEY: &str = "key-of-organization-2";

/// A store that remembers what it was asked.
struct Watched {
    store: MemoryStore,
    commands: Mutex<Vec<Command>>,
}

impl Store for Watched {
    fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        self.commands.lock().unwrap().push(command.clone());
        self.store.execute(command)
    }
}

impl Watched {
    /// The commands since the last call.
    fn taken(&self) -> Vec<Command> {
        std::mem::take(&mut self.commands.lock().unwrap())
    }
}

fn context(seconds: i64, seed: u8) -> Context {
    Context::new(UnixTime::from_seconds(NOW + seconds), [seed; 32])
}

fn policy() -> Policy {
    let integration = |slug: &str, categories: &[&str]| Integration {
        slug: slug.into(),
        name: slug.to_uppercase(),
        categories: categories.iter().map(ToString::to_string).collect(),
    };
    Policy::new("https://issuer.example")
        .audience("api")
        .session_secret([9; 32].as_slice())
        .integration(integration("bamboohr", &["hris"]))
        .integration(integration("lever", &["ats", "hris"]))
}

fn issuer_of(policy: Policy) -> Issuer {
    let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    Issuer::new(keys, policy).unwrap()
}

fn issuer() -> Issuer {
    issuer_of(policy())
}

fn store() -> Watched {
    let watched = Watched { store: MemoryStore::new(), commands: Mutex::default() };
    for (key, organization) in [(KEY, "org_1"), (OTHER_KEY, "org_2")] {
        let record = BearerKey {
            organization: organization.into(),
            permissions: vec![Permission::Links],
            disabled: false,
        };
        create_bearer_key(&Secret::from(key), record, &context(0, 1)).run(&watched).result.unwrap();
    }
    watched
}

fn details(origin_id: &str, integration: Option<&str>) -> LinkDetails {
    LinkDetails {
        origin_id: origin_id.into(),
        end_user_organization: "Test Organization".into(),
        end_user_email: "example@gmail.com".into(),
        categories: vec!["hris".into()],
        integration: integration.map(Into::into),
        settings: Default::default(),
    }
}

fn link(store: &Watched, origin_id: &str, seed: u8) -> String {
    let details = details(origin_id, None);
    let lifetime = Lifetime::from_seconds(1800).unwrap();
    let task = issuer().create_link(Secret::from(KEY), details, lifetime, &context(0, seed));
    task.run(store).result.unwrap().link_token
}

fn redeem(token: &str, integration: &str, redeemer: Option<&str>, at: i64, seed: u8) -> Task<PublicToken> {
    let request = RedeemRequest {
        link_token: token.into(),
        integration: Some(integration.into()),
        redeemer: redeemer.map(Into::into),
    };
    issuer().redeem_link(request, &context(at, seed))
}

fn exchange(
    bearer: &str,
    category: &str,
    token: &str,
    redeemer: Option<&str>,
    at: i64,
    seed: u8,
) -> Task<AccountToken> {
    let request = ExchangeRequest {
        bearer: Secret::from(bearer),
        category: category.into(),
        public_token: token.into(),
        redeemer: redeemer.map(Into::into),
    };
    issuer().exchange_public_token(request, &context(at, seed))
}

fn regenerate(token: &str, at: i64, seed: u8) -> Task<AccountToken> {
    issuer().regenerate_account_token(Secret::from(KEY), "hris", token, &context(at, seed))
}

/// The public token of a new link.
fn public(store: &Watched, origin_id: &str, integration: &str, seed: u8) -> String {
    let token = link(store, origin_id, seed);
    redeem(&token, integration, None, 0, seed + 1).run(store).result.unwrap().public_token
}

#[track_caller]
fn code<T: std::fmt::Debug>(outcome: Outcome<T>) -> ErrorCode {
    outcome.result.unwrap_err().code()
}

/// Drives a task until so many writes are done, and drops it: the process died there.
fn crash_after_writes<T: 'static>(mut task: Task<T>, store: &Watched, writes: usize) {
    drive_to_write(&mut task, store, writes);
}

/// Drives a task to its end; the answer to its first write is lost although the write was done.
fn lose_the_answer<T: 'static>(task: Task<T>, store: &Watched) -> Outcome<T> {
    let mut lost = false;
    drive(task, |command| {
        let lose = !lost && matches!(command, Command::Cas { .. });
        lost |= lose;
        let answer = store.execute(command);
        if lose { Err(StoreError::Unknown) } else { answer }
    })
}

#[test]
fn a_link_is_redeemed_once() {
    let store = store();
    let token = link(&store, "u1", 10);
    let first = redeem(&token, "lever", None, 5, 11).run(&store);
    assert!(first.events.iter().any(|event| event.kind == EventKind::LinkRedeemed));
    assert_eq!(first.result.unwrap().expires_in, Lifetime::HOUR);
    let second = redeem(&token, "lever", None, 5, 12).run(&store);
    assert!(second.events.iter().any(|event| event.kind == EventKind::LinkReuse));
    assert_eq!(code(second), ErrorCode::LinkUsed);
    let peek = issuer().peek_link(&token, &context(5, 13)).run(&store);
    assert_eq!(code(peek), ErrorCode::LinkUsed);
}

#[test]
fn events_and_debug_texts_hold_no_token() {
    let store = store();
    let token = link(&store, "u1", 10);
    let outcome = redeem(&token, "lever", None, 0, 11).run(&store);
    let text = format!("{:?}", outcome);
    let public = outcome.result.unwrap().public_token;
    assert!(!text.contains(&token) && !text.contains(&public), "{text}");
    let account = exchange(KEY, "hris", &public, None, 0, 12).run(&store);
    let text = format!("{account:?}");
    assert!(!text.contains(&public) && !text.contains(&account.result.unwrap().account_token), "{text}");
    // Nor does the store: neither link token, nor public token, nor account token is in any entry.
    for command in store.taken() {
        if let Command::Cas { key, write: Write::Put(entry), .. } = command {
            let value = String::from_utf8_lossy(&entry.value).into_owned();
            for secret in [&token, &public] {
                assert!(!value.contains(secret.as_str()), "{value}");
                assert!(!key.as_bytes().windows(secret.len()).any(|part| part == secret.as_bytes()));
            }
        }
    }
}

#[test]
fn a_look_writes_nothing() {
    let store = store();
    let token = link(&store, "u1", 10);
    store.taken();
    for (at, seed) in [(0, 11), (1799, 12), (1800, 13)] {
        let outcome = issuer().peek_link(&token, &context(at, seed)).run(&store);
        assert_eq!(outcome.result.is_ok(), at < 1800);
        assert!(outcome.events.is_empty());
    }
    let commands = store.taken();
    // The link's record, and the watermarks that it is under.
    let kinds = commands.iter().map(|command| match command {
        Command::Load { keys } => keys.len(),
        _ => panic!("{command:?}"),
    });
    assert_eq!(kinds.collect::<Vec<_>>(), [1, 3, 1, 3, 1]);
    assert!(redeem(&token, "lever", None, 1799, 14).run(&store).result.is_ok());

    // A text that cannot be a link does not even reach the store.
    store.taken();
    for token in ["", "x", &"a".repeat(41), &"é".repeat(20)] {
        assert_eq!(code(issuer().peek_link(token, &context(0, 15)).run(&store)), ErrorCode::LinkUnknown);
    }
    assert!(store.taken().is_empty());
}

#[test]
fn the_end_is_exact_and_what_became_of_a_link_comes_first() {
    let store = store();
    let token = link(&store, "u1", 10);
    assert_eq!(code(redeem(&token, "lever", None, 1800, 11).run(&store)), ErrorCode::LinkExpired);
    assert_eq!(code(redeem(&token, "nobody", None, 1800, 12).run(&store)), ErrorCode::LinkExpired);
    assert_eq!(code(redeem(&token, "nobody", None, 1799, 13).run(&store)), ErrorCode::FieldInvalid);
    assert!(redeem(&token, "lever", None, 1799, 14).run(&store).result.is_ok());
    assert_eq!(code(redeem(&token, "nobody", None, 1799, 15).run(&store)), ErrorCode::LinkUsed);
    assert_eq!(code(redeem(&token, "lever", None, 1800, 16).run(&store)), ErrorCode::LinkUsed);
}

#[test]
fn the_retry_window_is_for_the_same_redeemer_and_choice() {
    let store = store();
    let token = link(&store, "u1", 10);
    let first = redeem(&token, "lever", Some("r1"), 100, 11).run(&store).result.unwrap();
    for (integration, redeemer, at, again) in [
        ("lever", Some("r1"), 110, true),
        // A node whose clock is behind.
        ("lever", Some("r1"), 95, true),
        ("lever", Some("r1"), 111, false),
        ("lever", Some("r2"), 101, false),
        ("lever", None, 101, false),
        ("bamboohr", Some("r1"), 101, false),
    ] {
        let outcome = redeem(&token, integration, redeemer, at, 12).run(&store).result;
        let expected = if again { Ok(first.clone()) } else { Err(ErrorCode::LinkUsed) };
        assert_eq!(outcome.map_err(|error| error.code()), expected, "{integration} {redeemer:?} {at}");
    }
}

#[test]
fn a_window_of_zero_is_none() {
    let store = store();
    let issuer = issuer_of(policy().redeem_window_seconds(0));
    let token = link(&store, "u1", 10);
    let request =
        RedeemRequest { link_token: token, integration: Some("lever".into()), redeemer: Some("r1".into()) };
    assert!(issuer.redeem_link(request.clone(), &context(0, 11)).run(&store).result.is_ok());
    assert_eq!(code(issuer.redeem_link(request, &context(0, 12)).run(&store)), ErrorCode::LinkUsed);
}

#[test]
fn a_crash_between_the_decisive_write_and_the_public_token_is_rolled_forward() {
    let store = store();
    let token = link(&store, "u1", 10);
    crash_after_writes(redeem(&token, "lever", Some("r1"), 0, 11), &store, 1);
    assert_eq!(code(redeem(&token, "lever", Some("r2"), 1, 12).run(&store)), ErrorCode::LinkUsed);
    let first = redeem(&token, "lever", Some("r1"), 1, 13).run(&store).result.unwrap();
    let again = redeem(&token, "lever", Some("r1"), 2, 14).run(&store).result.unwrap();
    assert_eq!(first, again);
    assert!(exchange(KEY, "hris", &first.public_token, None, 3, 15).run(&store).result.is_ok());
}

#[test]
fn a_crash_between_the_exchange_and_the_account_is_rolled_forward() {
    let store = store();
    let public = public(&store, "u1", "lever", 10);
    crash_after_writes(exchange(KEY, "hris", &public, Some("r1"), 0, 12), &store, 1);
    assert_eq!(code(exchange(KEY, "hris", &public, None, 1, 13).run(&store)), ErrorCode::LinkUnknown);
    let first = exchange(KEY, "hris", &public, Some("r1"), 1, 14).run(&store).result.unwrap();
    let again = exchange(KEY, "hris", &public, Some("r1"), 2, 15).run(&store).result.unwrap();
    assert!(first == again);
    let account = issuer().account(&first.account_token, &context(3, 16)).run(&store).result.unwrap();
    assert_eq!((account.origin_id.as_str(), account.integration.as_str()), ("u1", "lever"));
    assert_eq!(code(exchange(KEY, "hris", &public, Some("r1"), 11, 17).run(&store)), ErrorCode::LinkUnknown);
}

#[test]
fn a_lost_answer_of_the_store_does_no_harm() {
    let store = store();
    let token = link(&store, "u1", 10);
    let public = lose_the_answer(redeem(&token, "lever", None, 0, 11), &store).result.unwrap();
    let account =
        lose_the_answer(exchange(KEY, "hris", &public.public_token, None, 0, 12), &store).result.unwrap();
    let next = lose_the_answer(regenerate(&account.account_token, 0, 13), &store).result.unwrap();
    assert!(issuer().account(&next.account_token, &context(0, 14)).run(&store).result.is_ok());
    assert_ne!(next.account_token, account.account_token);
}

#[test]
fn a_public_token_is_for_its_organization_and_category_only() {
    let store = store();
    let public = public(&store, "u1", "lever", 10);
    for (bearer, category) in [(OTHER_KEY, "hris"), (KEY, "ats"), (KEY, "crm")] {
        let outcome = exchange(bearer, category, &public, None, 0, 12).run(&store);
        assert_eq!(code(outcome), ErrorCode::LinkUnknown, "{category}");
    }
    assert_eq!(code(exchange("wrong", "hris", &public, None, 0, 13).run(&store)), ErrorCode::Unauthenticated);
    assert_eq!(code(exchange(KEY, "hris", &public, None, 3600, 14).run(&store)), ErrorCode::LinkUnknown);
    assert!(exchange(KEY, "hris", &public, None, 3599, 15).run(&store).result.is_ok());
}

#[test]
fn one_end_user_has_one_account_for_each_category() {
    let store = store();
    let first = exchange(KEY, "hris", &public(&store, "u1", "lever", 10), None, 0, 12).run(&store);
    let again = exchange(KEY, "hris", &public(&store, "u1", "bamboohr", 20), None, 1, 22).run(&store);
    let other = exchange(KEY, "hris", &public(&store, "u2", "lever", 30), None, 1, 32).run(&store);
    let [first, again, other] = [first, again, other].map(|outcome| outcome.result.unwrap());
    assert_eq!((first.id, &first.account_token), (again.id, &again.account_token));
    assert_eq!(again.integration.slug, "bamboohr");
    assert!(other.id != first.id && other.account_token != first.account_token);
    // RFC 9562 section 5.8: a UUID of one's own making says so.
    assert_eq!(first.id.get_version_num(), 8);
    let account = issuer().account(&first.account_token, &context(2, 40)).run(&store).result.unwrap();
    assert_eq!(account.integration, "bamboohr");
}

#[test]
fn a_late_retry_does_not_undo_a_later_link() {
    let store = store();
    let (older, newer) = (public(&store, "u1", "lever", 10), public(&store, "u1", "bamboohr", 20));
    let first = exchange(KEY, "hris", &older, Some("r1"), 0, 12).run(&store).result.unwrap();
    assert!(exchange(KEY, "hris", &newer, None, 1, 22).run(&store).result.is_ok());
    let retry = exchange(KEY, "hris", &older, Some("r1"), 2, 13).run(&store).result.unwrap();
    assert!(retry == first);
    let account = issuer().account(&first.account_token, &context(3, 40)).run(&store).result.unwrap();
    assert_eq!(account.integration, "bamboohr");
}

#[test]
fn a_replaced_account_token_gets_its_successor_again_for_a_while() {
    let store = store();
    let old = exchange(KEY, "hris", &public(&store, "u1", "lever", 10), None, 0, 12).run(&store);
    let old = old.result.unwrap();
    crash_after_writes(regenerate(&old.account_token, 100, 13), &store, 1);
    let first = regenerate(&old.account_token, 105, 14).run(&store).result.unwrap();
    let again = regenerate(&old.account_token, 110, 15).run(&store).result.unwrap();
    assert!(first == again && first.id == old.id && first.account_token != old.account_token);
    assert_eq!(code(regenerate(&old.account_token, 111, 16).run(&store)), ErrorCode::Unauthenticated);

    let account = |token: &str| issuer().account(token, &context(105, 17)).run(&store).result.is_ok();
    assert!(account(&first.account_token) && !account(&old.account_token), "only the newest one counts");
    let next = regenerate(&first.account_token, 111, 18).run(&store).result.unwrap();
    assert_eq!(
        code(regenerate(&old.account_token, 112, 19).run(&store)),
        ErrorCode::Unauthenticated,
        "two generations ago is too long"
    );
    assert!(account(&next.account_token));
}

#[test]
fn an_account_token_is_replaced_by_its_own_organization_only() {
    let store = store();
    let token = exchange(KEY, "hris", &public(&store, "u1", "lever", 10), None, 0, 12).run(&store);
    let token = token.result.unwrap().account_token;
    let of = |bearer: &str, category: &str, token: &str| {
        code(
            issuer()
                .regenerate_account_token(Secret::from(bearer), category, token, &context(0, 13))
                .run(&store),
        )
    };
    assert_eq!(of(OTHER_KEY, "hris", &token), ErrorCode::Unauthenticated);
    assert_eq!(of(KEY, "ats", &token), ErrorCode::Unauthenticated);
    assert_eq!(of("wrong", "hris", &token), ErrorCode::Unauthenticated);
    let mut forged = token.clone();
    forged.replace_range(30..31, if &token[30..31] == "A" { "B" } else { "A" });
    assert_eq!(of(KEY, "hris", &forged), ErrorCode::Unauthenticated);
    assert!(regenerate(&token, 0, 14).run(&store).result.is_ok());
}

#[test]
fn a_link_that_nobody_could_redeem_is_not_made() {
    let store = store();
    let create = |details: LinkDetails| {
        let lifetime = Lifetime::from_seconds(1800).unwrap();
        issuer().create_link(Secret::from(KEY), details, lifetime, &context(0, 10)).run(&store)
    };
    let other_category = LinkDetails { categories: vec!["crm".into()], ..details("u1", Some("lever")) };
    for wrong in [details("u1", Some("nobody")), other_category] {
        let error = create(wrong).result.unwrap_err();
        assert_eq!((error.code(), error.field()), (ErrorCode::FieldInvalid, Some("integration")));
    }
    let made = create(details("u1", Some("lever"))).result.unwrap();
    assert_eq!(made.integration.unwrap().name, "LEVER");
    assert_eq!(made.expires_at.seconds(), NOW + 1800);
}
