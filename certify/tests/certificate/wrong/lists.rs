//! The lists of a store that is wrong.

use std::cmp::Ordering;

use tokenmint::{Entry, Index, IndexValue, RecordKey, Reply};

use super::{Fault, Wrong, now_ms, text, trimmed};

impl Wrong {
    pub(super) fn list(&self, by: &IndexValue, after: Option<&RecordKey>, limit: u32) -> Reply {
        let mut shelf = self.shelf.lock().unwrap();
        let question = format!("{by:?} {after:?} {limit}");
        if self.is(Fault::ListsAreCached)
            && let Some(cached) = shelf.lists.remove(&question)
        {
            return cached;
        }
        let mut found: Vec<_> =
            shelf.index.iter().filter(|(_, entry)| self.is_listed(entry, by)).cloned().collect();
        if !self.is(Fault::OrderOfWriting) {
            found.sort_by(|(left, _), (right, _)| self.order(left, right));
        }
        let begin = match after {
            Some(after) if self.is(Fault::PagesAreCounted) => shelf.counted.get(after).copied().unwrap_or(0),
            Some(_) if self.is(Fault::TheCursorIsIgnored) => 0,
            Some(after) => {
                let is_before = |key: &RecordKey| match self.order(key, after) {
                    Ordering::Less => true,
                    Ordering::Equal => !self.is(Fault::TheCursorIsListed),
                    Ordering::Greater => false,
                };
                found.iter().rposition(|(key, _)| is_before(key)).map_or(0, |at| at + 1)
            }
            None => 0,
        };
        let limit = limit as usize;
        let mut page: Vec<_> = found.iter().skip(begin).take(limit).cloned().collect();
        let more = found.len() > begin + page.len();
        let mut next = page.last().filter(|_| more).map(|(key, _)| key.clone());
        if let Some(next) = &next {
            shelf.counted.insert(next.clone(), begin + page.len());
        }
        match self.fault {
            Fault::PagesAreCut if next.is_some() => drop(page.pop()),
            Fault::TheLastPageIsLost if after.is_some() && page.len() < limit => page.clear(),
            Fault::TheCursorIsLost => next = None,
            Fault::ListsEndAtAThousand if begin + page.len() > 1000 => {
                page.truncate(1000_usize.saturating_sub(begin));
                next = None;
            }
            _ => {}
        }
        let reply = Reply::Listed { entries: page, next };
        shelf.lists.insert(question, reply.clone());
        reply
    }

    fn is_listed(&self, entry: &Entry, by: &IndexValue) -> bool {
        if self.is(Fault::ExpiredIsHidden) && entry.expires_at_ms < now_ms() {
            return false;
        }
        let Index { subject, client } = &entry.index;
        let (of, wanted) = match by {
            IndexValue::Subject(wanted) if self.is(Fault::SubjectsAreClients) => {
                (subject.as_ref().or(client.as_ref()), wanted)
            }
            IndexValue::Subject(wanted) => (subject.as_ref(), wanted),
            IndexValue::Client(wanted) => (client.as_ref(), wanted),
        };
        let Some((of, wanted)) = of.map(|of| (of.as_bytes(), wanted.as_bytes())) else { return false };
        match self.fault {
            Fault::ValuesFoldCase => of.eq_ignore_ascii_case(wanted),
            Fault::ValuesArePrefixes => of.starts_with(wanted),
            Fault::ValuesArePatterns => {
                of.len() == wanted.len()
                    && of.iter().zip(wanted).all(|(of, wanted)| *wanted == b'_' || of == wanted)
            }
            Fault::ValuesAreTrimmed => trimmed(of) == trimmed(wanted),
            Fault::ValuesAreCut => of[..of.len().min(32)] == wanted[..wanted.len().min(32)],
            Fault::ValuesAreText => text(of) == text(wanted),
            _ => of == wanted,
        }
    }

    fn order(&self, left: &RecordKey, right: &RecordKey) -> Ordering {
        let (one, other) = (left.as_bytes(), right.as_bytes());
        match self.fault {
            Fault::OrderOfText => {
                one.to_ascii_lowercase().cmp(&other.to_ascii_lowercase()).then(one.cmp(other))
            }
            Fault::OrderOfLength => one.len().cmp(&other.len()).then(one.cmp(other)),
            Fault::OrderOfSignedBytes => {
                one.iter().map(|byte| byte.cast_signed()).cmp(other.iter().map(|byte| byte.cast_signed()))
            }
            Fault::OrderIsReversed => other.cmp(one),
            _ => one.cmp(other),
        }
    }
}
