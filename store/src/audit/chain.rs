//! The MACs of audit rows and heads.

use hmac::Mac;
use secrecy::{ExposeSecret, SecretBox};
use uuid::Uuid;

use crate::seal::hmac;

/// What the first row follows.
pub(crate) const START: [u8; 32] = [0; 32];

/// The columns of a row, in the order of the table, as they are kept. All of them go into its MAC.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    pub(crate) account: Uuid,
    pub(crate) sequence: i64,
    pub(crate) at: String,
    pub(crate) kind: String,
    pub(crate) actor: String,
    pub(crate) action: String,
    pub(crate) targets: String,
    pub(crate) intended: Option<i64>,
    pub(crate) effect: Option<String>,
    pub(crate) vendor_status: Option<i64>,
    pub(crate) vendor_request_ids: String,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) details: String,
}

/// The key of one chain.
pub(crate) struct ChainKey(SecretBox<[u8; 32]>);

impl ChainKey {
    pub(crate) fn new(key: SecretBox<[u8; 32]>) -> Self {
        Self(key)
    }

    /// The MAC of a row that follows the one with the MAC `before`.
    pub(crate) fn row(&self, before: &[u8], row: &Columns) -> [u8; 32] {
        let number = |number: i64| number.to_string();
        let (sequence, intended) = (number(row.sequence), row.intended.map(number));
        let vendor_status = row.vendor_status.map(number);
        let parts: [Option<&str>; 13] = [
            Some(&sequence),
            Some(&row.at),
            Some(&row.kind),
            Some(&row.actor),
            Some(&row.action),
            Some(&row.targets),
            intended.as_deref(),
            row.effect.as_deref(),
            vendor_status.as_deref(),
            Some(&row.vendor_request_ids),
            row.idempotency_key.as_deref(),
            row.request_id.as_deref(),
            Some(&row.details),
        ];
        let mut mac = hmac(self.0.expose_secret());
        mac.update(b"row\0");
        mac.update(row.account.as_bytes());
        mac.update(before);
        for part in parts {
            // whether it is there, and how long: no two rows give the same bytes
            mac.update(&[u8::from(part.is_some())]);
            let part = part.unwrap_or_default().as_bytes();
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// The MAC of the head that says: the chain ends with this row.
    pub(crate) fn head(&self, account: Uuid, sequence: i64, last_mac: &[u8]) -> [u8; 32] {
        let mut mac = hmac(self.0.expose_secret());
        mac.update(b"head\0");
        mac.update(account.as_bytes());
        mac.update(&sequence.to_be_bytes());
        mac.update(last_mac);
        mac.finalize().into_bytes().into()
    }
}

/// Where a chain ends, as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) sequence: i64,
    pub(crate) last_mac: Vec<u8>,
    pub(crate) mac: Vec<u8>,
}

impl Head {
    /// Whether the head is as it was written.
    pub(crate) fn holds(&self, key: &ChainKey, account: Uuid) -> bool {
        key.head(account, self.sequence, &self.last_mac).as_slice() == self.mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Columns {
        Columns {
            account: Uuid::nil(),
            sequence: 1,
            at: "2026-01-01T00:00:00.000000Z".into(),
            kind: "outcome".into(),
            actor: "cli".into(),
            action: "users/deactivate".into(),
            targets: r#"["u1"]"#.into(),
            intended: Some(1),
            effect: Some("sent".into()),
            vendor_status: Some(200),
            vendor_request_ids: "[]".into(),
            idempotency_key: None,
            request_id: None,
            details: "{}".into(),
        }
    }

    #[test]
    fn every_column_counts() {
        let key = ChainKey::new(SecretBox::new(Box::new([7; 32])));
        let mac = key.row(&START, &row());
        let changes: [fn(&mut Columns); 15] = [
            |r| r.account = Uuid::max(),
            |r| r.sequence = 2,
            |r| r.at.push('0'),
            |r| r.kind = "intended".into(),
            |r| r.actor = "token:1".into(),
            |r| r.action = "users/delete".into(),
            |r| r.targets = r#"["u2"]"#.into(),
            |r| r.intended = None,
            |r| r.effect = None,
            |r| r.vendor_status = Some(201),
            |r| r.vendor_request_ids = r#"["x"]"#.into(),
            |r| r.idempotency_key = Some(String::new()),
            |r| r.request_id = Some("r".into()),
            |r| r.details = r#"{"a":1}"#.into(),
            // the border between two columns moves
            |r| (r.actor, r.action) = ("cliu".into(), "sers/deactivate".into()),
        ];
        for (i, change) in changes.into_iter().enumerate() {
            let mut changed = row();
            change(&mut changed);
            assert_ne!(key.row(&START, &changed), mac, "change {i}");
        }
        assert_ne!(key.row(&[1; 32], &row()), mac, "another row before it");
        assert_ne!(ChainKey::new(SecretBox::new(Box::new([8; 32]))).row(&START, &row()), mac, "another key");
        assert_eq!(key.row(&START, &row()), mac);
    }
}
