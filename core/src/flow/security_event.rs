//! From an entry of the journal to a security event: whether it happened, and how CAEP says it.

use crate::encoding::base64url;
use crate::error::Result;
use crate::event_receiver::{EventReceiver, SecurityEvent};
use crate::json::{JsonMembers, JsonText, ToJson, size, to_text, write_member};
use crate::record::api_key::{ApiKey, api_key_key};
use crate::record::client::{Client, client_key};
use crate::record::journal::{Ended, EndedKind};
use crate::record::named_session::{NamedSession, named_session_key};
use crate::record::outbox::Told;
use crate::record::revoked::revoked_key;
use crate::record::session::{Session, session_key};
use crate::record::sessions_mark::{SessionsMark, sessions_mark_key};
use crate::record::watermark::{Mark, Marked};
use crate::record::{Stored, decode_some};
use crate::store::RecordKey;
use crate::time::UnixTime;

/// How much is told of the claims of a client, in bytes: an event is as small as a token.
const MOST_CLAIMS: usize = 8 * 1024;

/// What an entry is an event of; `None` where receivers are told nothing of it.
pub(super) fn event_of(entry: &Ended) -> Option<SecurityEvent> {
    match entry.kind {
        EndedKind::Session | EndedKind::NamedSession | EndedKind::Sessions | EndedKind::Subject => {
            Some(SecurityEvent::SessionRevoked)
        }
        EndedKind::Client | EndedKind::ClientDisabled | EndedKind::All => Some(SecurityEvent::SessionRevoked),
        EndedKind::Token | EndedKind::ApiKey | EndedKind::ClientSecret => {
            Some(SecurityEvent::CredentialChange)
        }
        EndedKind::ClientClaims => Some(SecurityEvent::TokenClaimsChange),
        EndedKind::ClientEnabled => None,
    }
}

/// The key of the record that says whether it happened.
pub(super) fn record_key(issuer: &str, entry: &Ended) -> RecordKey {
    let (id, client) = (id_of(entry), client_of(entry));
    let subject = subject_of(entry);
    match entry.kind {
        EndedKind::Token => revoked_key(issuer, id),
        EndedKind::Session => session_key(id),
        EndedKind::NamedSession => named_session_key(client, entry.session.as_deref().unwrap_or_default()),
        EndedKind::ApiKey => api_key_key(issuer, id),
        EndedKind::Sessions => sessions_mark_key(issuer, subject),
        EndedKind::Subject => Marked::Subject(subject).key(issuer),
        EndedKind::Client => Marked::Client(client).key(issuer),
        EndedKind::All => Marked::All.key(issuer),
        EndedKind::ClientDisabled
        | EndedKind::ClientEnabled
        | EndedKind::ClientSecret
        | EndedKind::ClientClaims => client_key(client),
    }
}

/// Whether the record says that what was announced is so.
pub(super) fn has_happened(entry: &Ended, record: Option<&Stored>) -> Result<bool> {
    let moved = |now: u64| entry.before.is_some_and(|before| now != before);
    Ok(match entry.kind {
        EndedKind::Token => record.is_some(),
        EndedKind::Session => decode_some::<Session>(record)?.is_some_and(|session| session.revoked),
        EndedKind::NamedSession => {
            decode_some::<NamedSession>(record)?.is_none_or(|found| found.instance != id_of(entry))
        }
        EndedKind::Sessions => moved(decode_some::<SessionsMark>(record)?.unwrap_or_default().epoch),
        EndedKind::Subject | EndedKind::Client | EndedKind::All => {
            moved(decode_some::<Mark>(record)?.unwrap_or_default().epoch)
        }
        EndedKind::ClientDisabled => decode_some::<Client>(record)?.is_some_and(|client| client.disabled),
        EndedKind::ClientEnabled => false,
        EndedKind::ClientSecret => decode_some::<Client>(record)?.is_some_and(|client| moved(client.proof())),
        EndedKind::ClientClaims => {
            decode_some::<Client>(record)?.is_some_and(|client| moved(client.token_claims()))
        }
        EndedKind::ApiKey => decode_some::<ApiKey>(record)?.is_some_and(|key| moved(key.proof())),
    })
}

/// Whether it is told of each session by itself: all but one have ended, which no subject identifier says.
pub(super) fn is_of_each_session(entry: &Ended) -> bool {
    entry.kind == EndedKind::Sessions && entry.except.is_some()
}

/// Whether a session is one that the log-out of its subject has ended.
pub(super) fn is_ended_by(entry: &Ended, session: &Session) -> bool {
    let opened_before = entry.before.is_some_and(|before| session.sessions_epoch <= before);
    opened_before && entry.except.as_ref() != Some(&session.id) && !session.is_over(entry.at)
}

