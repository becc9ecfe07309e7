//! Single-use tokens and codes: once, for one purpose, and never by guessing.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokenmint::*;

const NOW: i64 = 1_700_000_000;
const HOUR: Lifetime = Lifetime::HOUR;

/// A store that counts the commands which may write.
#[derive(Default)]
struct Counting {
    store: MemoryStore,
    writes: AtomicUsize,
}

impl Store for Counting {
    fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        if !matches!(command, Command::Load { .. }) {
            self.writes.fetch_add(1, Ordering::Relaxed);
        }
        self.store.execute(command)
    }
}

impl Counting {
    fn writes(&self) -> usize {
        self.writes.swap(0, Ordering::Relaxed)
    }
}

struct World {
    issuer: Issuer,
    store: Counting,
    seed: AtomicUsize,
}

impl World {
    fn new() -> Self {
        World::of("https://api.example.com")
    }

    fn of(issuer: &str) -> Self {
        let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
        let policy = Policy::new(issuer).session_secret([9; 32].as_slice());
        let issuer = Issuer::new(keys, policy).unwrap();
        World { issuer, store: Counting::default(), seed: AtomicUsize::new(1) }
    }

    fn context(&self, after: i64) -> Context {
        let seed = u8::try_from(self.seed.fetch_add(1, Ordering::Relaxed)).unwrap();
        Context::new(UnixTime::from_seconds(NOW + after), [seed; 32])
    }

    fn issue(&self, request: IssueSingleUse) -> String {
        self.issuer.issue_single_use(request, &self.context(0)).run(&self.store).result.unwrap().token
    }

    fn peek(&self, presented: &PresentedSingleUse, after: i64) -> Result<SingleUseView> {
        self.issuer.peek_single_use(presented, &self.context(after)).run(&self.store).result
    }

    fn redeem(&self, presented: &PresentedSingleUse, after: i64) -> Result<RedeemedSingleUse> {
        self.redeem_by(presented, None, after)
    }

    fn redeem_by(
        &self,
        presented: &PresentedSingleUse,
        by: Option<&str>,
        after: i64,
    ) -> Result<RedeemedSingleUse> {
        self.issuer.redeem_single_use(presented, by, &self.context(after)).run(&self.store).result
    }

    fn cancel(&self, which: CancelSingleUse) -> Result<()> {
        self.issuer.cancel_single_use("reset", which, &self.context(0)).run(&self.store).result
    }
}

fn reset() -> IssueSingleUse {
    IssueSingleUse::new("reset", HOUR).subject("u1")
}

fn presented(token: &str) -> PresentedSingleUse {
    PresentedSingleUse::new("reset", token)
}

fn code<T>(result: Result<T>) -> ErrorCode {
    result.err().expect("it was refused").code()
}

/// A code that is not this one.
fn wrong(code: &str) -> String {
    let last = if code.ends_with('0') { "1" } else { "0" };
    format!("{}{last}", &code[..code.len() - 1])
}

#[test]
fn a_token_gives_its_subject_and_payload_once_and_a_look_writes_nothing() {
    let world = World::new();
    let payload: std::collections::BTreeMap<String, JsonText> =
        [("email".to_owned(), JsonText::of("a@example.com").unwrap())].into();
    let token = world.issue(reset().payload(payload.clone()));
    assert_eq!(token.len(), 46);
    world.store.writes();

    for _ in 0..3 {
        let view = world.peek(&presented(&token), 1).unwrap();
        assert_eq!((view.subject.as_deref(), &view.payload), (Some("u1"), &payload));
        assert_eq!(view.expires_at.seconds(), NOW + 3600);
    }
    assert_eq!(world.store.writes(), 0);

    let redeemed = world.redeem(&presented(&token), 2).unwrap();
    assert_eq!((redeemed.subject.as_deref(), redeemed.payload), (Some("u1"), payload));
    assert_eq!(world.store.writes(), 1, "one decisive write");
    assert_eq!(code(world.redeem(&presented(&token), 2)), ErrorCode::LinkUsed);
    assert_eq!(code(world.peek(&presented(&token), 2)), ErrorCode::LinkUsed);
}

