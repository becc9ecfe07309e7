//! The scanner: one pass over a text, eight bytes at a time within strings, without an allocation.

use super::{Fault, MAX_DEPTH, decoded};

pub(super) struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    pub(super) at: usize,
    /// How deep arrays and objects may be nested.
    pub(super) deepest: usize,
    /// Names that were spelled with escapes.
    pub(super) decoded: Vec<String>,
    /// Whether there was no escape so far.
    pub(super) plain: bool,
    /// Whether the names of inner objects were compared before.
    pub(super) compared: bool,
    /// Why the text was refused.
    fault: Option<Fault>,
}

/// The scan ended; the scanner keeps the reason, so that a result is one byte and every step passes it in a register.
pub(super) struct Failed;

type Scan<T> = Result<T, Failed>;

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Result<Self, Fault> {
        if u32::try_from(text.len()).is_err() {
            return Err(Fault::TooLong);
        }
        let (bytes, decoded) = (text.as_bytes(), Vec::new());
        Ok(Scanner {
            text,
            bytes,
            at: 0,
            deepest: MAX_DEPTH,
            decoded,
            plain: true,
            compared: false,
            fault: None,
        })
    }

    /// Runs `scan` over the text and gives the reason where it fails.
    pub(super) fn run<T>(&mut self, scan: impl FnOnce(&mut Self) -> Scan<T>) -> Result<T, Fault> {
        scan(self).map_err(|Failed| self.fault.take().unwrap_or(Fault::Syntax { at: self.at }))
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[cold]
    fn fail<T>(&mut self, fault: Fault) -> Scan<T> {
        self.fault = Some(fault);
        Err(Failed)
    }

    #[cold]
    fn syntax<T>(&mut self) -> Scan<T> {
        self.fail(Fault::Syntax { at: self.at })
    }

    /// Goes on to the next byte that is not blank. Most texts have no blanks.
    #[inline(always)]
    pub(super) fn blanks(&mut self) -> Option<u8> {
        match self.peek() {
            Some(byte) if byte > b' ' => Some(byte),
            _ => self.skip_blanks(),
        }
    }

    #[cold]
    fn skip_blanks(&mut self) -> Option<u8> {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        self.peek()
    }

    #[inline]
    pub(super) fn expect(&mut self, byte: u8) -> Scan<()> {
        if self.peek() != Some(byte) {
            return self.syntax();
        }
        self.at += 1;
        Ok(())
    }

    /// The text from `start` to here.
    pub(super) fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    pub(super) fn end(&mut self) -> Scan<()> {
        self.blanks();
        if self.at < self.bytes.len() { self.syntax() } else { Ok(()) }
    }

    /// One value; `depth` is how many arrays and objects are open around it.
    pub(super) fn value(&mut self, depth: usize) -> Scan<()> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'{') => self.inner_object(depth + 1),
            Some(b'[') => self.array(depth + 1),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ => self.number(),
        }
    }

    pub(super) fn word(&mut self, word: &str) -> Scan<()> {
        if !self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return self.syntax();
        }
        self.at += word.len();
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Scan<()> {
        if depth > self.deepest {
            return self.fail(Fault::TooDeep { deepest: self.deepest });
        }
        self.expect(b'[')?;
        if self.blanks() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(depth)?;
            match self.blanks() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return self.syntax(),
            }
            self.blanks();
        }
    }

    /// One value within so many open arrays and objects, and nothing else.
    pub(super) fn value_within(&mut self, depth: usize) -> Scan<()> {
        self.blanks();
        self.value(depth)?;
        self.end()
    }

    /// The object that is the whole text; `found` gets its members. Whether two of them may have one name.
    #[inline(always)]
    pub(super) fn outer_object(&mut self, found: impl FnMut(&mut Self, MemberName, Span)) -> Scan<bool> {
        self.object(1, found)
    }

    /// An object within the text.
    fn inner_object(&mut self, depth: usize) -> Scan<()> {
        let open = self.at;
        if self.object(depth, |_, _, _| {})? && !self.compared {
            self.compare_names(open)?;
        }
        Ok(())
    }

    /// Compares the names of the object from `open` to here, which look as if two were the same.
    #[cold]
    fn compare_names(&mut self, open: usize) -> Scan<()> {
        let text = self.text.get(open..self.at).unwrap_or_default();
        let names = Scanner::new(text).and_then(|mut again| {
            // What is within was compared on the way here: each object is read twice at most for each level.
            (again.compared, again.deepest) = (true, self.deepest);
            let mut names = Vec::new();
            again.run(|again| again.outer_object(|_, name, _| names.push(name)))?;
            duplicate(text, &again.decoded, &names).map_or(Ok(()), Err)
        });
        match names {
            Ok(()) => Ok(()),
            Err(fault) => self.fail(fault),
        }
    }

    /// One object; `found` gets its members. Whether two of them may have one name.
    #[inline(always)]
    fn object(&mut self, depth: usize, mut found: impl FnMut(&mut Self, MemberName, Span)) -> Scan<bool> {
        if depth > self.deepest {
            return self.fail(Fault::TooDeep { deepest: self.deepest });
        }
        self.expect(b'{')?;
        if self.blanks() == Some(b'}') {
            self.at += 1;
            return Ok(false);
        }
        let mut names = Bloom::default();
        loop {
            let name = self.name()?;
            names.add(name.label);
            self.blanks();
            self.expect(b':')?;
            // Most values are strings: no call for those.
            let (first, start) = (self.blanks(), self.at);
            if first == Some(b'"') {
                self.string()?;
            } else {
                self.value(depth)?;
            }
            found(self, name, Span::new(start, self.at));
            match self.blanks() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(names.suspect());
                }
                _ => return self.syntax(),
            }
            self.blanks();
        }
    }

    // The parts are one value each until the end: joined earlier, they would pass through memory.
    #[inline(always)]
    fn name(&mut self) -> Scan<MemberName> {
        let open = self.at;
        let (label, start, end) = if self.string()? {
            (self.decode_name(open)?, self.decoded.len() - 1, 0)
        } else {
            let (start, end) = (open + 1, self.at - 1);
            (self.label(start, end), start, end)
        };
        Ok(MemberName { label, place: Span::new(start, end) })
    }

    /// Decodes the name from `open` to here, and gives its label.
    #[cold]
    fn decode_name(&mut self, open: usize) -> Scan<u64> {
        let quoted = self.text.get(open..self.at).unwrap_or_default();
        let Some(name) = decoded(quoted) else {
            return self.fail(Fault::Syntax { at: open });
        };
        let label = label(&name);
        self.decoded.push(name);
        Ok(label)
    }

    /// The label of a name, by one read of eight bytes where the text is long enough.
    #[inline(always)]
    fn label(&self, start: usize, end: usize) -> u64 {
        let len = end - start;
        let eight = self.bytes.get(start..).and_then(|rest| rest.first_chunk::<8>());
        match eight {
            Some(eight) => {
                let unused = 64 - 8 * len.min(LABELLED);
                labelled(u64::from_le_bytes(*eight) & (u64::MAX.checked_shr(unused as u32).unwrap_or(0)), len)
            }
            None => label(self.text.get(start..end).unwrap_or_default()),
        }
    }

    /// One string; whether it holds escapes.
    #[inline(always)]
    pub(super) fn string(&mut self) -> Scan<bool> {
        self.expect(b'"')?;
        self.at += self.bytes.get(self.at..).map_or(0, plain_run);
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(false);
        }
        self.rest_of_string()?;
        Ok(true)
    }

    /// A string from its first escape on.
    #[cold]
    fn rest_of_string(&mut self) -> Scan<()> {
        self.plain = false;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    self.at += 1;
                    self.escape()?;
                }
                _ => return self.syntax(),
            }
            self.at += self.bytes.get(self.at..).map_or(0, plain_run);
        }
        self.at += 1;
        Ok(())
    }

    fn escape(&mut self) -> Scan<()> {
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                Ok(())
            }
            Some(b'u') => {
                self.at += 1;
                let unit = self.hex4()?;
                match unit {
                    0xD800..=0xDBFF => {
                        self.expect(b'\\')?;
                        self.expect(b'u')?;
                        if (0xDC00..=0xDFFF).contains(&self.hex4()?) { Ok(()) } else { self.syntax() }
                    }
                    0xDC00..=0xDFFF => self.syntax(),
                    _ => Ok(()),
                }
            }
            _ => self.syntax(),
        }
    }

    fn hex4(&mut self) -> Scan<u32> {
        let digits =
            self.text.get(self.at..self.at + 4).filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(unit) = digits.and_then(|text| u32::from_str_radix(text, 16).ok()) else {
            return self.syntax();
        };
        self.at += 4;
        Ok(unit)
    }

    pub(super) fn number(&mut self) -> Scan<()> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return self.syntax(),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Scan<()> {
        let first = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == first { self.syntax() } else { Ok(()) }
    }
}