/// The event for a receiver, of what has happened; with a session, of that one alone.
pub(super) fn told(
    issuer: &str,
    receiver: &EventReceiver,
    salt: &str,
    entry: &Ended,
    session: Option<&Session>,
    record: Option<&Stored>,
    now: UnixTime,
) -> Result<Option<Told>> {
    let Some(event) = event_of(entry) else { return Ok(None) };
    let mut payload: Vec<(&str, &dyn ToJson)> = vec![("event_timestamp", &entry.at)];
    let credential = credential(entry, record)?;
    if let Some((credential, change)) = &credential {
        payload.extend([("credential_type", credential as &dyn ToJson), ("change_type", change)]);
    }
    let claims = match event {
        SecurityEvent::TokenClaimsChange => {
            let claims = decode_some::<Client>(record)?.map(claims_of).transpose()?.flatten();
            let Some(claims) = claims else { return Ok(None) };
            Some(claims)
        }
        _ => None,
    };
    payload.extend(claims.as_ref().map(|claims| ("claims", claims as &dyn ToJson)));
    let (txn, id) = names(issuer, receiver, salt, entry, session);
    let events = JsonMembers::from([(event.uri(), members(&payload)?)]);
    let sub_id = match session {
        Some(session) => session_of(issuer, &session.id, &session.subject)?,
        None => subject(issuer, entry)?,
    };
    // RFC 8417 section 2.2; neither `sub` nor `exp`, so that nobody takes it for another token (section 4).
    let claims = members(&[
        ("iss", &issuer),
        ("jti", &id),
        ("iat", &now),
        ("aud", &receiver.audience),
        ("txn", &txn),
        ("sub_id", &sub_id),
        ("events", &events),
    ])?;
    Ok(Some(Told { id, claims }))
}

/// The `txn` and the `jti`: of what happened, and not of when it was noticed. So whoever is told twice can tell.
fn names(
    issuer: &str,
    receiver: &EventReceiver,
    salt: &str,
    entry: &Ended,
    session: Option<&Session>,
) -> (String, String) {
    let which = entry.replaces.or(entry.before).unwrap_or_default().to_string();
    let act = [issuer, &to_text(&entry.kind), id_of(entry), subject_of(entry), client_of(entry), &which];
    let txn = hash_of("security-event", &act);
    let session = session.map_or("", |session| &session.id);
    let id = hash_of("security-event-token", &[salt, &txn, &receiver.audience, session]);
    (txn, id)
}

fn hash_of(what: &'static str, parts: &[&str]) -> String {
    let key = RecordKey::of(what, parts);
    base64url(key.as_bytes().last_chunk::<16>().map_or(&[], |hash| hash.as_slice()))
}

/// What of CAEP's section 3.3 a change of credentials is. None of these is in its list of types: receivers know them from the
/// docs.
fn credential(entry: &Ended, record: Option<&Stored>) -> Result<Option<(&'static str, &'static str)>> {
    Ok(match entry.kind {
        EndedKind::Token => Some(("access_token", "revoke")),
        EndedKind::ClientSecret => Some(("client_secret", "update")),
        EndedKind::ApiKey => {
            let key = decode_some::<ApiKey>(record)?;
            let is_over = key.is_none_or(|key| key.revoked_at.is_some());
            Some(("api_key", if is_over { "revoke" } else { "update" }))
        }
        _ => None,
    })
}

/// The claims that the tokens of a client have from now on; of many, the scope alone.
fn claims_of(client: Client) -> Result<Option<JsonMembers>> {
    let scope = JsonMembers::from([("scope".to_owned(), JsonText::of(&client.scope.unwrap_or_default())?)]);
    let all: JsonMembers = client.claims.into_iter().chain(scope.clone()).collect();
    Ok([all, scope].into_iter().find(|claims| size(claims) <= MOST_CLAIMS))
}

/// Whom an event is about (RFC 9493): a simple subject, or a complex one (SSF 1.0 section 3.2).
fn subject(issuer: &str, entry: &Ended) -> Result<JsonText> {
    let (id, client) = (id_of(entry), client_of(entry));
    match entry.kind {
        // SSF 1.0 section 3.5.1.
        EndedKind::Token => members(&[("format", &"jwt_id"), ("iss", &issuer), ("jti", &id)]),
        EndedKind::Session => session_of(issuer, id, subject_of(entry)),
        EndedKind::NamedSession => {
            let name = entry.session.as_deref().unwrap_or_default();
            complex(&[("session", opaque(name)?), ("tenant", opaque(client)?)])
        }
        EndedKind::Sessions | EndedKind::Subject => user(issuer, subject_of(entry)),
        EndedKind::ApiKey => complex(&[("user", user(issuer, subject_of(entry))?), ("api_key", opaque(id)?)]),
        EndedKind::All => complex(&[("tenant", opaque(issuer)?)]),
        EndedKind::Client
        | EndedKind::ClientDisabled
        | EndedKind::ClientEnabled
        | EndedKind::ClientSecret
        | EndedKind::ClientClaims => complex(&[("application", opaque(client)?)]),
    }
}

fn session_of(issuer: &str, id: &str, subject: &str) -> Result<JsonText> {
    complex(&[("session", opaque(id)?), ("user", user(issuer, subject)?)])
}

fn user(iss: &str, sub: &str) -> Result<JsonText> {
    members(&[("format", &"iss_sub"), ("iss", &iss), ("sub", &sub)])
}

fn opaque(id: &str) -> Result<JsonText> {
    members(&[("format", &"opaque"), ("id", &id)])
}

fn complex(parts: &[(&str, JsonText)]) -> Result<JsonText> {
    let parts = parts.iter().map(|(name, part)| (*name, part as &dyn ToJson));
    members(&[("format", &"complex" as &dyn ToJson)].into_iter().chain(parts).collect::<Vec<_>>())
}

fn members(members: &[(&str, &dyn ToJson)]) -> Result<JsonText> {
    let mut text = vec![b'{'];
    members.iter().for_each(|(name, value)| write_member(&mut text, name, *value));
    text.push(b'}');
    String::from_utf8(text).unwrap_or_default().parse()
}

fn id_of(entry: &Ended) -> &str {
    entry.id.as_deref().unwrap_or_default()
}

fn subject_of(entry: &Ended) -> &str {
    entry.subject.as_deref().unwrap_or_default()
}

fn client_of(entry: &Ended) -> &str {
    entry.client.as_deref().unwrap_or_default()
}
