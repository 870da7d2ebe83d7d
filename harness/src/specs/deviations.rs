//! What a provider is excused from: `fixtures/deviations.toml`.

pub use userdir_stand_in::fixtures::Deviation;

/// The excuses and whether they were needed.
pub(crate) struct Deviations<'f>(Vec<(&'f Deviation, bool)>);

/// Why an excuse is none; nothing where it is one.
pub(crate) fn lack(it: &Deviation) -> Option<String> {
    let parts = [("operation", &it.operation), ("what", &it.what), ("reason", &it.reason), ("source", &it.source)];
    if let Some((name, _)) = parts.iter().find(|(_, text)| text.trim().is_empty()) {
        return Some(format!("`{}` `{}` has no {name}", it.operation, it.what));
    }
    let is_wide =
        |begin: &str| begin.split_once(" /").is_none_or(|(method, path)| method.is_empty() || path.is_empty());
    it.operation.strip_suffix('*').is_some_and(is_wide).then(|| format!("`{}` is about everything", it.operation))
}

/// Whether an excuse names this operation or file: whole, or by its beginning and a `*`.
fn is_about(named: &str, about: &str) -> bool {
    named.strip_suffix('*').map_or(named == about, |begin| about.starts_with(begin))
}

impl<'f> Deviations<'f> {
    pub fn new(all: &'f [Deviation]) -> Deviations<'f> {
        Deviations(all.iter().filter(|it| lack(it).is_none()).map(|deviation| (deviation, false)).collect())
    }

    /// Whether a fault is excused of this operation, or of the description with this file name.
    pub fn excuse(&mut self, about: &str, what: &str) -> bool {
        let fits = |it: &Deviation| is_about(&it.operation, about) && what.contains(&it.what);
        let mut found = self.0.iter_mut().filter(|(it, _)| fits(it));
        // the first that fits: a second one would never be needed
        found.next().map(|(_, used)| *used = true).is_some()
    }

    pub fn into_parts(self) -> (Vec<Deviation>, Vec<Deviation>) {
        let (used, unused): (Vec<_>, Vec<_>) = self.0.into_iter().partition(|(_, used)| *used);
        let owned = |all: Vec<(&Deviation, bool)>| all.into_iter().map(|(it, _)| it.clone()).collect();
        (owned(used), owned(unused))
    }
}
