//! Names of roles and groups. Lists of users have their ids alone, and the names rarely change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use userdir_core::{Call, ErrorKind, Result};
use userdir_schema::{DateTime, User};

use crate::paging::paged;
use crate::{Zoom, roles, wire};

/// Names by id.
pub(crate) type Names = HashMap<String, String>;

/// Seconds that names are kept.
const KEPT: i64 = 300;

/// The names that were read last.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    roles: Mutex<Option<(DateTime, Arc<Names>)>>,
    groups: Mutex<Option<(DateTime, Arc<Names>)>>,
}

impl Zoom {
    /// Names of roles; none where the credentials may not read them.
    pub(crate) async fn role_names(&self, call: &Call) -> Result<Arc<Names>> {
        self.names_of(&self.names.roles, self.http.get("roles").all(call, &roles::ROLES, named)).await
    }

    /// Names of groups; none where the credentials may not read them.
    pub(crate) async fn group_names(&self, call: &Call) -> Result<Arc<Names>> {
        self.names_of(&self.names.groups, self.http.get("groups").all(call, &paged("groups"), named)).await
    }

    async fn names_of(
        &self,
        kept: &Mutex<Option<(DateTime, Arc<Names>)>>,
        read: impl Future<Output = Result<Vec<(String, String)>>>,
    ) -> Result<Arc<Names>> {
        let now = self.http.now();
        let is_fresh = |at: &DateTime| now.timestamp().as_second() - at.timestamp().as_second() < KEPT;
        let known = kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, names)) = known.filter(|(at, _)| is_fresh(at)) {
            return Ok(names);
        }
        let names = match read.await {
            Ok(rows) => Arc::new(Names::from_iter(rows)),
            Err(error) if error.kind() == ErrorKind::Permission => Arc::default(),
            Err(error) => return Err(error),
        };
        *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, names.clone()));
        Ok(names)
    }
}

fn named(raw: &serde_json::value::RawValue) -> userdir_core::Mapped<(String, String)> {
    let it: wire::Named = serde_json::from_str(raw.get())?;
    Ok((it.id.into(), it.name.unwrap_or_default().into()))
}

/// Puts the names in.
pub(crate) fn fill(user: &mut User<'_>, roles: &Names, groups: &Names) {
    let find = |names: &Names, id: Option<&str>| names.get(id?).map(|name| name.clone().into());
    for role in user.roles.iter_mut().flatten().filter(|role| role.name.is_none()) {
        role.name = find(roles, role.id.as_deref());
    }
    for group in user.groups.iter_mut().flatten() {
        group.name = find(groups, group.id.as_deref());
    }
}
