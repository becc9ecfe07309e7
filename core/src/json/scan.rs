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

    #[inline(always)]
    pub(super) fn word(&mut self, word: &str) -> Scan<()> {
        if !self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
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
            again.run(|again| again.outer_object(|_, name, _| names.push(name.place)))?;
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

    /// The content of a string here that holds no escapes; where there is none, nothing is read. `close` is where its
    /// closing quote is known to be, or before here where that is not known.
    #[inline(always)]
    pub(super) fn plain_string(&mut self, close: usize) -> Option<&'a str> {
        if close <= self.at {
            return self.find_plain_string();
        }
        let text = self.text.get(self.at + 1..close)?;
        self.at = close + 1;
        Some(text)
    }

    fn find_plain_string(&mut self) -> Option<&'a str> {
        if self.peek() != Some(b'"') {
            return None;
        }
        let start = self.at + 1;
        let close = start + plain_run(self.bytes.get(start..)?);
        if self.bytes.get(close) != Some(&b'"') {
            return None;
        }
        self.at = close + 1;
        self.text.get(start..close)
    }

    /// A whole number here without a sign, of so few digits that 64 bits hold it; for all others, nothing is read.
    #[inline]
    pub(super) fn small_number(&mut self) -> Option<u64> {
        let rest = self.bytes.get(self.at..)?;
        let (number, len) = digits(rest);
        let whole = !matches!(rest.get(len), Some(b'.' | b'e' | b'E'));
        let canonical = len == 1 || rest.first() != Some(&b'0');
        if !(1..=19).contains(&len) || !whole || !canonical {
            return None;
        }
        self.at += len;
        Some(number)
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
        let (_, len) = digits(self.bytes.get(self.at..).unwrap_or_default());
        self.at += len;
        if len == 0 { self.syntax() } else { Ok(()) }
    }
}

/// Two members of one name. Few names are compared pairwise; many are sorted first, so a large object costs no more
/// than n log n.
#[cold]
pub(super) fn duplicate(whole: &str, decoded: &[String], names: &[Span]) -> Option<Fault> {
    let text = |name: &Span| name.name_in(whole, decoded);
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
        let same = |other: &Span| text(other) == text(name);
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

/// The number that a text begins with, and how many digits it has; it is right where these are no more than 19.
#[inline]
pub(crate) fn digits(text: &[u8]) -> (u64, usize) {
    let (mut number, mut rest) = (0_u64, text);
    // Eight at a time: two, then four, then eight digits become a number in each step.
    while let Some((eight, more)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*eight);
        let digits = word ^ 0x3030_3030_3030_3030;
        if (digits | digits.wrapping_add(0x0606_0606_0606_0606)) & 0xf0f0_f0f0_f0f0_f0f0 != 0 {
            break;
        }
        let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
        let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
        let eights = (fours * 10_000 + (fours >> 32)) & 0xffff_ffff;
        number = number.wrapping_mul(100_000_000).wrapping_add(eights);
        rest = more;
    }
    for byte in rest {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
        rest = rest.get(1..).unwrap_or_default();
    }
    (number, text.len() - rest.len())
}

/// How many bytes stand in a JSON string as they are, up to the first quote, backslash or control character.
#[inline]
pub(super) fn plain_run(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let ends = ends(u64::from_le_bytes(*word));
        if ends != 0 {
            return at + (ends.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let plain = |byte: &&u8| **byte >= 0x20 && **byte != b'"' && **byte != b'\\';
    at + bytes.get(at..).map_or(0, |rest| rest.iter().take_while(plain).count())
}

/// Whether all of a text stands in a JSON string as it is.
#[inline]
pub(super) fn is_plain(text: &[u8]) -> bool {
    // The last word overlaps the one before; a short text is one word, in which some bytes stand twice.
    let last = match *text {
        [.., a, b, c, d, e, f, g, h] => u64::from_le_bytes([a, b, c, d, e, f, g, h]),
        [a, b, c, d, ..] => {
            let last = text.last_chunk().map_or(0, |last| u32::from_le_bytes(*last));
            u64::from(u32::from_le_bytes([a, b, c, d])) | u64::from(last) << 32
        }
        [a, .., c] => u64::from_le_bytes([a, *text.get(1).unwrap_or(&a), c, c, c, c, c, c]),
        [a] => u64::from_le_bytes([a; 8]),
        [] => return true,
    };
    let (words, _) = text.as_chunks::<8>();
    words.iter().fold(ends(last), |all, word| all | ends(u64::from_le_bytes(*word))) == 0
}

/// Which of eight bytes end a run of plain ones: the lowest bit that is set is the top bit of the first that does. A
/// subtraction that borrows from the byte above has found one.
#[inline(always)]
fn ends(word: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    // Two changes places with the blank: a quote, and all control characters, are then what is at most 0x20.
    let quote_or_control = (word ^ (EACH * 0x02)).wrapping_sub(EACH * 0x21);
    let backslash = (word ^ (EACH * 0x5c)).wrapping_sub(EACH);
    (quote_or_control | backslash) & !word & (EACH * 0x80)
}

/// A part of a text that is shorter than 2^32 bytes: start and end in one word, which stays in a register.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span(u64);

impl Span {
    fn new(start: usize, end: usize) -> Self {
        Span(start as u64 | (end as u64) << 32)
    }

    #[allow(clippy::cast_possible_truncation)] // each half is cut out on purpose
    #[inline]
    pub(super) fn bounds(self) -> (usize, usize) {
        (self.0 as u32 as usize, (self.0 >> 32) as usize)
    }

    #[inline]
    pub(super) fn of(self, text: &str) -> &str {
        let (start, end) = self.bounds();
        text.get(start..end).unwrap_or_default()
    }

    /// The name whose place it is.
    #[inline]
    pub(super) fn name_in<'a>(self, text: &'a str, decoded: &'a [String]) -> &'a str {
        match self.bounds() {
            (number, 0) => decoded.get(number).map(String::as_str).unwrap_or_default(),
            _ => self.of(text),
        }
    }
}

/// A member's name.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MemberName {
    pub(super) label: u64,
    /// Where it stands, or, where it holds escapes, its number among the decoded ones, and 0 as the end.
    pub(super) place: Span,
}

/// Names of so many bytes are equal where their labels are.
const LABELLED: usize = 7;

/// Whether a label is of a name of this length.
#[inline(always)]
pub(super) fn is_labelled(label: u64, len: usize) -> bool {
    label >> 56 == len as u64
}

/// The first seven bytes of a name and its length: equal names have equal labels.
#[inline]
pub(super) fn label(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let first = match *bytes {
        [a, b, c, d, e, f, g, ..] => u64::from_le_bytes([a, b, c, d, e, f, g, 0]),
        // These overlap, in bytes that are the same.
        [a, b, c, d, ..] => {
            let last = bytes.last_chunk().map_or(0, |last| u32::from_le_bytes(*last));
            u64::from(u32::from_le_bytes([a, b, c, d])) | u64::from(last) << (8 * (bytes.len() - 4))
        }
        // The registered claims and the header's members.
        [a, b, c] => u64::from_le_bytes([a, b, c, 0, 0, 0, 0, 0]),
        [a, b] => u64::from_le_bytes([a, b, 0, 0, 0, 0, 0, 0]),
        [a] => u64::from(a),
        [] => 0,
    };
    labelled(first, bytes.len())
}

#[inline]
fn labelled(first: u64, len: usize) -> u64 {
    first | (len.min(255) as u64) << 56
}
