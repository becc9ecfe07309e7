//! The status lists of an issuer are made from the journal of revocations (draft-ietf-oauth-status-list).
//!
//! A revocation is announced in the journal before it is done. So a list that is made after it was acknowledged has read the
//! announcement, either now or before; and then it asks the records themselves whether it was done. What was announced and
//! is not so yet is asked about again, until nothing of it can be good any more.
//!
//! What the lists say is one record, which whoever finds it old makes anew. Of several machines that do so at once one is
//! first, and the others take what it made.

use super::Flow;
use crate::error::{Error, ErrorCode, Result};
use crate::event::{Event, EventKind};
use crate::issuer::Issuer;
use crate::json::to_bytes;
use crate::record::slot::{Lists, lists_key};
use crate::record::statuses::{Places, Statuses, statuses_key};
use crate::record::watermark::{Mark, Marked};
use crate::record::{Draft, Stored, Update, busy, decode_some};
use crate::status_policy::StatusPolicy;
use crate::task::Task;
use crate::time::{Context, Lifetime, UnixTime};
use crate::token::status_list::{STATUS_LIST_TYPE, StatusList, StatusListClaims};

/// How many entries of the journal are read at once.
const MOST_READ: usize = 500;

/// How often the lists are made again because others have written meanwhile.
const MOST_ROUNDS: usize = 8;

/// The status lists of an issuer as they are published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusListTokens {
    /// Each list that is in use, and of the generations before.
    pub lists: Vec<StatusListToken>,
    /// When the store was read: `iat` of each.
    pub issued_at: UnixTime,
    /// How long a verifier keeps them.
    pub time_to_live: Lifetime,
}

/// One status list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusListToken {
    /// Where it is to be found: `sub` in it, and in the tokens whose status it has.
    pub uri: String,
    /// The list, signed: it is served as `application/statuslist+jwt`.
    pub token: String,
}

impl Issuer {
    /// The status lists as they are now: for a host that writes them to a file or a bucket, every time they are older than
    /// [`StatusPolicy::every`]. An [`Endpoint`](crate::endpoint::Endpoint) serves them by itself.
    ///
    /// ```
    /// use tokenmint::*;
    /// let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
    /// let policy = Policy::new("https://as.example").status_lists(StatusPolicy::new("https://as.example/status"));
    /// let (issuer, store) = (Issuer::new(keys, policy)?, MemoryStore::new());
    /// let context = Context::new(UnixTime::from_seconds(1_700_000_000), [1; 32]);
    /// let published = issuer.status_lists(&context).run(&store).result?;
    /// assert!(published.lists[0].uri.starts_with("https://as.example/status/"));
    /// assert_eq!(published.time_to_live.seconds(), 10);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// `policy_invalid` at `status_lists` where the policy has none; `store_regressed` where the store has lost a write; the
    /// store's.
    pub fn status_lists(&self, context: &Context) -> Task<StatusListTokens> {
        self.task(context, |mut flow| async move { flow.status_lists().await })
    }
}

/// What the lists of one generation say, ready to be signed.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) generation: u64,
    pub(crate) made_at: UnixTime,
    pub(crate) former: Vec<u64>,
    places: Places,
}

impl Published {
    fn new(statuses: Statuses, places: Places) -> Self {
        let Statuses { generation, made_at, former, .. } = statuses;
        Published { generation, made_at, former, places }
    }

    /// When they were made, to be compared.
    pub(crate) fn time(&self) -> (u64, UnixTime) {
        (self.generation, self.made_at)
    }

    /// What a list says: of a generation before nothing is valid, and of a later one nobody knows.
    pub(crate) fn list(&self, bits: u8, generation: u64, list: u32) -> Option<StatusList> {
        use std::cmp::Ordering::{Equal, Greater, Less};
        match generation.cmp(&self.generation) {
            Less => Some(StatusList::all_invalid(bits)),
            Equal => Some(StatusList::of(bits, self.places.of(list))),
            Greater => None,
        }
    }
}

impl Flow {
    async fn status_lists(&mut self) -> Result<StatusListTokens> {
        let published = self.published().await?;
        let policy = self.status_policy()?.clone();
        let used = self.lists_in_use(published.generation).await?;
        let now = (0..used).map(|list| (published.generation, list));
        let former = published.former.iter().map(|generation| (*generation, 0));
        let mut lists = Vec::new();
        for (generation, list) in now.chain(former) {
            if let Some(said) = published.list(policy.bits, generation, list) {
                let uri = list_uri(&policy, generation, list);
                let token = self.sign_status_list(&uri, published.made_at, said).await?;
                lists.push(StatusListToken { uri, token });
            }
        }
        Ok(StatusListTokens { lists, issued_at: published.made_at, time_to_live: policy.time_to_live })
    }

