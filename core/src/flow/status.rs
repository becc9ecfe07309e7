//! The status of a token: its place in a list (draft-ietf-oauth-status-list section 6), taken before the token is minted.
//!
//! What ends a token writes down first [what may be about to end](crate::record::journal), and here a place is written first,
//! before a look at what the token hangs on. So a revocation that was acknowledged before that look refuses the token, and
//! one that comes after it finds the place.

use super::Flow;
use super::active_token::ActiveToken;
use super::standing::Hanging;
use crate::claims::Claims;
use crate::error::{ErrorCode, Result};
use crate::json::{self, object};
use crate::policy::{AccessFormat, Policy};
use crate::record::access::Lineage;
use crate::record::named_session::InNamedSession;
use crate::record::slot::{LISTS, Lists, Place, Slot, Taken, lists_key, slot_key};
use crate::record::watermark::{Mark, Marked};
use crate::record::{Change, Decision, Draft, Update, busy, decode_some};
use crate::status_policy::StatusPolicy;
use crate::time::Lifetime;

/// The claim that holds it.
pub(crate) const STATUS: &str = "status";

object! {
    /// The value of the claim.
    #[json(read, write)]
    struct Status {
        status_list: StatusList,
    }

    /// Which bit of which list.
    #[json(read, write)]
    struct StatusList {
        idx: u32,
        uri: String,
    }
}

/// What a token hangs on that is to be minted.
#[derive(Clone, Copy, Default)]
pub(crate) struct Hangs<'a> {
    pub(crate) client: Option<&'a str>,
    pub(crate) subject: Option<&'a str>,
    pub(crate) epoch: u64,
    /// A session, whose own write decides whether it still lives; and the counter that it has of the mark over sessions.
    pub(crate) session: Option<(&'a str, u64)>,
    pub(crate) named_session: Option<Named<'a>>,
    pub(crate) narrowed: Option<Narrowed<'a>>,
}

/// A named session.
#[derive(Clone, Copy)]
pub(crate) struct Named<'a> {
    pub(super) session: &'a InNamedSession,
    /// Whether it lives already; else its own write decides.
    pub(super) is_there: bool,
}

/// What a token is narrowed from.
#[derive(Clone, Copy)]
pub(crate) struct Narrowed<'a> {
    pub(super) parent: &'a Hanging,
    /// Where the parent stands, if it does: what is narrowed from a token without a status has none.
    pub(super) place: Option<Place>,
    pub(super) lineage: &'a Lineage,
}

impl Policy {
    /// Whether the access tokens of the flows have a status.
    pub(super) fn lists_access_tokens(&self) -> bool {
        self.status_lists.is_some() && self.access_format == AccessFormat::Jwt
    }
}

impl StatusPolicy {
    /// Where a token stands, of the claims that this policy has given it.
    pub(super) fn place(&self, status: Option<&str>) -> Option<Place> {
        let Status { status_list: StatusList { idx, uri } } = json::from_text(status?).ok()?;
        let (_, list) = uri.strip_prefix(&self.uri)?.strip_prefix('/')?.split_once('-')?;
        Some(Place { list: list.parse().ok()?, index: idx })
    }

    fn status(&self, generation: u64, Place { list, index }: Place) -> Status {
        Status { status_list: StatusList { idx: index, uri: format!("{}/{generation}-{list}", self.uri) } }
    }
}

impl Flow {
    /// Takes a place for a token where the policy has lists, and says so in its claims. They have the token's id.
    ///
    /// `store_busy` where something that it hangs on has ended meanwhile: whoever asks again is told what.
    pub(super) async fn take_place(
        &mut self,
        claims: &mut Claims,
        lifetime: Lifetime,
        hangs: Hangs<'_>,
    ) -> Result<Option<Taken>> {
        let Some(lists) = self.issuer.policy().status_lists.clone() else { return Ok(None) };
        let mut parent = match hangs.narrowed {
            None => None,
            Some(Narrowed { place: None, .. }) => return Ok(None),
            Some(Narrowed { place: Some(place), parent, .. }) => Some(self.slot_of(place, parent).await?),
        };
        let ends_at = self.now().after(lifetime);
        let slot = Slot {
            list: 0,
            index: 0,
            generation: 0,
            id: claims.id.clone().unwrap_or_default(),
            client: hangs.client.map(str::to_owned),
            subject: hangs.subject.unwrap_or_default().to_owned(),
            epoch: hangs.epoch,
            session: hangs.session.map(|(id, _)| id.to_owned()),
            sessions_epoch: hangs.session.map(|(_, epoch)| epoch),
            instance: hangs.named_session.map(|named| named.session.instance.clone()),
            narrowed_from: Vec::new(),
            from_clients: Vec::new(),
            ends_at,
            until: self.presentable_until(ends_at).after(lists.lifetime),
            children: Vec::new(),
            more_children: false,
        };
        let slot = match (hangs.narrowed, &parent) {
            (Some(Narrowed { lineage, .. }), Some((_, of_parent))) => slot.below(of_parent, lineage),
            _ => slot,
        };
        let (generation, place) = self.free_place(slot).await?;
        // With a leeway it is taken a little longer than it lives.
        let taken = place.taken(self.presentable_until(ends_at));
        if let Some((update, _)) = &mut parent {
            self.add_child(update, taken).await?;
        }
        let hanging = hangs.hanging(claims.id.as_deref());
        self.stands(&hanging).await.map_err(|error| match error.code() {
            ErrorCode::TokenRevoked => busy(),
            _ => error,
        })?;
        *claims = std::mem::take(claims).set_own(STATUS, &lists.status(generation, place));
        Ok(Some(taken))
    }