#[test]
fn a_token_is_good_for_its_purpose_and_its_issuer_only() {
    let world = World::new();
    let token = world.issue(reset());
    let other = PresentedSingleUse::new("invitation", &token);
    assert_eq!(code(world.redeem(&other, 1)), ErrorCode::LinkUnknown);

    let neighbour = World { store: Counting::default(), ..World::of("https://other.example.com") };
    let task = neighbour.issuer.redeem_single_use(&presented(&token), None, &neighbour.context(1));
    assert_eq!(code(task.run(&world.store).result), ErrorCode::LinkUnknown);

    let typo = token.replace(&token[..1], if token.starts_with('A') { "B" } else { "A" });
    world.store.writes();
    assert_eq!(code(world.redeem(&presented(&typo), 1)), ErrorCode::LinkUnknown);
    assert_eq!(code(world.redeem(&presented("no token"), 1)), ErrorCode::LinkUnknown);
    assert!(world.redeem(&presented(&token), 1).is_ok());
}

#[test]
fn a_newer_token_of_a_slot_ends_the_older() {
    let world = World::new();
    let older = world.issue(reset().slot("u1"));
    let neighbours = world.issue(reset().slot("u2"));
    let newer = world.issue(reset().slot("u1"));
    assert_eq!(code(world.redeem(&presented(&older), 1)), ErrorCode::LinkUnknown);
    assert_eq!(code(world.redeem(&presented(&newer).slot("u2"), 1)), ErrorCode::LinkUnknown);
    assert!(world.redeem(&presented(&newer).slot("u1"), 1).is_ok());
    assert!(world.redeem(&presented(&neighbours), 1).is_ok());
    // Also one that was used makes room.
    let newest = world.issue(reset().slot("u1"));
    assert_eq!(code(world.redeem(&presented(&newer), 1)), ErrorCode::LinkUnknown);
    assert!(world.redeem(&presented(&newest), 1).is_ok());
}

#[test]
fn five_wrong_codes_end_a_code_whether_it_was_looked_at_or_redeemed() {
    let world = World::new();
    let right = world.issue(reset().slot("u1").digits(6));
    assert!(right.len() == 6 && right.bytes().all(|byte| byte.is_ascii_digit()), "{right}");
    let wrong = presented(&wrong(&right)).slot("u1");
    let right = presented(&right).slot("u1");
    world.store.writes();

    for _ in 0..2 {
        assert_eq!(code(world.redeem(&wrong, 1)), ErrorCode::LinkUnknown);
        assert_eq!(code(world.peek(&wrong, 1)), ErrorCode::LinkUnknown);
    }
    assert_eq!(world.store.writes(), 4, "each is one write");
    for _ in 0..10 {
        assert!(world.peek(&right, 1).is_ok(), "a right look uses nothing up");
    }
    assert_eq!(world.store.writes(), 10, "it is told by a write, as a wrong one is");
    assert_eq!(code(world.peek(&wrong, 1)), ErrorCode::AttemptsExhausted);
    assert_eq!(code(world.redeem(&right, 1)), ErrorCode::AttemptsExhausted);
    assert_eq!(code(world.peek(&right, 1)), ErrorCode::AttemptsExhausted);

    let next = world.issue(reset().slot("u1").digits(10));
    assert_eq!(next.len(), 10);
    assert!(world.redeem(&presented(&next).slot("u1"), 1).is_ok());
}

#[test]
fn a_fourth_wrong_code_leaves_the_right_one_good() {
    let world = World::new();
    let right = world.issue(reset().slot("u1").digits(8));
    for _ in 0..4 {
        assert_eq!(code(world.redeem(&presented(&wrong(&right)).slot("u1"), 1)), ErrorCode::LinkUnknown);
    }
    // A text of the other kind proves nothing, and is no guess.
    let token = world.issue(reset().slot("u3"));
    for _ in 0..9 {
        assert_eq!(code(world.redeem(&presented("123456").slot("u3"), 1)), ErrorCode::LinkUnknown);
    }
    assert!(world.redeem(&presented(&token).slot("u3"), 1).is_ok());
    assert!(world.redeem(&presented(&right).slot("u1"), 1).is_ok());
}

