//! A short list that needs no allocation until it is long.

/// A list whose first `N` items are stored in place.
#[derive(Clone, Debug)]
pub(crate) struct Inline<T, const N: usize> {
    first: [T; N],
    len: usize,
    /// All items, once there are more than `N`; else empty.
    all: Vec<T>,
}

impl<T: Copy + Default, const N: usize> Default for Inline<T, N> {
    fn default() -> Self {
        Inline { first: [T::default(); N], len: 0, all: Vec::new() }
    }
}

impl<T: Copy, const N: usize> Inline<T, N> {
    #[inline]
    pub(crate) fn push(&mut self, item: T) {
        match self.first.get_mut(self.len) {
            Some(place) if self.all.is_empty() => {
                *place = item;
                self.len += 1;
            }
            _ => self.push_to_all(item),
        }
    }

    #[cold]
    fn push_to_all(&mut self, item: T) {
        if self.all.is_empty() {
            self.all = self.first.to_vec();
        }
        self.all.push(item);
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        if self.all.is_empty() { self.len } else { self.all.len() }
    }

    pub(crate) fn as_slice(&self) -> &[T] {
        if self.all.is_empty() { self.first.get(..self.len).unwrap_or_default() } else { &self.all }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_like_a_vector() {
        let (mut list, mut model) = (Inline::<u32, 4>::default(), Vec::new());
        assert!(list.as_slice().is_empty());
        // Over the border at 4.
        for item in 0..20 {
            list.push(item);
            model.push(item);
            assert_eq!(list.as_slice(), model);
        }
    }
}
