//! Checks one chain, row by row in order.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::chain::{ChainKey, Columns, Head, START};
use super::{AuditKind, ChainFault, ChainReport};
use crate::hex;

/// A check under way.
pub(crate) struct Verifier<'e> {
    account: Uuid,
    key: ChainKey,
    /// What an earlier check found.
    earlier: Option<&'e ChainReport>,
    /// Of the last row that was seen.
    sequence: i64,
    last_mac: [u8; 32],
    open: BTreeSet<i64>,
    fault: Option<ChainFault>,
}

impl<'e> Verifier<'e> {
    pub(crate) fn new(account: Uuid, key: ChainKey, earlier: Option<&'e ChainReport>) -> Self {
        Self { account, key, earlier, sequence: 0, last_mac: START, open: BTreeSet::new(), fault: None }
    }

    /// The last row that was seen.
    pub(crate) fn sequence(&self) -> i64 {
        self.sequence
    }

    pub(crate) fn found_fault(&self) -> bool {
        self.fault.is_some()
    }

    /// The next row, with the MAC that stands beside it.
    pub(crate) fn row(&mut self, row: &Columns, mac: &[u8]) {
        if self.found_fault() {
            return;
        }
        let expected = self.sequence + 1;
        if row.sequence != expected {
            return self.is_wrong(expected, "this row is missing");
        }
        let computed = self.key.row(&self.last_mac, row);
        if computed.as_slice() != mac {
            return self
                .is_wrong(expected, "this row was changed, stands in another's place, or was not written by us");
        }
        if self.earlier.is_some_and(|it| it.rows == expected && it.head.as_deref() != Some(&hex(&computed))) {
            return self.is_wrong(
                expected,
                "this is not the row that an earlier check found here: an older copy was put back, and went on",
            );
        }
        if row.kind == AuditKind::Intended.as_str() {
            self.open.insert(row.sequence);
        } else if let Some(intended) = row.intended {
            self.open.remove(&intended);
        }
        self.sequence = expected;
        self.last_mac = computed;
    }

    /// After the last row.
    pub(crate) fn end(mut self, head: Option<&Head>) -> ChainReport {
        if !self.found_fault() {
            self.compare(head);
        }
        if let (false, Some(rows)) =
            (self.found_fault(), self.earlier.map(|it| it.rows).filter(|rows| *rows > self.sequence))
        {
            let what = format!(
                "an earlier check found {rows} rows: they were cut off from here on, or an older copy was put back"
            );
            self.is_wrong(self.sequence + 1, &what);
        }
        let head = (self.sequence > 0).then(|| hex(&self.last_mac));
        ChainReport {
            account: self.account,
            rows: self.sequence,
            head,
            open: self.open.into_iter().collect(),
            fault: self.fault,
        }
    }

    fn compare(&mut self, head: Option<&Head>) {
        let next = self.sequence + 1;
        let Some(head) = head else {
            let what = "the head is missing: rows may have been cut off from here on";
            return self.is_wrong(next, what);
        };
        if !head.holds(&self.key, self.account) {
            self.is_wrong(next, "the head was changed: rows may have been cut off from here on");
        } else if head.sequence > self.sequence {
            let what = format!("rows were cut off from here on: the head says that there were {}", head.sequence);
            self.is_wrong(next, &what);
        } else if head.sequence < self.sequence {
            self.is_wrong(head.sequence + 1, "this row stands after the end that the head names");
        } else if head.last_mac != self.last_mac {
            self.is_wrong(self.sequence, "this row is not the one that the head names");
        }
    }

    fn is_wrong(&mut self, sequence: i64, what: &str) {
        self.fault = Some(ChainFault { sequence, what: what.to_owned() });
    }
}