    /// Signs a list.
    pub(crate) async fn sign_status_list(
        &self,
        uri: &str,
        made_at: UnixTime,
        said: StatusList,
    ) -> Result<String> {
        let policy = self.status_policy()?;
        let claims = StatusListClaims {
            iss: &self.issuer.policy().issuer,
            sub: uri,
            iat: made_at,
            exp: made_at.after(policy.lifetime),
            ttl: policy.time_to_live.seconds(),
            status_list: said,
        };
        self.issuer.sign_long_with_host(&self.io, STATUS_LIST_TYPE, to_bytes(&claims)).await
    }

    pub(crate) fn status_policy(&self) -> Result<&StatusPolicy> {
        self.issuer.policy().status_lists.as_ref().ok_or_else(|| {
            Error::new(ErrorCode::PolicyInvalid).at("status_lists").because("the policy has no status lists")
        })
    }

    /// How many lists of a generation may have tokens; at least one, so that a verifier finds it before there is any.
    async fn lists_in_use(&self, generation: u64) -> Result<u32> {
        let [lists] = self.records.load([lists_key(&self.issuer.policy().issuer)]).await?;
        let lists = decode_some::<Lists>(lists.as_ref())?.filter(|lists| lists.generation == generation);
        Ok(lists.map_or(1, |lists| lists.used.max(1)))
    }

    /// What the lists say, as it was written less than the policy's age ago, or is written now.
    pub(crate) async fn published(&mut self) -> Result<Published> {
        let every = self.status_policy()?.every;
        let issuer = self.issuer.policy().issuer.clone();
        let keys = [statuses_key(&issuer), Marked::All.key(&issuer)];
        let [found, mark] = self.records.load(keys).await?;
        let (mut update, mut generation) = (Update::new(statuses_key(&issuer), found), generation_of(mark)?);
        for _ in 0..MOST_ROUNDS {
            let known = update.found::<Statuses>()?.unwrap_or_else(|| Statuses::new(generation));
            if known.generation > generation {
                // Whoever made them may know of what was revoked since.
                generation = self.generation(&issuer).await?;
            }
            if known.generation > generation {
                self.emit(Event::new(EventKind::StoreRegressed).generation(known.generation));
                return Err(ErrorCode::StoreRegressed.into());
            }
            if known.generation == generation && known.made_at.is_near(self.now(), every) {
                let places = self.records.places(&issuer, &known).await?;
                return Ok(Published::new(known, places));
            }
            let mut next = known.of_generation(generation);
            let places = self.read_journal(&issuer, &mut next).await?;
            // Of another generation there may be tokens already, and what was read of them would be forgotten.
            let later = self.generation(&issuer).await?;
            if later != generation {
                generation = later;
                continue;
            }
            self.records.put_places(&issuer, &mut next, &places).await?;
            if self.records.write(&mut update, Draft::permanent(&next)?).await? {
                return Ok(Published::new(next, places));
            }
        }
        Err(busy())
    }

    /// The issuer's own counter: by it the generation of a token's place is known, too.
    async fn generation(&self, issuer: &str) -> Result<u64> {
        let [mark] = self.records.load([Marked::All.key(issuer)]).await?;
        generation_of(mark)
    }

    /// Reads what was announced since, and says of each place that it may have changed what it is now.
    async fn read_journal(&mut self, issuer: &str, next: &mut Statuses) -> Result<Places> {
        next.made_at = self.now();
        let mut places = self.records.places(issuer, next).await?;
        places.forget_ended(self.now());
        let mut entries = std::mem::take(&mut next.pending);
        loop {
            let (more, cursor) = self.records.journal_after(issuer, &next.cursor, MOST_READ).await?;
            let last = more.len() < MOST_READ;
            entries.extend(more);
            next.cursor = cursor;
            if last {
                break;
            }
        }
        for entry in entries {
            let is_so = self.follow(&entry, next.generation, &mut places).await?;
            if !is_so && self.now() < entry.until {
                next.wait_for(entry);
            }
        }
        Ok(places)
    }
}

fn generation_of(mark: Option<Stored>) -> Result<u64> {
    Ok(decode_some::<Mark>(mark.as_ref())?.unwrap_or_default().epoch)
}

/// Where a list is.
pub(crate) fn list_uri(policy: &StatusPolicy, generation: u64, list: u32) -> String {
    format!("{}/{generation}-{list}", policy.uri)
}