    /// The record of the place that a token has.
    async fn slot_of(&self, place: Place, token: &Hanging) -> Result<(Update, Slot)> {
        let update = self.records.open(slot_key(&self.issuer.policy().issuer, place)).await?;
        let slot = update.found::<Slot>()?.filter(|slot| token.token.id.as_ref() == Some(&slot.id));
        // It was there before the token was given.
        Ok((update, slot.ok_or(ErrorCode::StoreRegressed)?))
    }

    /// Says in the slot of a token that another is narrowed from it.
    async fn add_child(&mut self, update: &mut Update, child: Taken) -> Result<()> {
        let issuer = self.issuer.policy().issuer.clone();
        loop {
            let slot: Slot = update.found()?.ok_or(ErrorCode::StoreRegressed)?;
            let slot = slot.with_child(child, self.now());
            if self.records.write(update, slot.draft(&issuer)?).await? {
                return Ok(());
            }
        }
    }

    /// Writes a slot to a free place of the generation of now.
    async fn free_place(&mut self, slot: Slot) -> Result<(u64, Place)> {
        let issuer = self.issuer.policy().issuer.clone();
        for lists in &LISTS {
            let places: [Place; 6] = std::array::from_fn(|_| Place::any(lists, self.entropy()));
            let [a, b, c, d, e, f] = places.map(|place| slot_key(&issuer, place));
            let [mark, used, a, b, c, d, e, f] =
                (self.records).load([Marked::All.key(&issuer), lists_key(&issuer), a, b, c, d, e, f]).await?;
            let generation = decode_some::<Mark>(mark.as_ref())?.unwrap_or_default().epoch;
            let mut used = decode_some::<Lists>(used.as_ref())?.unwrap_or_default().used_in(generation);
            for (place, found) in places.into_iter().zip([a, b, c, d, e, f]) {
                let known = decode_some::<Slot>(found.as_ref())?;
                if !Slot::is_free(known.as_ref(), generation, self.now()) {
                    continue;
                }
                if place.list >= used {
                    used = self.open_list(generation, place.list).await?;
                }
                let write = slot.at(place, generation).draft(&issuer)?;
                if let Change::Done = self.records.replace(&slot_key(&issuer, place), found, write).await? {
                    return Ok((generation, place));
                }
            }
        }
        Err(busy())
    }

    /// Says that a list is in use: whoever makes the lists knows of it before there is a token.
    async fn open_list(&mut self, generation: u64, list: u32) -> Result<u32> {
        let issuer = self.issuer.policy().issuer.clone();
        self.records.register(&issuer).await?;
        let write = |found: Option<Lists>| {
            let used = found.unwrap_or_default().used_in(generation);
            let lists = Lists { generation, used: used.max(list + 1) };
            match lists.used > used {
                true => Ok(Decision::Write(Draft::permanent(&lists)?, lists.used)),
                false => Ok(Decision::Leave(used)),
            }
        };
        self.records.update(lists_key(&issuer), write).await
    }
}

impl Hangs<'_> {
    /// What the second look is at.
    fn hanging(&self, id: Option<&str>) -> Hanging {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let token = ActiveToken {
            client: owned(self.client),
            subject: owned(self.subject),
            id: owned(id),
            ..ActiveToken::default()
        };
        let named = self.named_session.filter(|named| named.is_there).map(|named| named.session.clone());
        let own = Hanging {
            token,
            session: self.session.map(|(id, _)| id.to_owned()),
            sessions_epoch: self.session.map(|(_, epoch)| epoch),
            named_session: named,
            epoch: Some(self.epoch),
            minted_at: None,
            lineage: Lineage::default(),
        };
        match self.narrowed {
            None => own,
            Some(Narrowed { parent, lineage, .. }) => Hanging {
                session: parent.session.clone(),
                named_session: parent.named_session.clone(),
                lineage: lineage.clone(),
                ..own
            },
        }
    }
}
