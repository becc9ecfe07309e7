//! The record of a single-use token: what it is for, what proves it, and who has used it.

use super::Draft;
use crate::encoding::{base64url, fingerprint, same_as_base64url};
use crate::error::{ErrorCode, Result};
use crate::event::{Event, EventKind};
use crate::issuer::Issuer;
use crate::json::{JsonMembers, object};
use crate::store::RecordKey;
use crate::time::{Moment, UnixTime};

/// How many wrong codes end a code: five guesses at six digits succeed once in 200 000 times.
pub(crate) const MAX_WRONG: u8 = 5;

object! {
    /// A single-use token.
    #[derive(Clone, Debug)]
    #[json(read, write)]
    pub(crate) struct SingleUse {
        /// The client or organization that it was made for.
        #[json(omit)]
        pub(crate) client: Option<String>,
        #[json(omit)]
        pub(crate) subject: Option<String>,
        #[json(omit)]
        pub(crate) payload: JsonMembers,
        pub(crate) expires_at: UnixTime,
        /// 16 random bytes in base64url: what the token yields is derived from them.
        pub(crate) salt: String,
        /// As a token's: whatever the token yields is of this epoch, too.
        pub(crate) epoch: u64,
        /// What proves the token, where its record can be found without all of it.
        #[json(omit)]
        pub(crate) proof: Option<String>,
        /// How many wrong codes there were, where the token is a code.
        #[json(omit)]
        pub(crate) wrong: Option<u8>,
        #[json(omit)]
        pub(crate) redeemed: Option<Redemption>,
    }
}

object! {
    /// Who used something single-use, and when.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[json(read, write)]
    pub(crate) struct Redemption {
        #[json(omit)]
        by: Option<String>,
        pub(crate) at: Moment,
        /// What was chosen at that time.
        #[json(omit)]
        pub(crate) choice: String,
    }
}

/// Where the record of a single-use token is, and the part of the token that proves it.
pub(crate) struct Place {
    pub(crate) key: RecordKey,
    /// Absent where the key follows from the whole token.
    pub(crate) secret: Option<Vec<u8>>,
    /// The token in events: nothing that a code could be found out by.
    pub(crate) name: String,
}

impl Place {
    /// The place of an issuer's token for a purpose. Of what was made for another purpose nothing is found.
    pub(crate) fn new(issuer: &str, purpose: &str, id: &[u8], secret: &[u8]) -> Self {
        let id = base64url(id);
        let key = RecordKey::of("single-use", &[issuer, purpose, &id]);
        Place { key, secret: Some(secret.to_vec()), name: fingerprint(id.as_bytes()) }
    }

    /// The place of a token that its record is found by as a whole.
    pub(crate) fn of_whole(issuer: &str, purpose: &str, token: &str) -> Self {
        let key = RecordKey::of("single-use", &[issuer, purpose, token]);
        Place { key, secret: None, name: fingerprint(token.as_bytes()) }
    }
}

impl SingleUse {
    /// A token for somebody, which `epoch` and the salt follow; `None` of all that a product may leave out.
    pub(crate) fn new(expires_at: UnixTime, salt: [u8; 16], epoch: u64) -> Self {
        SingleUse {
            client: None,
            subject: None,
            payload: JsonMembers::new(),
            expires_at,
            salt: base64url(&salt),
            epoch,
            proof: None,
            wrong: None,
            redeemed: None,
        }
    }

    /// The record of the token that is at this place; for a code, with room for wrong ones.
    pub(crate) fn proved_by(self, issuer: &Issuer, place: &Place, is_code: bool) -> Result<Self> {
        let proof = place.secret.as_ref().map(|secret| self.mac(issuer, place, secret)).transpose()?;
        Ok(SingleUse { proof: proof.map(|mac| base64url(&mac)), wrong: is_code.then_some(0), ..self })
    }

    /// Whether what was presented is the token, in constant time.
    pub(crate) fn is_proved_by(&self, issuer: &Issuer, place: &Place) -> Result<bool> {
        match (&self.proof, &place.secret) {
            (Some(proof), Some(secret)) => Ok(same_as_base64url(&self.mac(issuer, place, secret)?, proof)),
            (None, None) => Ok(true),
            _ => Ok(false),
        }
    }

    /// The MAC under the session secret: whoever has the store alone cannot try codes.
    fn mac(&self, issuer: &Issuer, place: &Place, secret: &[u8]) -> Result<[u8; 32]> {
        let parts = [place.key.as_bytes(), self.salt.as_bytes(), secret];
        Ok(issuer.sessions()?.derivation.mac("single use", &parts))
    }

    pub(crate) fn is_code(&self) -> bool {
        self.wrong.is_some()
    }

    /// Whether there is no room for another wrong code.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.wrong.is_some_and(|wrong| wrong >= MAX_WRONG)
    }

    /// The record after a wrong code.
    pub(crate) fn missed(&self) -> Self {
        SingleUse { wrong: self.wrong.map(|wrong| wrong.saturating_add(1)), ..self.clone() }
    }

    // At exactly the end the time is over.
    pub(crate) fn check_time(&self, now: UnixTime) -> Result<()> {
        if now < self.expires_at { Ok(()) } else { Err(ErrorCode::LinkExpired.into()) }
    }

    pub(crate) fn draft(&self) -> Result<Draft> {
        let draft = Draft::new(self, self.expires_at)?;
        Ok(match (&self.subject, &self.client) {
            (None, None) => draft,
            (subject, client) => {
                draft.indexed(subject.as_deref().unwrap_or_default(), client.as_deref().unwrap_or_default())
            }
        })
    }

    pub(crate) fn event(&self, kind: EventKind, place: &Place) -> Event {
        let event = Event::new(kind).id(&*place.name);
        let event = self.client.iter().fold(event, |event, client| event.client(&**client));
        self.subject.iter().fold(event, |event, subject| event.subject(&**subject))
    }
}

impl Redemption {
    pub(crate) fn new(redeemer: Option<&str>, choice: &str, now: Moment) -> Self {
        let by = redeemer.map(|name| fingerprint(name.as_bytes()));
        Redemption { by, at: now, choice: choice.to_owned() }
    }

    /// Whether a later one may be a retry of this one: the same redeemer or none, the same choice, shortly after.
    pub(crate) fn may_be_repeated_by(&self, later: &Redemption, window_seconds: u64) -> bool {
        let same = self.by == later.by && self.choice == later.choice;
        same && window_seconds > 0 && self.at.is_within(window_seconds, later.at)
    }

    /// Whether nobody can tell the redeemer from another: then one of them gets the answer, once.
    pub(crate) fn is_anonymous(&self) -> bool {
        self.by.is_none()
    }
}
