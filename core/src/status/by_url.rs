//! A few values by their URLs.

/// The values in the order of their URLs: as a tree finds them, and in a tenth of its code, which browsers load.
#[derive(Debug)]
pub(super) struct ByUrl<T>(Vec<(String, T)>);

impl<T> Default for ByUrl<T> {
    fn default() -> Self {
        ByUrl(Vec::new())
    }
}

impl<T> ByUrl<T> {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    pub(super) fn get(&self, url: &str) -> Option<&T> {
        let at = self.place(url).ok()?;
        self.0.get(at).map(|(_, value)| value)
    }

    pub(super) fn get_mut(&mut self, url: &str) -> Option<&mut T> {
        let at = self.place(url).ok()?;
        self.0.get_mut(at).map(|(_, value)| value)
    }

    pub(super) fn insert(&mut self, url: &str, value: T) {
        match self.place(url) {
            Ok(at) => {
                if let Some(known) = self.0.get_mut(at) {
                    known.1 = value;
                }
            }
            Err(at) => self.0.insert(at, (url.to_owned(), value)),
        }
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(&str, &T) -> bool) {
        self.0.retain(|(url, value)| keep(url, value));
    }

    #[inline]
    fn place(&self, url: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(own, _)| own.as_str().cmp(url))
    }
}
