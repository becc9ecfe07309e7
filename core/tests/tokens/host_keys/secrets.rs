//! Keys without a public half here: an HMAC secret elsewhere, and algorithms that this build may not even have.

use super::vault::{Later, Vault};
use super::*;

fn secret() -> Key {
    Key::hmac(Some("k1"), Algorithm::HS256, [7; 32].as_slice()).unwrap()
}

fn held() -> Key {
    Key::held_by_host("k1", Algorithm::HS256, None).unwrap()
}

#[test]
fn a_secret_elsewhere_gives_the_token_that_it_would_give_here() {
    let host = WithSigner::new(MemoryStore::new(), Vault::new(secret()));
    let (elsewhere, asked) = watch(mint(&issuer(held())), &host);
    let elsewhere = elsewhere.unwrap();
    let here = issuer(secret()).mint(&claims(), Lifetime::HOUR, &context()).unwrap();
    assert_eq!(elsewhere, here);
    // One question, and about nothing but the first two parts.
    let input = here.rsplit_once('.').unwrap().0.as_bytes().to_vec();
    assert_eq!(asked, [Command::Sign { kid: "k1".into(), algorithm: Algorithm::HS256, message: input }]);

    let (verified, asked) = watch(issuer(held()).verifier().verify_task(&here, NOW), &host);
    assert_eq!(verified.unwrap().subject().as_deref(), Some("ent_1"));
    assert!(matches!(asked.as_slice(), [Command::VerifySignature { kid, .. }] if kid == "k1"));
    assert_eq!(issuer(held()).public_jwks(), r#"{"keys":[]}"#);
}

#[test]
fn every_way_to_mint_has_a_task_that_gives_the_same() {
    #[derive(serde::Serialize)]
    struct Widget {
        seats: u64,
    }
    let (widget, json) = (Widget { seats: u64::MAX }, r#"{ "seats": 18446744073709551615 }"#);
    let template = Template::new(&widget).unwrap();
    let (here, elsewhere, context) = (issuer(secret()), issuer(held()), context());
    let tokens = [
        here.mint_with(&claims(), &widget, Lifetime::HOUR, &context),
        here.mint_json(&claims(), json, Lifetime::HOUR, &context),
        here.mint_template(&claims(), &template, Lifetime::HOUR, &context),
    ];
    let tasks = |issuer: &Issuer| {
        [
            issuer.mint_with_task(&claims(), &widget, Lifetime::HOUR, &context),
            issuer.mint_json_task(&claims(), json, Lifetime::HOUR, &context),
            issuer.mint_template_task(&claims(), &template, Lifetime::HOUR, &context),
        ]
    };
    let host = WithSigner::new(MemoryStore::new(), Vault::new(secret()));
    for (token, (far, near)) in tokens.into_iter().zip(tasks(&elsewhere).into_iter().zip(tasks(&here))) {
        let token = token.unwrap();
        let (given, asked) = watch(far, &host);
        assert_eq!((given.unwrap(), asked.len()), (token.clone(), 1));
        assert_eq!(watch(near, &host), (Ok(token), vec![]));
    }
    let refused = elsewhere.mint_json_task(&claims(), r#"{"iss":"x"}"#, Lifetime::HOUR, &context);
    let (result, asked) = watch(refused, &host);
    assert_eq!((result.unwrap_err().code(), asked), (ErrorCode::ClaimReserved, vec![]));
}

#[test]
fn tasks_with_local_keys_ask_for_nothing() {
    let issuer = issuer(secret());
    let Step::Done(outcome) = mint(&issuer).step(None) else { panic!("a question") };
    let token = outcome.result.unwrap();
    assert!(matches!(issuer.verifier().verify_task(&token, NOW).step(None), Step::Done(_)));
}

#[test]
fn plain_functions_say_which_task_is_needed() {
    let issuer = issuer(held());
    let no_members = std::collections::BTreeMap::<String, String>::new();
    for result in [
        issuer.mint(&claims(), Lifetime::HOUR, &context()),
        issuer.mint_with(&claims(), &no_members, Lifetime::HOUR, &context()),
        issuer.mint_json(&claims(), r#"{"a":1}"#, Lifetime::HOUR, &context()),
    ] {
        let error = result.unwrap_err();
        assert_eq!(error.code(), ErrorCode::KeyCannotSign);
        assert_eq!(error.message(), "the key is held by the host: use mint_task");
    }
    let token = self::issuer(secret()).mint(&claims(), Lifetime::HOUR, &context()).unwrap();
    let error = issuer.verifier().verify(&token, NOW).unwrap_err();
    assert_eq!(error.code(), ErrorCode::PolicyInvalid);
    assert!(error.message().contains("verify_task"), "{error}");
}

#[test]
fn the_hosts_no_is_final_and_what_cannot_be_right_is_not_asked() {
    let host = WithSigner::new(MemoryStore::new(), Vault::new(secret()));
    let verifier = issuer(held()).verifier();
    let good = issuer(secret()).mint(&claims(), Lifetime::HOUR, &context()).unwrap();
    let other = Key::hmac(Some("k1"), Algorithm::HS256, [8; 32].as_slice()).unwrap();
    let forged = issuer(other.clone()).mint(&claims(), Lifetime::HOUR, &context()).unwrap();
    let unknown = issuer(other.with_kid(Some("k2"))).mint(&claims(), Lifetime::HOUR, &context()).unwrap();
    let wider = Key::hmac(Some("k1"), Algorithm::HS512, [7; 64].as_slice()).unwrap();
    let wider = issuer(wider).mint(&claims(), Lifetime::HOUR, &context()).unwrap();
    let (input, _) = good.rsplit_once('.').unwrap();
    let cases = [
        (forged.as_str(), ErrorCode::SignatureInvalid, 1),
        (&format!("{input}."), ErrorCode::SignatureInvalid, 0),
        (&good[..good.len() - 3], ErrorCode::SignatureInvalid, 0),
        (&format!("{good}AAAA"), ErrorCode::SignatureInvalid, 0),
        (&format!("{good}="), ErrorCode::TokenEncoding, 0),
        (&unknown, ErrorCode::KeyNotFound, 0),
        (&wider, ErrorCode::AlgorithmNotAllowed, 0),
    ];
    for (token, code, questions) in cases {
        let (result, asked) = watch(verifier.verify_task(token, NOW), &host);
        let found = result.unwrap_err().code();
        assert_eq!(found, code, "{token}");
        assert_eq!(asked.len(), questions, "{token}");
    }
    // A right signature is not enough: the claims are judged as ever.
    let late = NOW.after(Lifetime::HOUR);
    let (result, _) = watch(verifier.verify_task(&good, late), &host);
    assert_eq!(result.unwrap_err().code(), ErrorCode::TokenExpired);
    let (result, asked) = watch(verifier.clone().audience("").verify_task(&good, NOW), &host);
    assert_eq!((result.unwrap_err().code(), asked.len()), (ErrorCode::PolicyInvalid, 0));
}

#[test]
fn a_token_without_a_key_id_is_asked_about_key_by_key() {
    let host = WithSigner::new(MemoryStore::new(), Vault::new(secret()));
    let held_keys = |count: usize| {
        let names =
            (0..count).map(|index| if index + 1 == count { "k1".into() } else { format!("x{index}") });
        names.fold(KeySet::builder(), |keys, name| {
            keys.key(Key::held_by_host(&name, Algorithm::HS256, None).unwrap()).unwrap()
        })
    };
    struct Others<S>(S);
    impl<S: Store> Store for Others<S> {
        fn execute(&self, command: Command) -> Result<Reply, StoreError> {
            match &command {
                Command::VerifySignature { kid, .. } if kid != "k1" => Ok(Reply::Verified(false)),
                _ => self.0.execute(command),
            }
        }
    }
    let token = issuer(secret().with_kid(None)).mint(&claims(), Lifetime::HOUR, &context()).unwrap();
    let host = Others(host);
    for (count, questions, right) in [(1, 1, true), (8, 8, true), (9, 8, false)] {
        let verifier = Verifier::new(held_keys(count).build().unwrap()).any_issuer().any_audience();
        let (result, asked) = watch(verifier.verify_task(&token, NOW), &host);
        assert_eq!((result.is_ok(), asked.len()), (right, questions));
        if let Ok(verified) = result {
            assert_eq!(verified.algorithm(), Algorithm::HS256);
        }
    }
}

#[test]
fn a_signature_of_a_wrong_length_is_never_put_on_a_token() {
    let cases: [(Algorithm, &[usize], &[usize]); 6] = [
        (Algorithm::HS256, &[32], &[0, 31, 33, 64]),
        (Algorithm::HS512, &[64], &[0, 32, 63, 65]),
        (Algorithm::RS256, &[256, 384, 512, 1024], &[0, 255, 1025]),
        (Algorithm::ES256, &[64], &[0, 63, 65, 70, 71, 72]), // 70 to 72: DER
        (Algorithm::ES512, &[132], &[0, 131, 133, 138]),
        (Algorithm::EdDSA, &[64], &[0, 63, 65]),
    ];
    for (algorithm, right, wrong) in cases {
        let issuer = issuer(Key::held_by_host("k1", algorithm, None).unwrap());
        for (len, fits) in right.iter().map(|len| (len, true)).chain(wrong.iter().map(|len| (len, false))) {
            let mut task = mint(&issuer);
            assert!(matches!(task.step(None), Step::Need(Command::Sign { .. })));
            let Step::Done(outcome) = task.step(Some(Ok(Reply::Signed(vec![1; *len])))) else { panic!() };
            match outcome.result {
                Ok(token) => assert!(fits && token.split('.').count() == 3, "{algorithm} {len}"),
                Err(error) => {
                    assert!(!fits, "{algorithm} {len}: {error}");
                    assert_eq!((error.code(), error.field()), (ErrorCode::Internal, Some("signature")));
                    assert!(error.message().contains(&len.to_string()), "{error}");
                }
            }
        }
    }
}

#[test]
fn by_hand_the_question_stands_until_it_is_answered() {
    let issuer = issuer(held());
    let mut task = mint(&issuer);
    let Step::Need(first) = task.step(None) else { panic!() };
    let Step::Need(again) = task.step(None) else { panic!() };
    assert_eq!(first, again);
    let Command::Sign { kid, algorithm, message } = first.clone() else { panic!("{first:?}") };
    let keys = KeySet::builder().key(secret()).unwrap().build().unwrap();
    let signature = keys.sign(&kid, algorithm, &message).unwrap();
    // What is logged is no token.
    let encoded = base64_simd::URL_SAFE_NO_PAD.encode_to_string(&signature);
    let logged = format!("{first:?} {:?}", Reply::Signed(signature.clone()));
    assert!(logged.contains("32 bytes") && logged.len() < 200, "{logged}");
    let Step::Done(outcome) = task.step(Some(Ok(Reply::Signed(signature)))) else { panic!() };
    let token = outcome.result.unwrap();
    assert_eq!(token, format!("{}.{encoded}", String::from_utf8(message).unwrap()));
    assert!(matches!(task.step(None), Step::Spent));
}

#[test]
fn replies_that_are_no_answers() {
    let good = issuer(secret()).mint(&claims(), Lifetime::HOUR, &context()).unwrap();
    let issuer = issuer(held());
    let wrong = [Reply::Done, Reply::Removed(1), Reply::Conflict(None)];
    let outages = [
        (StoreError::Unavailable, ErrorCode::StoreUnavailable),
        (StoreError::Unknown, ErrorCode::StoreUnavailable),
        (StoreError::Corrupt, ErrorCode::Internal),
        (StoreError::TooLarge, ErrorCode::Internal),
    ];
    let replies = wrong.into_iter().map(|reply| (Ok(reply), ErrorCode::Internal));
    for (reply, code) in replies.chain(outages.into_iter().map(|(error, code)| (Err(error), code))) {
        let mut task = mint(&issuer);
        task.step(None);
        let Step::Done(outcome) = task.step(Some(reply.clone())) else { panic!("{reply:?}") };
        let error = outcome.result.unwrap_err();
        assert_eq!((error.code(), error.retry_after().is_some()), (code, code.http_status() == 503));

        let mut task = issuer.verifier().verify_task(&good, NOW);
        task.step(None);
        let Step::Done(outcome) = task.step(Some(reply.clone())) else { panic!("{reply:?}") };
        assert_eq!(outcome.result.unwrap_err().code(), code);
    }
    // Each asks for its own kind of answer.
    let mut task = mint(&issuer);
    task.step(None);
    let Step::Done(outcome) = task.step(Some(Ok(Reply::Verified(true)))) else { panic!() };
    assert_eq!(outcome.result.unwrap_err().code(), ErrorCode::Internal);
    let mut task = issuer.verifier().verify_task(&good, NOW);
    task.step(None);
    let Step::Done(outcome) = task.step(Some(Ok(Reply::Signed(vec![0; 32])))) else { panic!() };
    assert_eq!(outcome.result.unwrap_err().code(), ErrorCode::Internal);
}

#[test]
fn faults_in_the_claims_are_told_before_anybody_is_asked() {
    let issuer = issuer(held());
    let (result, asked) = watch(
        issuer.mint_task(&Claims::new().set("iss", "x"), Lifetime::HOUR, &context()),
        &MemoryStore::new(),
    );
    assert_eq!((result.unwrap_err().code(), asked.len()), (ErrorCode::ClaimReserved, 0));
    let large = Claims::new().set("x", "a".repeat(MAX_TOKEN));
    let (result, asked) = watch(issuer.mint_task(&large, Lifetime::HOUR, &context()), &MemoryStore::new());
    assert_eq!((result.unwrap_err().code(), asked.len()), (ErrorCode::ClaimsTooLarge, 0));
}

#[test]
fn a_store_has_no_keys() {
    let issuer = issuer(held());
    let error = mint(&issuer).run(&MemoryStore::new()).result.unwrap_err();
    assert_eq!(error.code(), ErrorCode::StoreUnavailable);
    assert!(error.message().contains("signer"), "{error}");
}

#[test]
fn a_host_that_answers_later() {
    let vault = Vault::new(secret());
    let host = WithSigner::new(Later(&vault), Later(&vault));
    let issuer = issuer(held());
    let token = finished(mint(&issuer).run_async(&host)).result.unwrap();
    let verified = finished(issuer.verifier().verify_task(&token, NOW).run_async(&host)).result;
    assert_eq!(verified.unwrap().subject().as_deref(), Some("ent_1"));
    vault.go_away(true);
    let error = finished(mint(&issuer).run_async(&host)).result.unwrap_err();
    assert_eq!(error.code(), ErrorCode::StoreUnavailable);
}

/// The value of a future that never waits.
fn finished<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("it waits"),
    }
}
