//! Tokens that are nearly assertions of a trusted issuer, and assertions that come twice: each with what is wrong with it.
//! They run on every store, so nothing here is of one.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use tokenmint::*;

use crate::signer::{Signer, base64url, jwks};

/// Redis forgets by its own clock: for it, nothing of this is over.
pub(crate) const NOW: i64 = 4_000_000_000;
pub(crate) const ISSUER: &str = "https://issuer.example";
const ENDPOINT: &str = "https://issuer.example/oauth/token";
const CI: &str = "https://ci.example";
const CLUSTER: &str = "https://kubernetes.default.svc.cluster.local";
/// How long tokens of the CI system live at most, in seconds.
const MAX_AGE: i64 = 600;

/// An issuer of ours, those that it trusts, and one that it does not.
pub(crate) struct World {
    pub(crate) issuer: Issuer,
    pub(crate) ci: Signer,
    cluster: Signer,
    workloads: Signer,
    stranger: Signer,
}

/// One case: tokens that are presented one after the other.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) steps: Vec<Step>,
}

pub(crate) struct Step {
    pub(crate) token: String,
    /// Seconds after [`NOW`].
    pub(crate) after: i64,
    /// What is wrong with it: the beginning of what the refusal says. `None` where it is taken.
    pub(crate) fault: Option<&'static str>,
}

