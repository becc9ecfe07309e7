//! Keys: where they come from.

use std::fmt;

use crate::dialect::JWKS_MAX_AGE;
use crate::dialect::section::SessionSecret;
use crate::error::{Error, ErrorCode, Result};
use crate::json::object;
use crate::key::{Algorithm, Key};
use crate::rotation::{KeyRing, RingSchedule};
use crate::secret::Secret;
use crate::time::Lifetime;
use crate::values::SecretText;
use crate::values::shown;

/// Where a host finds what a configuration only points to. Each method refuses unless a host has it.
pub trait Secrets {
    /// The contents of a file.
    ///
    /// # Errors
    /// The host's reason, without the contents.
    fn file(&mut self, path: &str) -> Result<Secret> {
        let _ = path;
        Err(refused("this host reads no files; give the value itself"))
    }

    /// What a key ring's file holds now. Unlike any other file it changes while the host runs.
    ///
    /// # Errors
    /// As [`Secrets::file`].
    fn ring_file(&mut self, path: &str) -> Result<Secret> {
        self.file(path)
    }

    /// The value of an environment variable.
    ///
    /// # Errors
    /// The host's reason, without the value.
    fn env(&mut self, name: &str) -> Result<Secret> {
        let _ = name;
        Err(refused("this host reads no environment; give the value itself"))
    }

    /// A new key that lasts as long as the process.
    ///
    /// # Errors
    /// The host's reason.
    fn generate_key(&mut self, kid: &str, alg: Algorithm) -> Result<Key> {
        let _ = (kid, alg);
        Err(refused("this host generates no keys"))
    }

    /// 32 new random bytes.
    ///
    /// # Errors
    /// The host's reason.
    fn random(&mut self) -> Result<[u8; 32]> {
        Err(refused("this host generates no secrets"))
    }

    /// Says that this host fetches the public keys at a URL when they are needed ([`Endpoint::keys_wanted`]).
    ///
    /// [`Endpoint::keys_wanted`]: crate::endpoint::Endpoint::keys_wanted
    ///
    /// # Errors
    /// The host's reason.
    fn keys_at(&mut self, url: &str) -> Result<()> {
        let _ = url;
        Err(refused("this host fetches no keys; give jwks, the keys themselves"))
    }
}

/// A host that has no files, no environment and no randomness: a configuration must hold all it needs.
#[derive(Clone, Copy, Debug, Default)]
pub struct InlineOnly;

impl Secrets for InlineOnly {}

object! {
    /// A key or a ring of keys: its id, its algorithm, and one of the places where it comes from.
    #[derive(Clone, Debug)]
    #[json(read)]
    pub struct KeySource {
        /// Its id: the dialects name it, and tokens carry it. A ring's keys have ids of their own, which tokens carry.
        pub kid: String,
        /// Its algorithm. `HS256` where absent for a secret; EC and Ed25519 keys and most JWKs need none.
        pub alg: Option<Algorithm>,
        /// A shared secret, as text.
        pub secret: Option<SecretText>,
        /// A file that holds a shared secret.
        pub secret_file: Option<String>,
        /// An environment variable that holds a shared secret.
        pub secret_env: Option<String>,
        /// A PEM block.
        pub pem: Option<SecretText>,
        /// A file that holds a PEM block.
        pub pem_file: Option<String>,
        /// A JWK, as JSON text.
        pub jwk: Option<SecretText>,
        /// A file that holds a JWK.
        pub jwk_file: Option<String>,
        /// A key ring, as [`KeyRing::to_json`] gives it: its active key signs, those that are not gone verify and are
        /// published. Tokens live no longer than the ring's rules say.
        pub ring: Option<SecretText>,
        /// A file that holds a key ring.
        pub ring_file: Option<String>,
        /// A new key at each start, for demonstrations: whatever it signed ends with the process.
        #[json(default)]
        pub generate: bool,
        /// The host holds the key, knows it as `kid` and is asked for its signatures: see [`Key::held_by_host`]. It needs an
        /// `alg`; a PEM block or JWK beside it is its public half.
        #[json(default)]
        pub held: bool,
    }
}

/// What a source gives.
pub(super) struct Keys {
    /// The one that signs comes first.
    pub(super) keys: Vec<Key>,
    /// The longest life that their tokens may have; a ring drops a key after that time.
    pub(super) longest: Option<Lifetime>,
    /// The ring that they come from.
    pub(super) ring: Option<RingSchedule>,
}

impl KeySource {
    /// The key, or those of the ring.
    pub(super) fn keys(&self, secrets: &mut dyn Secrets) -> Result<Keys> {
        if self.kid.is_empty() {
            return Err(refused("a key has an id").at("kid"));
        }
        let source = self.source()?;
        let one = |key| Keys { keys: vec![key], longest: None, ring: None };
        let (field, keys) = match source {
            field if self.held => (field.unwrap_or("held"), self.read_held(field, secrets).map(one)),
            Some(field) if field.starts_with("ring") => (field, self.read_ring(secrets)),
            Some(field) => (field, self.read(field, secrets).map(one)),
            None => {
                return Err(refused(format!(
                    "the key {} comes from nowhere; give one of {}, held",
                    shown(&self.kid),
                    self.sources().map(|(name, _)| name).join(", ")
                )));
            }
        };
        keys.map_err(|error| error.within(field))
    }