/// Two members of one name. Few names are compared pairwise; many are sorted first, so a large object costs no more
/// than n log n.
#[cold]
pub(super) fn duplicate(whole: &str, decoded: &[String], names: &[MemberName]) -> Option<Fault> {
    let text = |name: &MemberName| name.text(whole, decoded);
    let twice = |name: &str| Some(Fault::Duplicate { name: name.to_owned() });
    if names.len() > 16 {
        let mut names: Vec<&str> = names.iter().map(text).collect();
        names.sort_unstable();
        for pair in names.windows(2) {
            if let [one, two] = pair
                && one == two
            {
                return twice(one);
            }
        }
        return None;
    }
    for (index, name) in names.iter().enumerate() {
        let same = |other: &MemberName| other.label == name.label && text(other) == text(name);
        if names.iter().skip(index + 1).any(same) {
            return twice(text(name));
        }
    }
    None
}

/// Names that were seen, as a filter: two of one name are always suspect, others rarely.
#[derive(Clone, Copy, Default)]
pub(super) struct Bloom {
    seen: [u64; 2],
    suspect: bool,
}

impl Bloom {
    #[inline(always)]
    pub(super) fn add(&mut self, label: u64) {
        // Names that differ rarely meet in both of two places out of 64.
        let hash = label.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let places = [1 << (hash >> 58), 1 << (hash >> 52 & 63)];
        self.suspect |= self.seen[0] & places[0] != 0 && self.seen[1] & places[1] != 0;
        self.seen = [self.seen[0] | places[0], self.seen[1] | places[1]];
    }

