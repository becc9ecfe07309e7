//! Which rows are measured: those of the words that were given, such as `redis 1000 cas x8`.

/// What there is to choose from in one row: a word of each group that any word is given of.
const GROUPS: [&[&str]; 4] = [
    &["memory", "sqlite", "postgres", "redis"],
    &["1000", "1000000"],
    &["load", "cas", "throttle", "credentials", "refresh", "redeem"],
    &["x1", "x8", "x64"],
];

/// The words that were given.
pub(crate) struct Filter(Vec<String>);

impl Filter {
    /// Refuses what chooses nothing.
    pub(crate) fn new(text: &str) -> anyhow::Result<Self> {
        let words: Vec<_> = text.split_whitespace().map(str::to_owned).collect();
        for word in &words {
            let known = GROUPS.iter().any(|group| group.contains(&word.as_str()));
            anyhow::ensure!(known, "{word} is none of {GROUPS:?}");
        }
        Ok(Filter(words))
    }

    /// Whether a word is chosen, or nothing else of its group.
    pub(crate) fn admits(&self, word: &str) -> bool {
        let group = GROUPS.iter().find(|group| group.contains(&word)).copied().unwrap_or_default();
        let mut chosen = self.0.iter().filter(|chosen| group.contains(&chosen.as_str())).peekable();
        chosen.peek().is_none() || chosen.any(|chosen| chosen == word)
    }

    /// As [`Filter::admits`], by how many do it at the same time.
    pub(crate) fn admits_workers(&self, workers: usize) -> bool {
        self.admits(&format!("x{workers}"))
    }
}