    /// The fields that say where the key comes from, and which are there.
    fn sources(&self) -> [(&'static str, bool); 10] {
        [
            ("secret", self.secret.is_some()),
            ("secret_file", self.secret_file.is_some()),
            ("secret_env", self.secret_env.is_some()),
            ("pem", self.pem.is_some()),
            ("pem_file", self.pem_file.is_some()),
            ("jwk", self.jwk.is_some()),
            ("jwk_file", self.jwk_file.is_some()),
            ("ring", self.ring.is_some()),
            ("ring_file", self.ring_file.is_some()),
            ("generate", self.generate),
        ]
    }

    /// The one of them that is there.
    fn source(&self) -> Result<Option<&'static str>> {
        let given = self.sources().into_iter().filter_map(|(name, given)| given.then_some(name));
        match given.collect::<Vec<_>>().as_slice() {
            [] => Ok(None),
            [only] => Ok(Some(only)),
            several => Err(refused(format!(
                "the key {} comes from one place; found {}",
                shown(&self.kid),
                several.join(" and ")
            ))),
        }
    }

    fn read_held(&self, field: Option<&'static str>, secrets: &mut dyn Secrets) -> Result<Key> {
        let Some(alg) = self.alg else { return Err(refused("a key that the host holds needs an alg")) };
        let public = match field {
            None => None,
            Some(field) if field.starts_with("pem") || field.starts_with("jwk") => {
                Some(self.read(field, secrets)?)
            }
            Some(_) => {
                return Err(refused(
                    "the host holds the key; what can be given is its public half, as PEM or JWK",
                ));
            }
        };
        Key::held_by_host(&self.kid, alg, public)
    }

    fn read_ring(&self, secrets: &mut dyn Secrets) -> Result<Keys> {
        if self.alg.is_some() {
            return Err(refused("the keys of a ring have algorithms of their own; leave out alg"));
        }
        let json = match (&self.ring, &self.ring_file) {
            (Some(text), _) => text.0.clone(),
            (_, Some(path)) => secrets.ring_file(path)?,
            _ => return Err(ErrorCode::Internal.into()),
        };
        let ring = KeyRing::from_json(text(&json)?)?;
        let rules = ring.rules();
        if rules.jwks_max_age_seconds < u64::from(JWKS_MAX_AGE) {
            return Err(refused(format!(
                "the endpoint lets its key set be kept for {JWKS_MAX_AGE} seconds, but the ring's jwks_max_age_seconds \
                 is {}: a key would sign before every verifier knows it",
                rules.jwks_max_age_seconds
            )));
        }
        let longest = Lifetime::from_seconds(rules.token_lifetime_seconds)
            .map_err(|_| refused("the ring's token_lifetime_seconds is 0: no token can live"))?;
        let keys = ring.key_set()?.keys().cloned().collect();
        Ok(Keys { keys, longest: Some(longest), ring: Some(RingSchedule::new(&self.kid, ring)) })
    }

    fn read(&self, field: &'static str, secrets: &mut dyn Secrets) -> Result<Key> {
        if self.generate {
            let alg = self.alg.ok_or_else(|| refused("a new key needs an alg"))?;
            return secrets.generate_key(&self.kid, alg);
        }
        let inline = [&self.secret, &self.pem, &self.jwk].into_iter().flatten().next();
        let file = [&self.secret_file, &self.pem_file, &self.jwk_file].into_iter().flatten().next();
        let secret = match (inline, file, &self.secret_env) {
            (Some(text), ..) => text.0.clone(),
            (_, Some(path), _) => secrets.file(path)?,
            (.., Some(name)) => secrets.env(name)?,
            _ => return Err(ErrorCode::Internal.into()),
        };
        if field.starts_with("secret") {
            return Key::hmac(Some(&self.kid), self.alg.unwrap_or(Algorithm::HS256), secret);
        }
        let text = text(&secret)?;
        if field.starts_with("pem") {
            return Key::from_pem(Some(&self.kid), self.alg, text);
        }
        let key = match self.alg {
            Some(alg) => Key::from_jwk_as(alg, text)?,
            None => Key::from_jwk(text)?,
        };
        match key.kid() {
            Some(own) if own != self.kid => Err(Error::new(ErrorCode::KeyMalformed).because(format!(
                "the JWK's kid is {}, the configuration says {}",
                shown(own),
                shown(&self.kid)
            ))),
            _ => Ok(key.with_kid(Some(&self.kid))),
        }
    }
}

/// Where a session secret comes from: at most one of four fields.
pub(super) fn session_secret(given: &SessionSecret<'_>, secrets: &mut dyn Secrets) -> Result<Option<Secret>> {
    let read = |field: &'static str, result: Result<Secret>| result.map_err(|error| error.within(field));
    match (given.text, given.file, given.env, given.generate) {
        (None, None, None, false) => Ok(None),
        (Some(text), None, None, false) => Ok(Some(text.0.clone())),
        (None, Some(path), None, false) => read("session_secret_file", secrets.file(path)).map(Some),
        (None, None, Some(name), false) => read("session_secret_env", secrets.env(name)).map(Some),
        (None, None, None, true) => {
            let random = secrets.random().map(|bytes| Secret::from(bytes.as_slice()));
            read("session_secret_generate", random).map(Some)
        }
        _ => Err(refused("the session secret comes from one place").at("session_secret")),
    }
}

fn text(secret: &Secret) -> Result<&str> {
    std::str::from_utf8(secret.expose())
        .map_err(|_| Error::new(ErrorCode::KeyMalformed).because("the key is not text"))
}

fn refused(text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorCode::PolicyInvalid).because(text)
}

impl fmt::Debug for dyn Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(..)")
    }
}
