//! Who asks: clients with an id, and a secret or a key to prove it, and bearer API keys.
//!
//! An unknown id takes the same commands and the same work as a wrong secret, and gets the same answer.

use super::assertion::{Single, refused};
use super::{Flow, client_assertion};
use crate::credential::SecretHash;
use crate::encoding::{fingerprint, sha256};
use crate::error::{Error, ErrorCode, Result};
use crate::record::client::{BearerKey, Client, Permission, bearer_key_record, client_key};
use crate::record::{Stored, decode_some, decode_value};
use crate::secret::Secret;
use crate::store::RecordKey;
use crate::token::unverified;

/// Who a client says it is, and how it proves that.
#[derive(Clone, Debug)]
pub struct ClientProof {
    /// The id.
    pub id: String,
    means: Means,
}

#[derive(Clone, Debug)]
enum Means {
    Secret(Secret),
    Assertion(Secret),
    Nothing,
}

impl ClientProof {
    /// An id and a secret as they were presented.
    pub fn new(id: impl Into<String>, secret: impl Into<Secret>) -> Self {
        ClientProof { id: id.into(), means: Means::Secret(secret.into()) }
    }

    /// A JWT that the client has signed with one of its keys (RFC 7523 section 2.2). Its `sub` is the id, which is nobody's
    /// before the flow has verified it.
    ///
    /// `iss` and `sub` are the client, each value of `aud` is the issuer or the
    /// [token endpoint](crate::Policy::token_endpoint), `exp` is at most two hours ahead, and `jti` was not used before.
    ///
    /// ```
    /// # #[cfg(feature = "aws-lc")] {
    /// use tokenmint::*;
    /// use tokenmint::directory::{self, Client};
    /// let context = |seed| Context::new(UnixTime::from_seconds(1_700_000_000), [seed; 32]);
    /// let key = Key::generate(Some("c1-key"), Algorithm::EdDSA, &mut Entropy::new([3; 32]))?;
    /// let own = KeySet::builder().key(key)?.build()?;
    ///
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let (issuer, store) = (Issuer::new(keys, Policy::new("https://api.example.com"))?, MemoryStore::new());
    /// let jwks = serde_json::from_str(&own.public_jwks()).unwrap();
    /// let client = Client::without_secret("c1", "org_1").jwks(jwks).permission(Permission::ClientCredentials);
    /// directory::create_client(client, &context(1)).run(&store).result?;
    ///
    /// // Whatever the client signs with; here, this crate as well.
    /// let signer = Issuer::new(own, Policy::new("c1"))?;
    /// let claims = Claims::new().subject("c1").audience("https://api.example.com");
    /// let proof = ClientProof::assertion(signer.mint(&claims, Lifetime::MINUTE, &context(2))?);
    /// assert_eq!(proof.id, "c1");
    /// assert!(issuer.client_credentials(proof.clone(), &context(3)).run(&store).result.is_ok());
    /// let again = issuer.client_credentials(proof, &context(4)).run(&store).result;
    /// assert_eq!(again.unwrap_err().code(), ErrorCode::InvalidClient);
    /// # }
    /// # Ok::<(), tokenmint::Error>(())
    /// ```
    pub fn assertion(jwt: impl Into<String>) -> Self {
        let jwt = jwt.into();
        let id = unverified::decode(&jwt).ok().and_then(|seen| seen.subject()).unwrap_or_default();
        ClientProof { id, means: Means::Assertion(jwt.into()) }
    }

    /// An id alone: who it is, for a client that can keep no secret (RFC 6749 section 2.1). Only a client that is
    /// [public](crate::directory::Client::public) is taken at its word.
    pub fn public(id: impl Into<String>) -> Self {
        ClientProof { id: id.into(), means: Means::Nothing }
    }

    /// Whether it proves nothing.
    pub fn is_public(&self) -> bool {
        matches!(self.means, Means::Nothing)
    }
}

