//! What a single-use token looks like, and where its record is.
//!
//! A token has two parts: one leads to the record, the other proves the token. In a slot the first part follows from the
//! slot: a newer token takes the record over, and the older one proves nothing any more. A short code is the second part alone,
//! so it takes the slot to find its record.

use std::fmt;

use super::Flow;
use crate::error::{Error, ErrorCode, Result, field_invalid};
use crate::record::single_use::Place;
use crate::token::handle::HandleFormat;

/// A token: 16 bytes that lead to its record, 14 that prove it, and a checksum.
const TOKEN: HandleFormat = HandleFormat::plain(6);
const ID: usize = 16;

/// A single-use token as somebody presents it.
#[derive(Clone)]
pub struct PresentedSingleUse {
    pub(crate) purpose: String,
    pub(crate) token: String,
    pub(crate) slot: Option<String>,
}

impl PresentedSingleUse {
    /// A token for what it is presented for.
    pub fn new(purpose: impl Into<String>, token: impl Into<String>) -> Self {
        PresentedSingleUse { purpose: purpose.into(), token: token.into(), slot: None }
    }

    /// The slot that it must be of; a code is nothing without.
    #[must_use]
    pub fn slot(mut self, slot: impl Into<String>) -> Self {
        self.slot = Some(slot.into());
        self
    }
}

impl Flow {
    /// A new token, or a new code, and where its record is to be.
    pub(super) fn new_token(
        &mut self,
        purpose: &str,
        slot: Option<&str>,
        digits: Option<u8>,
    ) -> Result<(String, Place)> {
        if let Some(digits) = digits {
            let slot = slot.ok_or_else(slot_required)?;
            let code = self.draw(digits)?;
            let place = self.place_in(purpose, slot, code.as_bytes())?;
            return Ok((code, place));
        }
        let mut bytes: [u8; 30] = self.entropy().bytes();
        if let Some(slot) = slot {
            bytes.iter_mut().zip(self.slot_id(purpose, slot)?).for_each(|(to, from)| *to = from);
        }
        let token = TOKEN.encode(bytes);
        let place = self.place_of(purpose, &token)?;
        Ok((token, place))
    }

    /// A code of so many digits, each as likely as any other.
    fn draw(&mut self, digits: u8) -> Result<String> {
        if !(6..=10).contains(&digits) {
            return Err(field_invalid("digits", "a code has 6 to 10 digits"));
        }
        let codes = 10_u64.pow(digits.into());
        // Past the last whole round of codes the first ones would be more likely.
        let whole = u64::MAX - u64::MAX % codes;
        loop {
            let drawn = u64::from_be_bytes(self.entropy().bytes());
            if drawn < whole {
                return Ok(format!("{:0width$}", drawn % codes, width = usize::from(digits)));
            }
        }
    }

    /// Where the record of what was presented is.
    pub(super) fn place(&self, presented: &PresentedSingleUse) -> Result<Place> {
        let PresentedSingleUse { purpose, token, slot } = presented;
        match slot {
            Some(slot) if is_code(token) => self.place_in(purpose, slot, token.as_bytes()),
            None if is_code(token) => Err(slot_required()),
            Some(slot) => {
                let place = self.place_of(purpose, token)?;
                let in_slot = self.place_in(purpose, slot, &[])?.key == place.key;
                if in_slot { Ok(place) } else { Err(ErrorCode::LinkUnknown.into()) }
            }
            None => self.place_of(purpose, token),
        }
    }

    /// The place of a token. A text that cannot be one never reaches the store.
    pub(super) fn place_of(&self, purpose: &str, token: &str) -> Result<Place> {
        self.issuer.sessions()?;
        let bytes = TOKEN.decode(token).map_err(|_| Error::new(ErrorCode::LinkUnknown))?;
        let (id, secret) = bytes.split_at(ID);
        Ok(Place::new(&self.issuer.policy().issuer, purpose, id, secret))
    }

    /// The place of whatever is in a slot.
    pub(super) fn place_in(&self, purpose: &str, slot: &str, secret: &[u8]) -> Result<Place> {
        let id = self.slot_id(purpose, slot)?;
        Ok(Place::new(&self.issuer.policy().issuer, purpose, &id, secret))
    }

    /// What leads from a slot's tokens to its record: nobody learns the slot from a token.
    fn slot_id(&self, purpose: &str, slot: &str) -> Result<[u8; ID]> {
        let parts = [self.issuer.policy().issuer.as_bytes(), purpose.as_bytes(), slot.as_bytes()];
        let mac = self.issuer.sessions()?.derivation.mac("single-use slot", &parts);
        let mut id = [0; ID];
        id.iter_mut().zip(mac).for_each(|(to, from)| *to = from);
        Ok(id)
    }
}

/// Whether a text can be a short code; a token is longer.
pub(super) fn is_code(token: &str) -> bool {
    token.len() <= 10 && token.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) fn slot_required() -> Error {
    Error::new(ErrorCode::FieldRequired).at("slot").because("a short code is found by its slot")
}

impl fmt::Debug for PresentedSingleUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PresentedSingleUse").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}