    pub(super) fn suspect(self) -> bool {
        self.suspect
    }
}

/// How many bytes stand in a JSON string as they are, up to the first quote, backslash or control character.
#[inline]
pub(super) fn plain_run(bytes: &[u8]) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let mut rest = bytes;
    while let Some((chunk, more)) = rest.split_first_chunk::<8>() {
        // Eight bytes at a time: the lowest bit that is set here is the top bit of the first byte that ends the run.
        let word = u64::from_le_bytes(*chunk);
        let zero = |word: u64| word.wrapping_sub(EACH) & !word;
        let control = word.wrapping_sub(EACH * 0x20) & !word;
        let ends = (zero(word ^ (EACH * 0x22)) | zero(word ^ (EACH * 0x5c)) | control) & (EACH * 0x80);
        if ends != 0 {
            return bytes.len() - rest.len() + (ends.trailing_zeros() / 8) as usize;
        }
        rest = more;
    }
    let plain = |byte: &&u8| **byte >= 0x20 && **byte != b'"' && **byte != b'\\';
    bytes.len() - rest.len() + rest.iter().take_while(plain).count()
}

/// A part of a text that is shorter than 2^32 bytes: start and end in one word, which stays in a register.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span(u64);

impl Span {
    fn new(start: usize, end: usize) -> Self {
        Span(start as u64 | (end as u64) << 32)
    }

    #[allow(clippy::cast_possible_truncation)] // each half is cut out on purpose
    fn bounds(self) -> (usize, usize) {
        (self.0 as u32 as usize, (self.0 >> 32) as usize)
    }

    pub(super) fn of(self, text: &str) -> &str {
        let (start, end) = self.bounds();
        text.get(start..end).unwrap_or_default()
    }
}

/// A member's name: where it stands, or, where it holds escapes, its number among the decoded ones.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MemberName {
    pub(super) label: u64,
    /// Ends with 0 for a decoded name, whose number then is the start.
    place: Span,
}

impl MemberName {
    pub(super) fn text<'a>(self, text: &'a str, decoded: &'a [String]) -> &'a str {
        match self.place.bounds() {
            (number, 0) => decoded.get(number).map(String::as_str).unwrap_or_default(),
            _ => self.place.of(text),
        }
    }
}

/// Names of so many bytes are equal where their labels are.
pub(super) const LABELLED: usize = 7;

/// The first seven bytes of a name and its length: equal names have equal labels.
pub(super) fn label(name: &str) -> u64 {
    // The registered claims and the header's members.
    if let [a, b, c] = name.as_bytes() {
        return labelled(u64::from_le_bytes([*a, *b, *c, 0, 0, 0, 0, 0]), 3);
    }
    let first = name.as_bytes().iter().take(LABELLED).rev();
    labelled(first.fold(0, |label, byte| label << 8 | u64::from(*byte)), name.len())
}

fn labelled(first: u64, len: usize) -> u64 {
    first | (len.min(255) as u64) << 56
}