/// What a client must be beyond the holder of its secret.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Demand<'a> {
    /// What it wants to do; whatever it may do where absent.
    pub(crate) permission: Option<Permission>,
    /// The name that it states: its own, if it has one.
    pub(crate) name: Option<&'a str>,
    /// Something about the request is wrong already. The work is done all the same, so nobody learns what.
    pub(crate) unmet: bool,
    /// Whether one that has proved itself is told that it may not do this (RFC 6749 section 5.2: `unauthorized_client`).
    pub(crate) told: bool,
}

impl From<Permission> for Demand<'_> {
    fn from(permission: Permission) -> Self {
        Demand { permission: Some(permission), ..Demand::default() }
    }
}

impl Demand<'_> {
    /// As of a permission; one that has proved itself and lacks it is told so.
    pub(crate) fn told(permission: Permission) -> Self {
        Demand { told: true, ..permission.into() }
    }

    fn is_met_by(&self, client: &Client) -> bool {
        let permitted = self.told || self.permits(client);
        permitted && client.answers_to(self.name) && !self.unmet && !client.disabled
    }

    fn permits(&self, client: &Client) -> bool {
        self.permission.is_none_or(|needed| {
            // RFC 6749 section 4.4: this grant MUST only be used by confidential clients.
            client.permissions.contains(&needed)
                && !(client.public && needed == Permission::ClientCredentials)
        })
    }
}

impl Flow {
    /// Proves a client by what it presents, and counts the request against its limit. An assertion is used up by that.
    pub(crate) async fn authenticate(
        &mut self,
        proof: &ClientProof,
        entry: Option<&Stored>,
        demand: Demand<'_>,
    ) -> Result<Client> {
        let unknown = entry.is_none();
        // A copy, as the store makes one of what it has.
        let decoy = unknown.then(|| DECOY.as_bytes().to_vec());
        let value = entry.map(|entry| entry.value.as_slice()).or(decoy.as_deref());
        let client: Client = decode_value(value.unwrap_or_default())?;
        let proved = self.proves(proof, &client).await;
        let met = demand.is_met_by(&client);
        let proved = match proved {
            Ok(_) if unknown || !met => Err(ErrorCode::InvalidClient.into()),
            Ok(Some(assertion)) => (self.use_up(assertion).await)
                .map_err(|error| refused(ErrorCode::InvalidClient, client_assertion::FIELD, error)),
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = proved {
            // The store or the host could not say.
            if error.code().http_status() >= 500 {
                return Err(error);
            }
            let error = self.failure(&proof.id, error).await;
            // What is not known as an id may be anything, a secret in the wrong field too.
            let stranger = fingerprint(proof.id.as_bytes());
            return self.refuse(if unknown { &stranger } else { &proof.id }, error);
        }
        // Whoever says that they are a public client could use up its limit: what it gets is counted.
        if !proof.is_public() {
            self.admit(&client.id).await?;
        }
        if !demand.permits(&client) {
            return self.refuse(&client.id, ErrorCode::UnauthorizedClient.into());
        }
        Ok(client)
    }

    /// Whether a client presents what only it has; an assertion is still to be used up.
    async fn proves(&self, proof: &ClientProof, client: &Client) -> Result<Option<Single>> {
        let proved = match &proof.means {
            Means::Secret(secret) => client.has_secret(secret.expose(), self.now()),
            Means::Nothing => client.public,
            Means::Assertion(jwt) => {
                let jwt = std::str::from_utf8(jwt.expose()).unwrap_or_default();
                return self.check_client_assertion(&proof.id, jwt, &client.jwks).await.map(Some);
            }
        };
        if proved { Ok(None) } else { Err(ErrorCode::InvalidClient.into()) }
    }

    /// Proves the organization behind a bearer API key, and counts the request against its limit.
    pub(crate) async fn authenticate_bearer(
        &mut self,
        bearer: &Secret,
        permission: Permission,
    ) -> Result<BearerKey> {
        self.bearer_key(bearer, Some(permission)).await
    }

    /// The API key of a bearer that may do something, or anything.
    pub(crate) async fn bearer_key(
        &mut self,
        bearer: &Secret,
        permission: Option<Permission>,
    ) -> Result<BearerKey> {
        let hash = SecretHash::of(bearer.expose());
        let [entry] = self.records.load([bearer_key_record(&hash)]).await?;
        match decode_some::<BearerKey>(entry.as_ref())? {
            Some(key)
                if !key.disabled && permission.is_none_or(|needed| key.permissions.contains(&needed)) =>
            {
                self.admit(&key.organization).await?;
                Ok(key)
            }
            _ => {
                let name = hash.fingerprint();
                let error = self.failure(&name, ErrorCode::Unauthenticated).await;
                self.refuse(&name, error)
            }
        }
    }

    /// A client that proves itself, and meets a demand.
    pub(crate) async fn proven(&mut self, proof: &ClientProof, demand: Demand<'_>) -> Result<Client> {
        let [entry] = self.records.load([client_key(&proof.id)]).await?;
        self.authenticate(proof, entry.as_ref(), demand).await
    }

    /// Counts a request against the client's limit.
    pub(crate) async fn admit(&mut self, client: &str) -> Result<()> {
        let Some(rate) = self.issuer.policy().client_rate else { return Ok(()) };
        match self.records.throttle(RecordKey::of("rate", &[client]), rate).await {
            Ok(()) => Ok(()),
            Err(error) => self.refuse(client, error),
        }
    }

    /// The error for a failed attempt: the reason, or the limit on failures.
    ///
    /// Names are counted in 4096 buckets, so made-up names cannot fill the store. A full bucket never keeps a right
    /// secret out: nobody can lock a client out by failing in its name.
    pub(crate) async fn failure(&mut self, name: &str, error: impl Into<Error>) -> Error {
        let Some(rate) = self.issuer.policy().failure_rate else { return error.into() };
        let bucket = match sha256(name.as_bytes()) {
            [high, low, ..] => u16::from_be_bytes([high, low]) % 4096,
        };
        match self.records.throttle(RecordKey::of("failures", &[&bucket.to_string()]), rate).await {
            Ok(()) => error.into(),
            Err(error) => error,
        }
    }
}

/// The record that stands in for an unknown client's: of the same members and about as long, so that it is read like a
/// real one, and matched by nothing.
const DECOY: &str = r#"{"id":"00000000-0000-0000-0000-000000000000","organization":"organization","secrets":["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],"permissions":["client_credentials","entity_user"],"disabled":false}"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::UnixTime;

