//! What a provider is excused from: `fixtures/deviations.toml`.

pub use userdir_stand_in::fixtures::Deviation;

/// The excuses and whether they were needed.
pub(crate) struct Deviations<'f>(Vec<(&'f Deviation, bool)>);

impl<'f> Deviations<'f> {
    pub fn new(all: &'f [Deviation]) -> Deviations<'f> {
        Deviations(all.iter().map(|deviation| (deviation, false)).collect())
    }

    /// Whether a fault of this operation is excused.
    pub fn excuse(&mut self, operation: &str, what: &str) -> bool {
        let fits = |it: &Deviation| operation.starts_with(&it.operation) && what.contains(&it.what);
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
