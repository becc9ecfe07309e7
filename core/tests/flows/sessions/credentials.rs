//! Secrets, limits, and what a refusal costs and tells.

use super::*;
use crate::drive::drive;

#[test]
fn two_secrets_are_live_while_a_client_changes_over() {
    let world = World::new(policy());
    let newer = "the second secret of client_1";
    world.remember(newer);
    let with = |secret: &str| {
        let proof = ClientProof::new(CLIENT, secret);
        world.run(world.issuer.client_credentials(proof, &world.at(NOW))).result.is_ok()
    };
    let hash = |secret: &str| SecretHash::of(secret.as_bytes());
    assert!(with(SECRET) && !with(newer));
    world.ok(directory::add_client_secret(CLIENT, hash(newer), &world.at(NOW)));
    assert!(with(SECRET) && with(newer) && !with("another"));
    let third = directory::add_client_secret(CLIENT, hash("third"), &world.at(NOW));
    assert_eq!(world.code(third), ErrorCode::AlreadyExists);
    world.ok(directory::retire_client_secret(CLIENT, &world.at(NOW)));
    assert!(!with(SECRET) && with(newer));
    assert_eq!(world.code(directory::retire_client_secret(CLIENT, &world.at(NOW))), ErrorCode::NotFound);
}

#[test]
fn the_burst_is_exact_and_so_is_the_time_to_wait() {
    let world =
        World::new(policy().client_rate(Rate::new(2, Lifetime::from_seconds(20).unwrap(), 5).unwrap()));
    let ask = |now| {
        let proof = ClientProof::new(CLIENT, SECRET);
        world.run(world.issuer.client_credentials(proof, &world.at(now)))
    };
    for _ in 0..5 {
        assert!(ask(NOW).result.is_ok());
    }
    for (now, wait) in [(NOW, 10), (NOW, 10), (NOW + 1, 9), (NOW + 9, 1)] {
        let outcome = ask(now);
        let error = outcome.result.unwrap_err();
        assert_eq!(error.code(), ErrorCode::RateLimited);
        assert_eq!(error.retry_after(), Some(Retry { after_seconds: wait, limit: 5 }));
        assert_eq!(kinds(&outcome.events), [EventKind::LimitHit]);
    }
    // Denials cost nothing: at the time that was told, one is admitted, and one only.
    assert!(ask(NOW + 10).result.is_ok());
    assert!(ask(NOW + 10).result.is_err());
    // Another client has a limit of its own.
    world.token_of(OTHER, OTHER_SECRET, NOW + 10);
    // A pause gives back the burst and no more.
    let admitted = (0..20).filter(|_| ask(NOW + 10_000).result.is_ok()).count();
    assert_eq!(admitted, 5);
}

#[test]
fn failures_are_limited_and_a_right_secret_is_never_locked_out() {
    let world = World::new(policy().failure_rate(Rate::new(1, Lifetime::MINUTE, 3).unwrap()));
    let ask = |secret: &str| {
        let proof = ClientProof::new(CLIENT, secret);
        world.run(world.issuer.client_credentials(proof, &world.at(NOW)))
    };
    for round in 0..6 {
        let outcome = ask("wrong");
        let (code, kind) = if round < 3 {
            (ErrorCode::InvalidClient, EventKind::TokenRefused)
        } else {
            (ErrorCode::RateLimited, EventKind::LimitHit)
        };
        assert_eq!((outcome.result.unwrap_err().code(), kinds(&outcome.events)), (code, vec![kind]));
        assert!(ask(SECRET).result.is_ok());
    }
}

#[test]
fn nobody_uses_up_a_clients_limit_without_its_secret_or_a_living_token() {
    let world = World::new(policy().client_rate(Rate::new(1, Lifetime::HOUR, 4).unwrap()));
    let ended = world.session(NOW); // 1
    world.ok(world.issuer.revoke_session(&ended.session, &world.at(NOW)));
    let stolen = world.session(NOW); // 2
    let rotated = world.refresh(&stolen.refresh_token, NOW).result.unwrap(); // 3
    for _ in 0..10 {
        let proof = ClientProof::new(CLIENT, "wrong");
        assert_eq!(
            world.code(world.issuer.client_credentials(proof, &world.at(NOW))),
            ErrorCode::InvalidClient
        );
        let refused = world.refresh(&ended.refresh_token, NOW).result.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::InvalidGrant);
    }
    world.token(NOW); // 4: there was room for it
    // A full limit does not keep the copy of an old token from ending the session.
    let reuse = world.refresh(&stolen.refresh_token, NOW + 11);
    assert_eq!(kinds(&reuse.events), [EventKind::RefreshReuseDetected]);
    let dead = world.refresh(&rotated.refresh_token, NOW + 11).result.unwrap_err();
    assert_eq!(dead.code(), ErrorCode::InvalidGrant);
}