    #[test]
    fn the_decoy_is_a_record_like_any_other() {
        let id = "eb959578-a74d-4ac3-8b25-bf0910027857";
        let client = Client::new(id, "organization", SecretHash::of(b"secret"))
            .permission(Permission::ClientCredentials)
            .permission(Permission::EntityUser);
        let decoy: Client = decode_value(DECOY.as_bytes()).unwrap();
        assert_eq!(crate::json::to_text(&decoy), DECOY);
        let disguised =
            Client { id: decoy.id, organization: decoy.organization, secrets: decoy.secrets, ..client };
        assert_eq!(crate::json::to_text(&disguised), DECOY, "as long, and of the same members");
    }

    #[test]
    fn a_public_client_is_taken_at_its_word_and_nobody_else_is() {
        use crate::{Context, Issuer, KeySet, MemoryStore, Policy, directory};
        let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
        let (issuer, store) = (Issuer::new(keys, Policy::new("i")).unwrap(), MemoryStore::new());
        let context = Context::new(UnixTime::from_seconds(1_700_000_000), [1; 32]);
        let secret = Client::new("web", "o", SecretHash::of(b"s"));
        for client in [Client::without_secret("app", "o").public(), secret] {
            directory::create_client(client, &context).run(&store).result.unwrap();
        }
        let is_client = |proof: ClientProof| {
            let task =
                issuer.task(&context, |mut flow| async move { flow.proven(&proof, Demand::default()).await });
            task.run(&store).result.ok().map(|client| client.id)
        };
        assert_eq!(is_client(ClientProof::public("app")).as_deref(), Some("app"));
        assert_eq!(is_client(ClientProof::new("web", "s")).as_deref(), Some("web"));
        for wrong in [
            ClientProof::public("web"),
            ClientProof::public("nobody"),
            ClientProof::public(""),
            ClientProof::new("app", ""),
            ClientProof::new("app", "s"),
        ] {
            assert_eq!(is_client(wrong.clone()), None, "{wrong:?}");
        }
    }
}
