//! What is known of an access token that stands.

use std::fmt;

use crate::time::UnixTime;

/// A token that stands: verified, and not revoked.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ActiveToken {
    /// The client or organization that it was issued to.
    pub client: Option<String>,
    /// Whom it is about.
    pub subject: Option<String>,
    /// Its scope.
    pub scope: Option<String>,
    /// Its id.
    pub id: Option<String>,
    /// When it was issued.
    pub issued_at: Option<UnixTime>,
    /// When it ends.
    pub expires_at: Option<UnixTime>,
    /// Whom it is for: all that `aud` names.
    pub audience: Vec<String>,
    /// The verified claims as one JSON object: those of a JWT as they stand in it, and of an opaque token those that a
    /// JWT in its place would have.
    pub claims: String,
}

// The claims may say anything.
impl fmt::Debug for ActiveToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActiveToken")
            .field("client", &self.client)
            .field("subject", &self.subject)
            .field("scope", &self.scope)
            .field("id", &self.id)
            .field("issued_at", &self.issued_at)
            .field("expires_at", &self.expires_at)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}