#[test]
fn the_same_redeemer_gets_the_same_answer_for_a_while() {
    let world = World::new();
    let slots = [(None, None), (Some("u1"), None), (Some("u1"), Some(6))];
    for (slot, digits) in slots {
        let request = slot.iter().fold(reset(), |request, slot| request.slot(*slot));
        let token = world.issue(digits.iter().fold(request, |request, digits| request.digits(*digits)));
        let presented = slot.iter().fold(presented(&token), |presented, slot| presented.slot(*slot));
        let first = world.redeem_by(&presented, Some("browser 1"), 1).unwrap();
        assert_eq!(world.redeem_by(&presented, Some("browser 1"), 11).unwrap(), first);
        assert_eq!(code(world.redeem_by(&presented, Some("browser 2"), 2)), ErrorCode::LinkUsed);
        assert_eq!(code(world.redeem(&presented, 2)), ErrorCode::LinkUsed);
        assert_eq!(code(world.redeem_by(&presented, Some("browser 1"), 12)), ErrorCode::LinkUsed);
    }
}

#[test]
fn time_and_watermarks_end_a_token() {
    let world = World::new();
    let at_the_end = world.issue(reset());
    assert!(world.peek(&presented(&at_the_end), 3599).is_ok());
    assert_eq!(code(world.redeem(&presented(&at_the_end), 3600)), ErrorCode::LinkExpired);

    let raise: [fn(&Issuer, &Context) -> Task<()>; 2] = [
        |issuer, context| issuer.revoke_subject("u1", context),
        |issuer, context| issuer.revoke_all(context),
    ];
    for raise in raise {
        let tokens = [world.issue(reset()), world.issue(reset().slot("u1"))];
        let right = world.issue(reset().slot("code").digits(6));
        raise(&world.issuer, &world.context(1)).run(&world.store).result.unwrap();
        for token in tokens {
            assert_eq!(code(world.peek(&presented(&token), 1)), ErrorCode::LinkExpired);
            assert_eq!(code(world.redeem(&presented(&token), 1)), ErrorCode::LinkExpired);
        }
        let right = presented(&right).slot("code");
        assert_eq!(code(world.redeem(&right, 1)), ErrorCode::LinkExpired);
        assert!(world.redeem(&presented(&world.issue(reset())), 1).is_ok(), "made behind it");
    }
}

#[test]
fn a_cancelled_token_is_not_known_any_more() {
    let world = World::new();
    let token = world.issue(reset());
    for _ in 0..2 {
        world.cancel(CancelSingleUse::Token(token.clone())).unwrap();
    }
    assert_eq!(code(world.redeem(&presented(&token), 1)), ErrorCode::LinkUnknown);

    let older = world.issue(reset().slot("u1"));
    let newer = world.issue(reset().slot("u1"));
    world.cancel(CancelSingleUse::Token(older)).unwrap();
    assert!(world.peek(&presented(&newer), 1).is_ok(), "an older token has no say");
    world.cancel(CancelSingleUse::Slot("u1".into())).unwrap();
    assert_eq!(code(world.peek(&presented(&newer), 1)), ErrorCode::LinkUnknown);

    let used = world.issue(reset());
    world.redeem(&presented(&used), 1).unwrap();
    assert_eq!(code(world.cancel(CancelSingleUse::Token(used))), ErrorCode::LinkUsed);
    assert!(world.cancel(CancelSingleUse::Token("no token".into())).is_ok());
    let error = world.cancel(CancelSingleUse::Token("123456".into())).unwrap_err();
    assert_eq!((error.code(), error.field()), (ErrorCode::FieldRequired, Some("slot")));
}

