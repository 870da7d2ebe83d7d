//! Names of roles and groups. Lists of users have their ids alone, and the names rarely change.

use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;
use userdir_core::http::{NameCache, Names, Paging, Request};
use userdir_core::page::MapItem;
use userdir_core::{Call, ErrorKind, Mapped, Result};
use userdir_schema::User;

use crate::paging::paged;
use crate::{Zoom, map, roles, wire};

/// How long names are kept.
const KEPT: Duration = Duration::from_secs(300);

/// Maps users and puts the names in that are known.
#[derive(Default)]
pub(crate) struct Named {
    roles: Arc<Names>,
    groups: Arc<Names>,
}

impl MapItem<User<'static>> for Named {
    fn map<'a>(&self, raw: &'a RawValue) -> Mapped<User<'a>> {
        let mut user = map::user(raw)?;
        self.fill(&mut user);
        Ok(user)
    }
}

impl Named {
    pub(crate) fn fill(&self, user: &mut User<'_>) {
        let find = |names: &Names, id: Option<&str>| names.get(id?).map(|name| name.clone().into());
        for role in user.roles.iter_mut().flatten().filter(|role| role.name.is_none()) {
            role.name = find(&self.roles, role.id.as_deref());
        }
        for group in user.groups.iter_mut().flatten() {
            group.name = find(&self.groups, group.id.as_deref());
        }
    }
}

impl Zoom {
    /// The names that these users need, of what the caller wants to see.
    pub(crate) async fn named(&self, call: &Call, roles: bool, groups: bool) -> Result<Named> {
        let mut named = Named::default();
        if roles && call.wants("roles") {
            named.roles = self.names_of(call, &self.role_names, self.http.get("roles"), roles::ROLES).await?;
        }
        if groups && call.wants("groups") {
            named.groups = self.names_of(call, &self.group_names, self.http.get("groups"), paged("groups")).await?;
        }
        Ok(named)
    }

    /// None where the credentials may not read them.
    async fn names_of(&self, call: &Call, kept: &NameCache, list: Request, paging: Paging) -> Result<Arc<Names>> {
        let read = async {
            match list.all(call, &paging, named).await {
                Err(error) if error.kind() == ErrorKind::Permission => Ok(Vec::new()),
                read => read,
            }
        };
        kept.get(&self.http, KEPT, read).await
    }
}

fn named(raw: &RawValue) -> Mapped<(String, String)> {
    let it: wire::Named = serde_json::from_str(raw.get())?;
    Ok((it.id.into(), it.name.unwrap_or_default().into()))
}