impl World {
    pub(crate) fn new() -> Self {
        let (ci, cluster) = (Signer::new("ES256", "ci-1"), Signer::new("RS256", "cluster-1"));
        let (workloads, stranger) = (Signer::new("ES256", "svid-1"), Signer::new("ES256", "ci-1"));
        let keys = |signer: &Signer| KeySet::from_jwks(&jwks(&[signer])).unwrap();
        let job = AssertionRule::new("ci:{repository_id}")
            .claim("repository_id", "74")
            .claim("sub", "repo:org/name:*")
            .claim("ref", "refs/heads/main")
            .scope("deploy read")
            .client("ci");
        let pair = AssertionRule::new("pair:{left}/{right}").claim("pair", "*");
        let trusted_ci =
            TrustedIssuer::new(keys(&ci)).issuer(CI).max_age(Lifetime::from_seconds(600).unwrap());
        let account = AssertionRule::new("workload:{sub}")
            .claim("/kubernetes.io/serviceaccount/uid", "5e5b6f0a")
            .claim("/kubernetes.io/namespace", "billing");
        let trusted_cluster = TrustedIssuer::new(keys(&cluster)).issuer(CLUSTER).reusable().rule(account);
        let workload = AssertionRule::new("{sub}").claim("sub", "spiffe://example.org/*");
        // As a bundle of SPIFFE's says what a key is for.
        let bundle = jwks(&[&workloads]).replace(r#""kid""#, r#""use":"jwt-svid","kid""#);
        let bundle = KeySet::from_jwks(&bundle).unwrap();
        let policy = Policy::new(ISSUER)
            .token_endpoint(ENDPOINT)
            .audience("api")
            .session_secret([9; 32].as_slice())
            .trusted_issuer(trusted_ci.rule(job).rule(pair))
            .trusted_issuer(trusted_cluster)
            .trusted_issuer(
                TrustedIssuer::new(bundle).rule(workload).audience("spiffe://example.org/issuer"),
            );
        let own = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
        World { issuer: Issuer::new(own, policy).unwrap(), ci, cluster, workloads, stranger }
    }

    /// A context with a seed of its own: with the same one, it would be the same request.
    pub(crate) fn context(after: i64) -> Context {
        static SEED: AtomicU64 = AtomicU64::new(1);
        let mut seed = [6; 32];
        seed[..8].copy_from_slice(&SEED.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        Context::new(UnixTime::from_seconds(NOW + after), seed)
    }

    /// A right token of the CI system, of the name that its `jti` is made of.
    pub(crate) fn job(&self, name: &str) -> String {
        self.ci.token(&job(name).text())
    }

    /// Every case.
    pub(crate) fn cases(&self) -> Vec<Case> {
        let mut cases = Cases { all: Vec::new() };
        self.taken(&mut cases);
        self.unsigned(&mut cases);
        self.misspelled(&mut cases);
        self.headers(&mut cases);
        self.issuers(&mut cases);
        self.audiences(&mut cases);
        self.times(&mut cases);
        self.claims_twice(&mut cases);
        self.rules(&mut cases);
        self.nested(&mut cases);
        self.workloads(&mut cases);
        self.replays(&mut cases);
        cases.all
    }
}

/// Whether a step was refused; or what is wrong with the verdict.
pub(crate) fn judge(case: &str, step: &Step, result: &Result<AccessToken>) -> Result<bool, String> {
    match (step.fault, result) {
        (None, Ok(_)) => Ok(false),
        (None, Err(error)) => Err(format!("{case}: refused, {error}")),
        (Some(fault), Ok(_)) => Err(format!("{case}: taken, in spite of {fault:?}")),
        (Some(fault), Err(error)) => {
            let refused = (error.code(), error.field()) == (ErrorCode::InvalidGrant, Some("assertion"));
            match refused && error.message().starts_with(fault) {
                true => Ok(true),
                false => Err(format!("{case}: {fault:?} was to be told: {error:?}")),
            }
        }
    }
}

struct Cases {
    all: Vec<Case>,
}

impl Cases {
    fn add(&mut self, name: impl Into<String>, steps: Vec<Step>) {
        let name = name.into();
        assert!(self.all.iter().all(|case| case.name != name), "{name} is there twice");
        self.all.push(Case { name, steps });
    }

    fn refused(&mut self, name: impl Into<String>, fault: &'static str, token: String) {
        self.add(name, vec![refused(token, 0, fault)]);
    }

    fn taken(&mut self, name: impl Into<String>, token: String) {
        self.add(name, vec![taken(token, 0)]);
    }
}

fn refused(token: String, after: i64, fault: &'static str) -> Step {
    Step { token, after, fault: Some(fault) }
}

fn taken(token: String, after: i64) -> Step {
    Step { token, after, fault: None }
}

const USED: &str = "jti: the assertion was used before";

/// Claims by their names, as JSON texts.
#[derive(Clone)]
struct Claims(Vec<(String, String)>);

impl Claims {
    /// With another text for a claim; without it where there is none.
    fn with(mut self, name: &str, text: impl Into<Option<&'static str>>) -> Self {
        self.0.retain(|(known, _)| known != name);
        if let Some(text) = text.into() {
            self.0.push((name.to_owned(), text.to_owned()));
        }
        self
    }

    fn with_time(mut self, name: &str, after: i64) -> Self {
        self.0.retain(|(known, _)| known != name);
        self.0.push((name.to_owned(), (NOW + after).to_string()));
        self
    }

    /// With one more, whatever is there already.
    fn and(mut self, name: &str, text: &str) -> Self {
        self.0.push((name.to_owned(), text.to_owned()));
        self
    }

    fn text(&self) -> String {
        let mut text = "{".to_owned();
        for (at, (name, value)) in self.0.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            write!(text, "{comma}\"{name}\":{value}").unwrap();
        }
        text + "}"
    }
}

fn claims<const N: usize>(claims: [(&str, String); N]) -> Claims {
    Claims(claims.into_iter().map(|(name, text)| (name.to_owned(), text)).collect())
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// A right token of the CI system.
fn job(name: &str) -> Claims {
    claims([
        ("iss", quoted(CI)),
        ("sub", quoted("repo:org/name:ref:refs/heads/main")),
        ("aud", quoted(ISSUER)),
        ("iat", NOW.to_string()),
        ("nbf", NOW.to_string()),
        ("exp", (NOW + 300).to_string()),
        ("jti", quoted(&name.replace(['"', '\\', '\n'], "_"))),
        ("repository", quoted("org/name")),
        ("repository_id", quoted("74")),
        ("ref", quoted("refs/heads/main")),
    ])
}

/// A right token of a service account.
fn account() -> Claims {
    claims([
        ("iss", quoted(CLUSTER)),
        ("sub", quoted("system:serviceaccount:billing:worker")),
        ("aud", format!("[{}]", quoted(ISSUER))),
        ("iat", NOW.to_string()),
        ("exp", (NOW + 3600).to_string()),
        ("kubernetes.io", KUBERNETES.to_owned()),
    ])
}

const KUBERNETES: &str = r#"{"namespace":"billing","serviceaccount":{"name":"worker","uid":"5e5b6f0a"}}"#;

/// A right JWT-SVID, which has no `iss`, no `iat` and no `jti`.
fn svid(path: &str) -> Claims {
    claims([
        ("sub", quoted(&format!("spiffe://example.org/{path}"))),
        ("aud", format!("[{}]", quoted("spiffe://example.org/issuer"))),
        ("exp", (NOW + 300).to_string()),
    ])
}

impl World {
    fn taken(&self, cases: &mut Cases) {
        cases.taken("a job", self.job("a job"));
        cases.taken(
            "for the token endpoint",
            self.ci.token(&job("e").with("aud", r#""https://issuer.example/oauth/token""#).text()),
        );
        let both = r#"["https://issuer.example","https://issuer.example/oauth/token"]"#;
        cases.taken("for both", self.ci.token(&job("both").with("aud", both).text()));
        cases.taken("without iat", self.ci.token(&job("no iat").with("iat", None).text()));
        cases.taken("with a fraction", self.ci.token(&job("fraction").with("iat", "4000000000.9").text()));
        cases.taken("as long as may be", self.ci.token(&job("long").with_time("exp", MAX_AGE).text()));
        let escaped = job("escaped").with("sub", r#""repo:org\/n\u0061me\u003aref:refs/heads/main""#);
        cases.taken("spelled with escapes", self.ci.token(&escaped.text()));
        for typ in ["JWT", "jwt", "application/jwt", "JOSE", "authorization-grant+jwt"] {
            let header = format!(r#"{{"alg":"ES256","kid":"ci-1","typ":"{typ}"}}"#);
            cases.taken(format!("typ {typ}"), self.ci.token_as(&header, &job(typ).text()));
        }
        let header = r#"{"alg":"ES256"}"#;
        cases.taken("neither kid nor typ", self.ci.token_as(header, &job("bare").text()));
        cases.add(
            "a service account, again and again",
            vec![
                taken(self.cluster.token(&account().text()), 0),
                taken(self.cluster.token(&account().text()), 1),
                taken(self.cluster.token(&account().text()), 3599),
                refused(self.cluster.token(&account().text()), 3600, "exp: "),
            ],
        );
        cases.taken("a workload", self.workloads.token(&svid("payments").text()));
        cases.taken(
            "a workload with iss",
            self.workloads.token(&svid("iss").with("iss", r#""https://spire.example""#).text()),
        );
    }

    /// What this issuer's trusted issuers have not signed as it stands.
    fn unsigned(&self, cases: &mut Cases) {
        let right = self.job("unsigned");
        let (signed, signature) = right.rsplit_once('.').unwrap();
        for alg in ["none", "None", "NONE", "nOnE", "", "null", "ES256K", "es256", "HS256 ", "RSA1_5", "dir"]
        {
            let header = format!(r#"{{"alg":"{alg}","kid":"ci-1"}}"#);
            let token = self.ci.token_as(&header, &job(alg).text());
            let input = token.rsplit_once('.').unwrap().0.to_owned();
            cases.refused(format!("alg {alg:?}, signed"), "alg: ", token);
            cases.refused(format!("alg {alg:?}, not signed"), "alg: ", format!("{input}."));
        }
        let hmacs = [
            ("HS256", aws_lc_rs::hmac::HMAC_SHA256),
            ("HS384", aws_lc_rs::hmac::HMAC_SHA384),
            ("HS512", aws_lc_rs::hmac::HMAC_SHA512),
        ];
        for (alg, hmac) in hmacs {
            let jwk = self.ci.jwk();
            let x = jwk.split(r#""x":""#).nth(1).unwrap().split('"').next().unwrap();
            for (what, secret) in
                [("JWK", jwk.as_str()), ("JWK Set", &jwks(&[&self.ci])), ("x", x), ("nothing", "")]
            {
                let header = format!(r#"{{"alg":"{alg}","kid":"ci-1"}}"#);
                let input =
                    format!("{}.{}", base64url(header.as_bytes()), base64url(job(alg).text().as_bytes()));
                let key = aws_lc_rs::hmac::Key::new(hmac, secret.as_bytes());
                let tag = aws_lc_rs::hmac::sign(&key, input.as_bytes());
                let token = format!("{input}.{}", base64url(tag.as_ref()));
                cases.refused(format!("{alg} with the public key's {what}"), "alg: ", token);
            }
        }
        for alg in ["ES384", "ES512", "EdDSA", "Ed25519", "RS256", "RS512", "PS256", "PS512"] {
            let header = format!(r#"{{"alg":"{alg}","kid":"ci-1","typ":"JWT"}}"#);
            cases.refused(format!("says {alg}"), "alg: ", self.ci.token_as(&header, &job(alg).text()));
        }
        for alg in ["EdDSA", "ES256", "ES384", "ES512", "RS256", "PS256"] {
            let other = Signer::new(alg, "ci-1");
            let fault = if alg == "ES256" { "signature: " } else { "alg: " };
            cases.refused(format!("{alg} by a stranger"), fault, other.token(&job(alg).text()));
        }
        let own = self.ci.sign(signed.as_bytes());
        let with = |signature: &[u8]| format!("{signed}.{}", base64url(signature));
        let changed = |at: usize| {
            let mut changed = own.clone();
            changed[at] ^= 1;
            with(&changed)
        };
        for at in [0, 31, 32, 63] {
            cases.refused(format!("byte {at} of the signature"), "signature: ", changed(at));
        }
        cases.refused("r and s are 0", "signature: ", with(&[0; 64]));
        cases.refused(
            "r and s are 1",
            "signature: ",
            with(&[[0; 31].as_slice(), &[1], &[0; 31], &[1]].concat()),
        );
        cases.refused("r and s are the order", "signature: ", with(&[ORDER, ORDER].concat()));
        cases.refused("r and s are swapped", "signature: ", with(&[&own[32..], &own[..32]].concat()));
        cases.refused("s alone", "signature: ", with(&own[32..]));
        cases.refused("twice the signature", "signature: ", with(&[own.as_slice(), &own].concat()));
        cases.refused("a byte more", "signature: ", with(&[own.as_slice(), &[0]].concat()));
        cases.refused("no signature", "signature: ", format!("{signed}."));
        cases.refused("the signature as DER", "signature: ", with(&der(&own)));
        cases.refused("the signature of another token", "signature: ", {
            let other = self.job("another");
            format!("{signed}.{}", other.rsplit_once('.').unwrap().1)
        });
        let header = signed.split_once('.').unwrap().0;
        for (name, payload) in [
            ("another subject", job("unsigned").with("sub", r#""repo:org/name:x""#)),
            ("a later end", job("unsigned").with_time("exp", 301)),
            ("another id", job("another id")),
        ] {
            let token = format!("{header}.{}.{signature}", base64url(payload.text().as_bytes()));
            cases.refused(format!("signed with {name}"), "signature: ", token);
        }
        let other_header = base64url(br#"{"alg":"ES256","kid":"ci-1"}"#);
        let payload = signed.split_once('.').unwrap().1;
        cases.refused(
            "signed with another header",
            "signature: ",
            format!("{other_header}.{payload}.{signature}"),
        );
    }

    /// What is no compact token, or one in another spelling.
    fn misspelled(&self, cases: &mut Cases) {
        let right = self.job("misspelled");
        let parts: Vec<&str> = right.split('.').collect();
        let [header, payload, signature] = parts.as_slice() else { panic!() };
        for (name, token) in [
            ("nothing", String::new()),
            ("two dots", "..".to_owned()),
            ("two parts", format!("{header}.{payload}")),
            ("four parts", format!("{right}.{signature}")),
            ("five parts", format!("{header}.{payload}.{signature}.{payload}.{signature}")),
            ("no header", format!(".{payload}.{signature}")),
        ] {
            cases.refused(name, "the token is not three parts", token);
        }
        for (name, fault, token) in [
            ("no payload", "payload: ", format!("{header}..{signature}")),
            ("a blank before", "header: ", format!(" {right}")),
            ("a blank behind", "signature: ", format!("{right} ")),
            ("a line's end", "signature: ", format!("{right}\n")),
            ("a NUL behind", "signature: ", format!("{right}\0")),
            ("a scheme before", "header: ", format!("Bearer {right}")),
            ("a padded header", "header: ", format!("{header}=.{payload}.{signature}")),
            ("a padded payload", "payload: ", format!("{header}.{payload}=.{signature}")),
            ("a padded signature", "signature: ", format!("{right}==")),
            ("percent signs", "header: ", format!("%65{}.{payload}.{signature}", &header[1..])),
            ("as JSON", "header: ", format!(r#"{{"payload":"{payload}","signature":"{signature}"}}.."#)),
        ] {
            cases.refused(name, fault, token);
        }
        // The last of 86 digits has four bits that say nothing.
        let last = signature.chars().last().unwrap();
        let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let next = digits.chars().nth(digits.find(last).unwrap() + 1).unwrap();
        let respelled = format!("{header}.{payload}.{}{next}", &signature[..signature.len() - 1]);
        cases.refused("bits that say nothing", "signature: ", respelled);
        let long = job("long").with("ref", None).and("ref", &quoted(&"x".repeat(70_000)));
        cases.refused("too large", "the token has ", self.ci.token(&long.text()));
        for (name, payload) in [
            ("a list", "[]".to_owned()),
            ("a text", r#""{}""#.to_owned()),
            ("two objects", "{}{}".to_owned()),
            ("a comma too much", job("comma").text().replace('}', ",}")),
            ("a comment", job("comment").text().replace('}', "/**/}")),
            ("too deep", job("deep").and("deep", &format!("{}{}", "[".repeat(70), "]".repeat(70))).text()),
            ("a lone surrogate", job("lone").and("x", r#""\ud800""#).text()),
        ] {
            cases.refused(format!("the payload is {name}"), "payload: ", self.ci.token(&payload));
        }
    }

    fn headers(&self, cases: &mut Cases) {
        let with = |signer: &Signer, more: &str| {
            signer.token_as(&format!(r#"{{"alg":"ES256",{more}}}"#), &job(more).text())
        };
        let own = self.stranger.jwk();
        for (fault, signer, more) in [
            ("crit: ", &self.ci, r#""kid":"ci-1","crit":["exp"]"#),
            ("crit: ", &self.ci, r#""kid":"ci-1","crit":[]"#),
            ("b64: ", &self.ci, r#""kid":"ci-1","b64":false"#),
            ("zip: ", &self.ci, r#""kid":"ci-1","zip":"DEF""#),
            ("kid: ", &self.ci, r#""kid":"ci-2""#),
            ("kid: ", &self.ci, r#""kid":"CI-1""#),
            ("kid: ", &self.ci, r#""kid":"ci-1 ""#),
            ("kid: ", &self.ci, r#""kid":"ci-1\u0000""#),
            ("kid: ", &self.ci, r#""kid":"""#),
            ("kid: ", &self.ci, r#""kid":"../../ci-1""#),
            ("kid: ", &self.ci, r#""kid":"' OR '1'='1""#),
            ("kid: ", &self.ci, r#""kid":"cluster-1""#),
            ("kid: ", &self.ci, r#""kid":"svid-1""#),
            ("kid: ", &self.ci, r#""kid":"k1""#),
            ("kid: ", &self.ci, r#""kid":1"#),
            ("kid: ", &self.ci, r#""kid":null"#),
            ("kid: ", &self.ci, r#""kid":["ci-1"]"#),
            ("header: ", &self.ci, r#""kid":"ci-1","kid":"ci-1""#),
            ("header: ", &self.ci, r#""alg":"ES256","kid":"ci-1""#),
            ("header: ", &self.ci, r#""kid":"ci-1","\u0061lg":"none""#),
            ("signature: ", &self.stranger, &format!(r#""kid":"ci-1","jwk":{own}"#)),
            ("signature: ", &self.stranger, r#""kid":"ci-1","jku":"https://evil.example/jwks""#),
            ("signature: ", &self.stranger, r#""kid":"ci-1","x5u":"https://evil.example/chain""#),
            ("signature: ", &self.stranger, r#""kid":"ci-1","x5c":["AAAA"]"#),
            ("signature: ", &self.stranger, r#""typ":"JWT""#),
        ] {
            cases.refused(format!("header {more}, {fault}"), fault, with(signer, more));
        }
        for typ in [
            "at+jwt",
            "application/at+jwt",
            "AT+JWT",
            "refresh+jwt",
            "dpop+jwt",
            "logout+jwt",
            "secevent+jwt",
            "kb+jwt",
            "token-introspection+jwt",
            "oauth-authz-req+jwt",
            "client-authentication+jwt",
            "JWTs",
            "",
        ] {
            cases.refused(
                format!("type {typ:?}"),
                "typ: ",
                with(&self.ci, &format!(r#""kid":"ci-1","typ":"{typ}""#)),
            );
        }
        for header in ["[]", r#""ES256""#, " ", "{", "null"] {
            cases.refused(
                format!("the header is {header:?}"),
                "header: ",
                self.ci.token_as(header, &job(header).text()),
            );
        }
        for header in
            [r#"{"kid":"ci-1"}"#, r#"{"alg":null,"kid":"ci-1"}"#, r#"{"alg":["ES256"],"kid":"ci-1"}"#]
        {
            cases.refused(
                format!("the header {header}"),
                "alg: ",
                self.ci.token_as(header, &job(header).text()),
            );
        }
    }

    fn issuers(&self, cases: &mut Cases) {
        for (name, signer, claims) in [
            ("the CI's, by the cluster", &self.cluster, job("x")),
            ("the CI's, by the workloads", &self.workloads, job("x")),
            ("the cluster's, by the CI", &self.ci, account()),
            ("the cluster's, by the workloads", &self.workloads, account()),
            ("a workload's, by the CI", &self.ci, svid("by-ci")),
            ("a workload's, by the cluster", &self.cluster, svid("by-cluster")),
        ] {
            // Each names the key of whoever it claims to be from, and is signed by another.
            for kid in ["ci-1", "cluster-1", "svid-1"] {
                let header = format!(r#"{{"alg":"{}","kid":"{kid}"}}"#, signer.alg);
                let token = signer.token_as(&header, &claims.text());
                let named = match (name.split('\'').next().unwrap(), signer.alg, kid) {
                    ("the CI", "ES256", "ci-1") | ("a workload", "ES256", "svid-1") => "signature: ",
                    ("the cluster", "ES256", _) | (_, "RS256", _) => "alg: ",
                    _ => "kid: ",
                };
                cases.refused(format!("{name}, with {kid}"), named, token);
            }
        }
        // Whoever is not named is asked for by the issuer without a name, which has not signed it.
        for iss in [
            "https://ci.example/",
            "https://CI.example",
            "HTTPS://ci.example",
            "http://ci.example",
            "ci.example",
            "https://ci.example.evil",
            "https://ci.example ",
            " https://ci.example",
            "https://ci.example\\u0000",
            "https://c\u{456}.example",
            "https://ci.example\\u200b",
            "https://ci%2eexample",
            "https://ci.example#",
            "",
            "https://issuer.example",
            "*",
        ] {
            let token = self.ci.token(&job(iss).with("iss", None).and("iss", &quoted(iss)).text());
            cases.refused(format!("iss {iss:?}"), "kid: ", token);
        }
        for (iss, fault) in [
            (r#"["https://ci.example"]"#, "kid: "),
            (r#"{"0":"https://ci.example"}"#, "kid: "),
            ("null", "kid: "),
            ("1", "kid: "),
        ] {
            let token = self.ci.token(&job("x").with("iss", None).and("iss", iss).text());
            cases.refused(format!("iss {iss}"), fault, token);
            let token = self.workloads.token(&svid("x").and("iss", iss).text());
            cases.refused(format!("a workload's iss {iss}"), "iss: ", token);
        }
        cases.refused("no iss", "kid: ", self.ci.token(&job("no iss").with("iss", None).text()));
        // What we have made ourselves says nothing about others.
        let own = |claims: tokenmint::Claims| {
            self.issuer.mint(&claims, Lifetime::MINUTE, &Self::context(0)).unwrap()
        };
        let job = || tokenmint::Claims::new().subject("repo:org/name:x").set("repository_id", "74");
        cases.refused("a token of ours", "alg: ", own(job().set("ref", "refs/heads/main")));
        cases.refused("a token of ours for us", "alg: ", own(job().audience(ISSUER)));
        let other = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
        let policy = Policy::new(CI).audience(ISSUER).token_type("at+jwt");
        let as_ci = Issuer::new(other, policy).unwrap();
        let token = as_ci.mint(&job(), Lifetime::MINUTE, &Self::context(0)).unwrap();
        cases.refused("our key in the CI's name", "alg: ", token);
    }

    fn audiences(&self, cases: &mut Cases) {
        for aud in [
            r#""https://other.example""#,
            r#""""#,
            "[]",
            r#"[""]"#,
            r#""https://issuer.example/""#,
            r#""https://Issuer.example""#,
            r#""https://issuer.example ""#,
            r#""https://issuer""#,
            r#""*""#,
            r#""api""#,
            r#""https://issuer.example/oauth/token/""#,
            r#""https://issuer.example,https://other.example""#,
            r#""https://issuer.example https://other.example""#,
            r#"["https://other.example"]"#,
            r#"["https://issuer.example","https://other.example"]"#,
            r#"["https://other.example","https://issuer.example"]"#,
            r#"[["https://issuer.example"]]"#,
            r#"["https://issuer.example",1]"#,
            r#"["https://issuer.example",null]"#,
            r#"{"https://issuer.example":true}"#,
            "true",
            "1",
            "null",
            r#""spiffe://example.org/issuer""#,
        ] {
            cases.refused(format!("aud {aud}"), "aud: ", self.ci.token(&job("aud").with("aud", aud).text()));
        }
        cases.refused("no aud", "aud: ", self.ci.token(&job("no aud").with("aud", None).text()));
        let ours = self.workloads.token(&svid("aud").with("aud", r#"["https://issuer.example"]"#).text());
        cases.refused("a workload's token for our name", "aud: ", ours);
    }

    fn times(&self, cases: &mut Cases) {
        for exp in [
            "null",
            r#""4000000300""#,
            "true",
            "[4000000300]",
            "{}",
            "-1",
            "0",
            "-4000000300",
            "3999999999",
            "4000000000",
            "4000000000.0",
            "4000000000000",
            "1e300",
            r#""Infinity""#,
            "4000000601",
        ] {
            cases.refused(format!("exp {exp}"), "exp: ", self.ci.token(&job("exp").with("exp", exp).text()));
        }
        for exp in ["1e999", "-1e999"] {
            let token = self.ci.token(&job("exp").with("exp", exp).text());
            cases.refused(format!("exp {exp}"), "exp: ", token);
        }
        for exp in ["NaN", "Infinity", "+1", "0x1", "04000000300", "4_000_000_300"] {
            cases.refused(
                format!("exp {exp}"),
                "payload: ",
                self.ci.token(&job("exp").with("exp", exp).text()),
            );
        }
        cases.refused("no exp", "exp: ", self.ci.token(&job("no exp").with("exp", None).text()));
        let end = self.job("its end");
        cases.add("its last second, and its end", vec![refused(end.clone(), 300, "exp: "), taken(end, 299)]);
        for nbf in ["4000000001", "4000000060.5", r#""4000000000""#, "null", "[]", "1e300"] {
            cases.refused(format!("nbf {nbf}"), "nbf: ", self.ci.token(&job("nbf").with("nbf", nbf).text()));
        }
        for iat in ["4000000001", "4000000060", r#""4000000000""#, "null", "false", "1e300", "4000000000000"]
        {
            cases.refused(format!("iat {iat}"), "iat: ", self.ci.token(&job("iat").with("iat", iat).text()));
        }
        let old = job("old").with_time("iat", -MAX_AGE - 1).with_time("exp", -1);
        cases.refused("over since a second", "exp: ", self.ci.token(&old.text()));
        let old = job("old").with_time("iat", -MAX_AGE - 1);
        cases.refused("too old", "iat: ", self.ci.token(&old.text()));
        let long = job("long").with_time("iat", -400);
        cases.refused("too long from iat on", "exp: ", self.ci.token(&long.text()));
        let long = job("long").with("iat", None).with_time("exp", MAX_AGE + 1);
        cases.refused("too long from now on", "exp: ", self.ci.token(&long.text()));
        let long = job("long").with("iat", "-1");
        cases.refused("iat before 1970", "iat: ", self.ci.token(&long.text()));
        for jti in [r#""""#, "1", "null", "true", "[]", "{}", r#"["a"]"#] {
            cases.refused(format!("jti {jti}"), "jti: ", self.ci.token(&job("jti").with("jti", jti).text()));
        }
    }

    /// RFC 7519 section 4: two readers may take different ones.
    fn claims_twice(&self, cases: &mut Cases) {
        for (name, text) in [
            ("iss", quoted(CI)),
            ("sub", quoted("repo:org/name:x")),
            ("aud", quoted(ISSUER)),
            ("exp", (NOW + 300).to_string()),
            ("nbf", NOW.to_string()),
            ("iat", NOW.to_string()),
            ("jti", quoted("another")),
            ("repository_id", quoted("74")),
            ("ref", quoted("refs/heads/main")),
        ] {
            let spelled = format!("\\u{:04x}{}", u32::from(name.chars().next().unwrap()), &name[1..]);
            for spelled in [name, &spelled] {
                let token = self.ci.token(&job("twice").and(spelled, &text).text());
                cases.refused(format!("{spelled} twice"), "payload: ", token);
            }
        }
        let nested = job("nested").and("x", r#"{"a":[{"b":1,"b":1}]}"#);
        cases.refused("twice within a claim", "payload: ", self.ci.token(&nested.text()));
        let uid = r#"{"namespace":"billing","serviceaccount":{"uid":"x","uid":"5e5b6f0a"}}"#;
        let twice = account().with("kubernetes.io", uid);
        cases.refused("a service account's uid twice", "payload: ", self.cluster.token(&twice.text()));
    }

    /// Who is not whom a rule names, but nearly.
    fn rules(&self, cases: &mut Cases) {
        for sub in [
            "repo:org/name2:ref:refs/heads/main",
            "repo:org/name-evil:x",
            "repo:org/name",
            "repo:org/nam:x",
            "repo:org/:x",
            "repo:org2/name:x",
            "xrepo:org/name:x",
            " repo:org/name:x",
            "Repo:org/name:x",
            "repo:ORG/name:x",
            "repo:org/Name:x",
            "repo:org%2Fname:x",
            "repo:org/name\u{ff1a}x",
            "repo:org/n\u{430}me:x",
            "repo:org/name\\u0000:x",
            "repo:org//name:x",
            "repo:org/../org/name:x",
            "repo\\n:org/name:x",
            "repo:org/na\u{301}me:x",
            "repo:org/*",
            "*",
            "",
            "repo:org/name\u{200b}:x",
            "repository:org/name:x",
        ] {
            let token = self.ci.token(&job(sub).with("sub", None).and("sub", &quoted(sub)).text());
            cases.refused(format!("sub {sub:?}"), "sub: ", token);
        }
        for sub in ["1", "null", "true", "{}", "[]", r#"["repo:org/name:x"]"#, r#"{"":"repo:org/name:x"}"#] {
            let token = self.ci.token(&job(sub).with("sub", sub).text());
            cases.refused(format!("sub {sub}"), "sub: ", token);
        }
        cases.refused("no sub", "sub: ", self.ci.token(&job("no sub").with("sub", None).text()));
        for id in [
            "74",
            "74.0",
            "7.4e1",
            r#""074""#,
            r#""74 ""#,
            r#"" 74""#,
            r#""740""#,
            r#""7""#,
            r#""""#,
            r#""*""#,
            r#""\uff17\uff14""#,
            r#""74\u0000""#,
            r#""0x4a""#,
            r#"["74"]"#,
            r#"{"id":"74"}"#,
            "true",
            "null",
        ] {
            let token = self.ci.token(&job(id).with("repository_id", id).text());
            cases.refused(format!("repository_id {id}"), "sub: ", token);
        }
        for name in ["Repository_id", "repository_id ", "/repository_id", "repositoryId", "repository-id"] {
            let token = self.ci.token(&job(name).with("repository_id", None).and(name, r#""74""#).text());
            cases.refused(format!("{name} for repository_id"), "sub: ", token);
        }
        let elsewhere = job("elsewhere").with("repository_id", None).and("x", r#"{"repository_id":"74"}"#);
        cases.refused("repository_id within another claim", "sub: ", self.ci.token(&elsewhere.text()));
        for branch in [
            "refs/heads/main2",
            "refs/heads/Main",
            "refs/heads/",
            "refs/heads/main/x",
            "refs/tags/main",
            "main",
            "refs/heads/main\\n",
            "refs/heads/mai\\u006e2",
            "refs%2Fheads%2Fmain",
            "refs/pull/1/merge",
        ] {
            let token = self.ci.token(&job(branch).with("ref", None).and("ref", &quoted(branch)).text());
            cases.refused(format!("ref {branch:?}"), "sub: ", token);
        }
        // The second rule: a subject of two claims, of which nobody can shift the border.
        let pair = |left: &str, right: &str| {
            let claims =
                job(left).with("ref", None).and("pair", r#""x""#).and("left", left).and("right", right);
            self.ci.token(&claims.text())
        };
        cases.taken("a pair", pair(r#""a""#, r#""b/c""#));
        cases.refused("a pair with its border shifted", "left: ", pair(r#""a/b""#, r#""c""#));
        cases.refused("a pair with half of it empty", "left: ", pair(r#""""#, r#""a/b""#));
        cases.refused("a pair with a number", "left: ", pair("1", r#""b""#));
        cases.refused("a pair with a control character", "right: ", pair(r#""a2""#, r#""b\u0007""#));
        cases.refused("a pair with a line's end", "right: ", pair(r#""a3""#, r#""b\nadmin""#));
        let half = job("half").with("ref", None).and("pair", r#""x""#).and("left", r#""a""#);
        cases.refused("half a pair", "right: ", self.ci.token(&half.text()));
    }

    /// Paths to a text within a claim.
    fn nested(&self, cases: &mut Cases) {
        let right = r#""5e5b6f0a""#;
        for (name, value) in [
            ("another uid", r#"{"namespace":"billing","serviceaccount":{"uid":"5e5b6f0b"}}"#),
            ("a longer uid", r#"{"namespace":"billing","serviceaccount":{"uid":"5e5b6f0a0"}}"#),
            ("another namespace", r#"{"namespace":"billing2","serviceaccount":{"uid":"5e5b6f0a"}}"#),
            ("no namespace", r#"{"serviceaccount":{"uid":"5e5b6f0a"}}"#),
            ("no account", r#"{"namespace":"billing"}"#),
            ("the account is a text", r#"{"namespace":"billing","serviceaccount":"{\"uid\":\"5e5b6f0a\"}"}"#),
            ("the account is a list", r#"{"namespace":"billing","serviceaccount":[{"uid":"5e5b6f0a"}]}"#),
            ("the uid is a list", r#"{"namespace":"billing","serviceaccount":{"uid":["5e5b6f0a"]}}"#),
            ("the uid is deeper", r#"{"namespace":"billing","serviceaccount":{"uid":{"uid":"5e5b6f0a"}}}"#),
            ("the uid is a number", r#"{"namespace":"billing","serviceaccount":{"uid":5}}"#),
            ("the uid is null", r#"{"namespace":"billing","serviceaccount":{"uid":null}}"#),
            ("the uid is a level higher", r#"{"namespace":"billing","uid":"5e5b6f0a"}"#),
            ("the path is one name", r#"{"namespace":"billing","serviceaccount/uid":"5e5b6f0a"}"#),
            (
                "a pod's uid",
                r#"{"namespace":"billing","pod":{"uid":"5e5b6f0a"},"serviceaccount":{"uid":"x"}}"#,
            ),
            ("a text for all", r#""billing""#),
            ("a list for all", "[]"),
            ("null for all", "null"),
        ] {
            let token = self.cluster.token(&account().with("kubernetes.io", value).text());
            cases.refused(format!("a service account: {name}"), "sub: ", token);
        }
        let flat = account()
            .with("kubernetes.io", None)
            .and("/kubernetes.io/serviceaccount/uid", right)
            .and("/kubernetes.io/namespace", r#""billing""#);
        cases.refused("a service account: paths as names", "sub: ", self.cluster.token(&flat.text()));
        let dots =
            account().with("kubernetes.io", None).and("kubernetes", &format!(r#"{{"io":{KUBERNETES}}}"#));
        cases.refused("a service account: a dot as a path", "sub: ", self.cluster.token(&dots.text()));
    }

    fn workloads(&self, cases: &mut Cases) {
        for sub in [
            "spiffe://example.org.evil/x",
            "spiffe://example.org",
            "spiffe://example.or/x",
            "spiffe://evil/example.org/",
            "SPIFFE://example.org/x",
            "spiffe://EXAMPLE.org/x",
            "spiffe://user@example.org/x",
            "spiffe://example.org:443/x",
            "https://example.org/x",
            "spiffe:/example.org/x",
        ] {
            let token = self.workloads.token(&svid("x").with("sub", None).and("sub", &quoted(sub)).text());
            cases.refused(format!("a workload {sub}"), "sub: ", token);
        }
        cases.refused(
            "a workload without sub",
            "sub: ",
            self.workloads.token(&svid("x").with("sub", None).text()),
        );
        cases.refused(
            "a workload without aud",
            "aud: ",
            self.workloads.token(&svid("x").with("aud", None).text()),
        );
        cases.refused(
            "a workload without exp",
            "exp: ",
            self.workloads.token(&svid("x").with("exp", None).text()),
        );
        let long = svid("x").with_time("exp", 86_401);
        cases.refused("a workload for over a day", "exp: ", self.workloads.token(&long.text()));
    }

    /// What was taken is not taken again, in whichever spelling.
    fn replays(&self, cases: &mut Cases) {
        let once = self.job("once");
        cases.add("twice", vec![taken(once.clone(), 0), refused(once.clone(), 0, USED)]);
        cases.add("three times and to its end", {
            let token = self.job("to its end");
            let again = |after| refused(token.clone(), after, USED);
            vec![
                taken(token.clone(), 0),
                again(1),
                again(150),
                again(299),
                refused(token.clone(), 300, "exp: "),
            ]
        });
        cases.add("with another signature of the same", {
            let token = self.job("malleable");
            let (signed, _) = token.rsplit_once('.').unwrap();
            let first = self.ci.sign(signed.as_bytes());
            let with = |signature: &[u8]| format!("{signed}.{}", base64url(signature));
            let other = self.ci.sign(signed.as_bytes());
            vec![
                taken(with(&first), 0),
                refused(with(&mirrored(&first)), 0, USED),
                refused(with(&other), 0, USED),
                refused(with(&mirrored(&other)), 0, USED),
            ]
        });
        cases.add("with another signature of the same, without a jti", {
            let token = self.ci.token(&job("x").with("jti", None).and("run", "1").text());
            let (signed, _) = token.rsplit_once('.').unwrap();
            let first = self.ci.sign(signed.as_bytes());
            let with = |signature: &[u8]| format!("{signed}.{}", base64url(signature));
            vec![
                taken(with(&mirrored(&first)), 0),
                refused(with(&first), 0, USED),
                refused(with(&self.ci.sign(signed.as_bytes())), 0, USED),
            ]
        });
        cases.add(
            "the same jti with other claims",
            vec![
                taken(self.job("same jti"), 0),
                refused(self.ci.token(&job("same jti").and("run", "2").text()), 0, USED),
                refused(self.ci.token(&job("same jti").with_time("exp", 299).text()), 0, USED),
                refused(self.ci.token_as(r#"{"alg":"ES256"}"#, &job("same jti").text()), 0, USED),
                refused(self.ci.token(&job("x").with("jti", r#""same\u0020jti""#).text()), 0, USED),
                refused(
                    self.ci.token(&job("x").with("jti", r#""same jti""#).with_time("iat", 5).text()),
                    5,
                    USED,
                ),
            ],
        );
        cases.add(
            "another jti",
            vec![
                taken(self.job("a"), 0),
                taken(self.job("A"), 0),
                taken(self.job("a "), 0),
                taken(self.ci.token(&job("x").with("jti", "\"\u{e4}\"").text()), 0),
                taken(self.ci.token(&job("x").with("jti", "\"a\u{308}\"").text()), 0),
            ],
        );
        let svid = |path: &str, more: &str| self.workloads.token(&svid(path).and("n", more).text());
        cases.add("a workload's, without a jti", {
            let (token, other) = (svid("once", "1"), svid("once", "2"));
            vec![
                taken(token.clone(), 0),
                taken(other.clone(), 0),
                refused(token, 1, USED),
                refused(other, 299, USED),
            ]
        });
        cases.add("one jti of two workloads", {
            let with = |path: &str| self.workloads.token(&self::svid(path).and("jti", r#""1""#).text());
            vec![taken(with("left"), 0), taken(with("right"), 0), refused(with("left"), 0, USED)]
        });
        cases.add("one jti of two issuers", {
            let workload = self.workloads.token(&self::svid("both").and("jti", r#""both issuers""#).text());
            vec![taken(self.job("both issuers"), 0), taken(workload.clone(), 0), refused(workload, 0, USED)]
        });
        // What was refused is not used up.
        cases.add("refused, and then right", {
            let early = self.ci.token(&job("early").with_time("nbf", 5).text());
            vec![refused(early.clone(), 4, "nbf: "), taken(early.clone(), 5), refused(early, 6, USED)]
        });
    }
}

/// The order of P-256.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
    0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// The other signature that whoever has one of ECDSA can make: the order less s for s.
fn mirrored(signature: &[u8]) -> Vec<u8> {
    let (mut mirrored, mut borrow) = (signature.to_vec(), 0);
    for at in (0..32).rev() {
        let digit = i16::from(ORDER[at]) - i16::from(signature[32 + at]) - borrow;
        borrow = i16::from(digit < 0);
        mirrored[32 + at] = u8::try_from(digit.rem_euclid(256)).unwrap();
    }
    mirrored
}

/// A signature as ASN.1 (RFC 3279 section 2.2.3).
fn der(signature: &[u8]) -> Vec<u8> {
    let number = |bytes: &[u8]| [&[2, 33, 0], bytes].concat();
    [vec![0x30, 70], number(&signature[..32]), number(&signature[32..])].concat()
}