/// The shape of a command: its kind, and how many keys of which kinds; ids and random bytes left out.
fn shape(command: &Command) -> String {
    let kind = |key: &RecordKey| {
        String::from_utf8_lossy(key.as_bytes().split(|b| *b == b'/').next().unwrap()).into_owned()
    };
    match command {
        Command::Load { keys } => format!("load {:?}", keys.iter().map(kind).collect::<Vec<_>>()),
        Command::Cas { key, expect, .. } => format!("cas {} {}", kind(key), matches!(expect, Expect::Absent)),
        Command::Throttle { key, interval_us, burst_us, cost, .. } => {
            format!("throttle {} {interval_us} {burst_us} {cost}", kind(key))
        }
        other => format!("{other:?}"),
    }
}

fn trace<T: std::fmt::Debug + 'static>(world: &World, task: Task<T>) -> (Vec<String>, String) {
    let mut commands = Vec::new();
    let outcome = drive(task, |command| {
        commands.push(shape(&command));
        world.store.execute(command)
    });
    let error = outcome.result.unwrap_err();
    (commands, format!("{error:?} {:?}", kinds(&outcome.events)))
}

#[test]
fn an_unknown_id_takes_the_same_commands_as_a_wrong_secret() {
    for limited in [false, true] {
        let rate = Rate::new(1, Lifetime::HOUR, 100).unwrap();
        let policy = if limited { policy().client_rate(rate).failure_rate(rate) } else { policy() };
        let world = World::new(policy);
        world.ok(directory::disable_client(OTHER, &world.at(NOW)));
        let mut weak = Client::new("weak", "org", SecretHash::of(SECRET.as_bytes()));
        weak.name = Some("name".into());
        world.ok(directory::create_client(weak, &world.at(NOW)));
        // Wrong secret; unknown id; unknown id with a known secret; disabled; without the permission.
        let proofs = || {
            [
                (CLIENT, "wrong"),
                ("nobody", "wrong"),
                ("nobody", SECRET),
                (OTHER, OTHER_SECRET),
                ("weak", SECRET),
            ]
            .map(|(id, secret)| ClientProof::new(id, secret))
        };
        let context = || world.at(NOW);
        let flows: [Vec<_>; 3] = [
            proofs().map(|proof| trace(&world, world.issuer.client_credentials(proof, &context()))).into(),
            proofs().map(|proof| trace(&world, world.issuer.entity_user(proof, USER, &context()))).into(),
            proofs()
                .map(|proof| {
                    trace(
                        &world,
                        world.issuer.exchange_api_key(proof, ClientConditions::default(), &context()),
                    )
                })
                .into(),
        ];
        for found in flows {
            assert_eq!(found[0].0.len(), 1 + usize::from(limited), "{:?}", found[0]);
            assert!(found.iter().all(|one| *one == found[0]), "{found:#?}");
        }
    }
}

#[test]
fn a_wrong_name_takes_the_same_commands_as_a_wrong_secret() {
    let rate = Rate::new(1, Lifetime::HOUR, 100).unwrap();
    let world = World::new(policy().client_rate(rate).failure_rate(rate));
    let mut named =
        Client::new("named", "org", SecretHash::of(SECRET.as_bytes())).permission(Permission::Sessions);
    named.name = Some("bot".into());
    world.ok(directory::create_client(named, &world.at(NOW)));
    let ask = |secret: &str, name: Option<&str>| {
        let conditions = ClientConditions { name: name.map(str::to_owned) };
        world.issuer.exchange_api_key(ClientProof::new("named", secret), conditions, &world.at(NOW))
    };
    let wrong_secret = trace(&world, ask("wrong", Some("bot")));
    assert_eq!(trace(&world, ask(SECRET, Some("other"))), wrong_secret);
    assert!(world.run(ask(SECRET, Some("bot"))).result.is_ok());
    assert!(world.run(ask(SECRET, None)).result.is_ok());
}

#[test]
fn a_secret_in_the_place_of_the_id_is_not_told_in_events() {
    let world = World::new(policy());
    // The world looks at everything that is shown when it is dropped.
    let swapped = ClientProof::new(SECRET, CLIENT);
    let outcome = world.run(world.issuer.client_credentials(swapped, &world.at(NOW)));
    assert_eq!(outcome.events[0].client.as_deref(), Some(&*fingerprint(SECRET.as_bytes())));
    let wrong = ClientProof::new(CLIENT, "wrong");
    let outcome = world.run(world.issuer.client_credentials(wrong, &world.at(NOW)));
    assert_eq!(outcome.events[0].client.as_deref(), Some(CLIENT), "a known id is told");
    assert_eq!(outcome.events[0].reason, Some(ErrorCode::InvalidClient));
}