#[test]
fn what_cannot_work_is_named() {
    let world = World::new();
    let refused = |request: IssueSingleUse| {
        let error = world.issuer.issue_single_use(request, &world.context(0)).run(&world.store);
        let error = error.result.unwrap_err();
        (error.code(), error.field().unwrap_or_default().to_owned())
    };
    let invalid = |field: &str| (ErrorCode::FieldInvalid, field.to_owned());
    assert_eq!(refused(IssueSingleUse::new("", HOUR)), invalid("purpose"));
    assert_eq!(refused(reset().subject("")), invalid("subject"));
    assert_eq!(refused(reset().slot("")), invalid("slot"));
    assert_eq!(refused(reset().slot("u1").digits(5)), invalid("digits"));
    assert_eq!(refused(reset().slot("u1").digits(11)), invalid("digits"));
    assert_eq!(refused(reset().digits(6)), (ErrorCode::FieldRequired, "slot".to_owned()));
    let of = |length: usize| [("a".to_owned(), JsonText::of(&"x".repeat(length)).unwrap())].into();
    assert_eq!(refused(reset().payload(of(16 * 1024 - 7))), invalid("payload"));
    assert!(world.redeem(&presented(&world.issue(reset().payload(of(16 * 1024 - 8)))), 1).is_ok());
    assert_eq!(code(world.redeem(&presented("123456"), 1)), ErrorCode::FieldRequired);

    let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    let issuer = Issuer::new(keys, Policy::new("i")).unwrap();
    let task = issuer.issue_single_use(reset(), &world.context(0));
    assert_eq!(code(task.run(&world.store).result), ErrorCode::PolicyInvalid);
}

#[test]
fn every_digit_is_drawn_at_every_place() {
    let world = World::new();
    let mut seen = [[false; 10]; 6];
    for seed in 0..200 {
        let context = Context::new(UnixTime::from_seconds(NOW), [seed; 32]);
        let request = reset().slot("u1").digits(6);
        let code = world.issuer.issue_single_use(request, &context).run(&world.store).result.unwrap().token;
        for (place, digit) in code.bytes().enumerate() {
            seen[place][usize::from(digit - b'0')] = true;
        }
    }
    assert_eq!(seen, [[true; 10]; 6]);
}

#[test]
fn events_tell_what_happened_and_never_the_token() {
    let world = World::new();
    let mut told = Vec::new();
    let mut hidden = Vec::new();
    let mut run = |events: Vec<Event>| told.extend(events);
    let request = reset().slot("u1").digits(6);
    let issued = world.issuer.issue_single_use(request, &world.context(0)).run(&world.store);
    run(issued.events);
    let right = issued.result.unwrap();
    hidden.extend([right.token.clone(), fingerprint(right.token.as_bytes())]);
    assert!(!format!("{right:?}").contains(&right.token));
    let shown = presented(&right.token).slot("u1");
    assert!(!format!("{shown:?}").contains(&right.token));
    let wrong = presented(&wrong(&right.token)).slot("u1");
    for (presented, by) in [(&wrong, "a"), (&shown, "a"), (&shown, "a"), (&shown, "b")] {
        run(world.issuer.redeem_single_use(presented, Some(by), &world.context(1)).run(&world.store).events);
    }
    let token = world.issue(reset());
    hidden.push(token.clone());
    let cancel = CancelSingleUse::Token(token);
    run(world.issuer.cancel_single_use("reset", cancel, &world.context(1)).run(&world.store).events);

    let kinds: Vec<EventKind> = told.iter().map(|event| event.kind).collect();
    assert_eq!(
        kinds,
        [
            EventKind::SingleUseIssued,
            EventKind::SingleUseRefused,
            EventKind::SingleUseRedeemed,
            EventKind::SingleUseReplayed,
            EventKind::SingleUseReuse,
            EventKind::SingleUseCancelled,
        ]
    );
    for event in &told {
        let json = serde_json::to_string(event).unwrap();
        assert!(json.contains(r#""subject":"u1""#), "{json}");
        assert!(hidden.iter().all(|secret| !json.contains(secret)), "{json}");
    }
}
