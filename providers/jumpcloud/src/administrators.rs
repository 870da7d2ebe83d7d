//! Administrators of the console, whose roles are the roles of the directory users they are linked to.
//!
//! v1 calls them users; of their calls only the change is described in public. The others are those of JumpCloud's own
//! command line and PowerShell module.

use std::sync::{Arc, PoisonError};

use serde_json::value::RawValue;
use userdir_core::action::*;
use userdir_core::http::Request;
use userdir_core::{Call, Error, ErrorKind, Mapped, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{Text, User, UserOrganization, UserRole};

use crate::{COUNTED, JumpCloud, map, wire};

/// What an administrator with several roles has in place of a role's name.
const SEVERAL: &str = "Multi Role";
/// The role that alone may manage administrators.
const BILLING: &str = "Administrator with Billing";
/// Seconds for which the list of roles is good enough to name ids.
const KEPT: i64 = 300;

/// A role that somebody holds. Where the list of roles has it, id and name are both known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub id: Option<String>,
    pub name: Option<String>,
}

impl Held {
    /// Whether a word means this role: its id, or its name in any case.
    pub fn is(&self, word: &str) -> bool {
        self.id.as_deref() == Some(word) || self.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(word))
    }

    fn same(&self, other: &Held) -> bool {
        [&other.id, &other.name].into_iter().flatten().any(|word| self.is(word))
    }

    /// For messages.
    pub fn shown(&self) -> &str {
        self.name.as_deref().or(self.id.as_deref()).unwrap_or_default()
    }
}

/// Whether a role is among others.
pub fn holds(roles: &[Held], role: &Held) -> bool {
    roles.iter().any(|held| held.same(role))
}

/// The roles that there are.
#[derive(Debug, Default)]
pub struct Catalogue(Vec<Held>);

impl Catalogue {
    /// The role that a word means.
    pub fn find(&self, word: &str) -> Option<&Held> {
        self.0.iter().find(|role| role.is(word))
    }

    /// The role that a filter means. One that is not there must not read as one that nobody holds.
    pub fn known(&self, word: &str) -> Result<&Held> {
        self.find(word).ok_or_else(|| Error::not_found("JumpCloud has no such role").about(word.to_owned()))
    }

    /// The roles of an administrator that shows names, which the list of roles has ids for: all, or the one.
    pub fn of_names(&self, names: &Option<Vec<Text<'_>>>, name: &Option<Text<'_>>) -> Vec<Held> {
        let several = names.iter().flatten().filter(|name| !name.is_empty());
        let one = name.iter().filter(|name| !name.is_empty() && **name != SEVERAL);
        let found = |name: &Text<'_>| {
            let unknown = || Held { id: None, name: Some(name.to_string()) };
            self.find(name).cloned().unwrap_or_else(unknown)
        };
        let held: Vec<Held> = several.map(found).collect();
        if held.is_empty() { one.map(found).collect() } else { held }
    }
}

/// What an administrator holds. Whether `roles` has ids or names is unverified; either is understood.
pub fn held(it: &wire::Administrator<'_>, roles: &Catalogue) -> Vec<Held> {
    let words = it.roles.iter().flatten().filter(|word| !word.is_empty());
    let found = |word: &Text<'_>| {
        let unknown = || Held { id: Some(word.to_string()), name: None };
        roles.find(word).cloned().unwrap_or_else(unknown)
    };
    let by_word: Vec<Held> = words.map(found).collect();
    if !by_word.is_empty() {
        return by_word;
    }
    let by_name = roles.of_names(&it.role_names, &it.role_name);
    if by_name.is_empty() { it.role.iter().filter(|id| !id.is_empty()).map(found).collect() } else { by_name }
}

/// An administrator, as far as roles go.
#[derive(Clone, Debug)]
pub struct Administrator {
    pub id: String,
    pub email: String,
    pub organization: Option<String>,
    pub is_suspended: bool,
    /// Whether it is one of an MSP, and may be an administrator of other organizations too.
    pub is_of_msp: bool,
    /// Whether it may manage administrators, by a role that is held or by its name alone, where the list of roles lacks it.
    pub is_billing: bool,
    pub held: Vec<Held>,
}

impl Administrator {
    fn of(it: &wire::Administrator<'_>, roles: &Catalogue) -> Administrator {
        let held = held(it, roles);
        let mut names = it.role_names.iter().flatten().chain(&it.role_name);
        Administrator {
            id: it.id.to_string(),
            email: it.email.as_deref().unwrap_or_default().to_owned(),
            organization: it.organization.as_deref().map(str::to_owned),
            is_suspended: it.suspended == Some(true),
            is_of_msp: it.provider.as_ref().is_some_and(|id| !id.is_empty()),
            is_billing: held.iter().any(|role| role.is(BILLING))
                || names.any(|name| name.eq_ignore_ascii_case(BILLING)),
            held,
        }
    }

    /// What a change of the roles takes for granted, for plans.
    pub fn precondition(&self) -> String {
        let names: Vec<&str> = self.held.iter().map(Held::shown).collect();
        format!("the administrator still holds exactly {}", names.join(", "))
    }

    pub fn read(raw: &RawValue, roles: &Catalogue) -> Mapped<Administrator> {
        serde_json::from_str(raw.get()).map(|it: wire::Administrator| Administrator::of(&it, roles))
    }
}

/// Whom a change of roles is about: a directory user, the administrator, or both.
#[derive(Debug)]
pub struct Subject {
    /// Where an administrator is made of.
    pub email: String,
    pub organization: Option<String>,
    pub administrator: Option<Administrator>,
}

impl Subject {
    /// Refuses to act elsewhere than where the roles are named. `roles` say their places without empty texts.
    pub fn check_places(
        &self,
        roles: &[UserRole<'_>],
        organizations: &Option<Vec<UserOrganization<'_>>>,
    ) -> Result<()> {
        if organizations.iter().flatten().any(|place| place.id.is_none()) {
            return Err(Error::invalid("an organization is named by its `id`; nothing was changed"));
        }
        let Some(own) = &self.organization else { return Ok(()) };
        let named = roles.iter().filter_map(|role| role.organization.as_deref());
        let mut named = named.chain(organizations.iter().flatten().filter_map(|place| place.id.as_deref()));
        match named.find(|id| id != own) {
            None => Ok(()),
            Some(other) => Err(Error::invalid("the user is in another organization; nothing was changed")
                .about(other.to_owned())
                .hint(format!("leave the organization out, or name `{own}`"))),
        }
    }
}

impl JumpCloud {
    /// The list of roles as it is now.
    pub(crate) async fn fresh_catalogue(&self, call: &Call) -> Result<Arc<Catalogue>> {
        let roles = self.v2.get("roles").all(call, &COUNTED, |raw| {
            let role: wire::Role = serde_json::from_str(raw.get())?;
            Ok(Held { id: Some(role.id.to_string()), name: role.name.map(String::from) })
        });
        Ok(self.keep(Catalogue(roles.await?)))
    }

    /// The list of roles to name ids with, a few minutes old at most; empty where the credentials may not read it.
    pub(crate) async fn catalogue(&self, call: &Call) -> Result<Arc<Catalogue>> {
        if !call.wants("roles") {
            return Ok(Arc::default());
        }
        let kept = self.kept_roles.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, roles)) = kept.filter(|(since, _)| self.seconds() - since < KEPT) {
            return Ok(roles);
        }
        match self.fresh_catalogue(call).await {
            Err(error) if error.kind() == ErrorKind::Permission => Ok(self.keep(Catalogue::default())),
            read => read,
        }
    }

    fn keep(&self, roles: Catalogue) -> Arc<Catalogue> {
        let roles = Arc::new(roles);
        let kept = Some((self.seconds(), roles.clone()));
        *self.kept_roles.lock().unwrap_or_else(PoisonError::into_inner) = kept;
        roles
    }

    /// Seconds since 1970.
    fn seconds(&self) -> i64 {
        self.v2.http.now().timestamp().as_second()
    }

    /// The list of administrators, in an order in which its pages fit together.
    pub(crate) fn list_administrators(&self) -> Request {
        self.v1.get("users").query("sort", "_id")
    }

    /// All administrators.
    pub(crate) async fn administrators(&self, call: &Call, roles: &Catalogue) -> Result<Vec<Administrator>> {
        self.list_administrators().all(call, &COUNTED, |raw| Administrator::read(raw, roles)).await
    }

    /// One administrator; none where JumpCloud has none of this id.
    pub(crate) async fn administrator(
        &self,
        call: &Call,
        id: &str,
        roles: &Catalogue,
    ) -> Result<Option<Administrator>> {
        match self.v1.get("users").id(id).read(call).await {
            Ok(answer) => {
                let it: wire::Administrator = answer.json()?;
                Ok(Some(Administrator::of(&it, roles)))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Finds whom an id means: a directory user with the administrator behind it, or an administrator.
    pub(crate) async fn subject(&self, call: &Call, id: &str, roles: &Catalogue) -> Result<Subject> {
        let answer = match self.v1.get("systemusers").id(id).read(call).await {
            Ok(answer) => answer,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let Some(administrator) = self.administrator(call, id, roles).await? else { return Err(error) };
                return Ok(Subject {
                    email: administrator.email.clone(),
                    organization: administrator.organization.clone(),
                    administrator: Some(administrator),
                });
            }
            Err(error) => return Err(error),
        };
        let user: wire::SystemUser = answer.json()?;
        let administrator = self.administrator_of(call, &user, roles).await?;
        let email = user.email.as_deref().unwrap_or_default().to_owned();
        Ok(Subject { email, organization: user.organization.map(String::from), administrator })
    }

    /// The administrator that a directory user is linked to. A key may not see the link, and it may lead nowhere: then the
    /// address is looked for among the administrators.
    pub(crate) async fn administrator_of(
        &self,
        call: &Call,
        user: &wire::SystemUser<'_>,
        roles: &Catalogue,
    ) -> Result<Option<Administrator>> {
        if let Some(id) = user.admin.as_ref().and_then(|admin| admin.id.as_deref())
            && let Some(linked) = self.administrator(call, id, roles).await?
        {
            return Ok(Some(linked));
        }
        let Some(email) = user.email.as_deref().filter(|email| !email.is_empty()) else {
            return Err(Error::unexpected(
                "JumpCloud shows no address of the user, by which the administrator is found",
            ));
        };
        let all = self.administrators(call, roles).await?;
        let has_all = all.iter().all(|one| !one.email.is_empty());
        match all.into_iter().find(|one| one.email.eq_ignore_ascii_case(email)) {
            None if !has_all => Err(without_address()),
            found => Ok(found),
        }
    }

    /// Refuses to lock the account out: its own administrator, and the last one who may manage administrators. Says in the
    /// reply where JumpCloud did not tell which one is its own.
    pub(crate) async fn refuse_lock_out<T>(
        &self,
        call: &Call,
        administrator: &Administrator,
        taken: &[Held],
        roles: &Catalogue,
        reply: Reply<T>,
    ) -> Result<Reply<T>> {
        let own = self.own(call).await?;
        if own.as_deref() == Some(&administrator.id) {
            return Err(Error::refused("this is the administrator whose API key the account has")
                .about(administrator.id.clone())
                .hint("use another administrator's key, or a service account"));
        }
        let reply = match own {
            None if !self.is_service_account => reply.note(
                "JumpCloud does not show this key its own administrator: whether these roles are its own could not be checked",
            ),
            _ => reply,
        };
        // a role without a name may be any
        if !taken.iter().any(|role| role.is(BILLING) || role.name.is_none()) {
            return Ok(reply);
        }
        let others = self.administrators(call, roles).await?;
        let manages = |one: &Administrator| one.id != administrator.id && !one.is_suspended && one.is_billing;
        match others.iter().any(manages) {
            true => Ok(reply),
            false => Err(Error::refused("this is, or may be, the last `Administrator with Billing`")
                .about(administrator.id.clone())
                .hint("give that role to somebody else first: nobody else could give it back")),
        }
    }

    /// Id of the administrator whose API key this is; none for a service account, and where JumpCloud does not say.
    async fn own(&self, call: &Call) -> Result<Option<String>> {
        if self.is_service_account {
            return Ok(None);
        }
        match self.v1.get("users").path("getSelf").read(call).await {
            Ok(answer) => Ok(Some(answer.json::<wire::Administrator>()?.id.to_string())),
            // a key that may not read its own administrator cannot be guarded
            Err(error) if matches!(error.kind(), ErrorKind::Permission | ErrorKind::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Nobody can tell whether it is the one, or whose.
pub fn without_address() -> Error {
    Error::unexpected("JumpCloud shows an administrator without an address")
}

#[async_trait]
impl ListMe for JumpCloud {
    async fn list_me(&self, call: &Call, _: PageRequest<MeFilter>) -> Result<Page<User<'static>>> {
        let answer = self.v1.get("users").path("getSelf").primary().read(call).await?;
        let roles = self.catalogue(call).await?;
        Ok(Page::of_values(vec![answer.map(map::administrators(roles))?]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue() -> Catalogue {
        let role = |id: &str, name: &str| Held { id: Some(id.into()), name: Some(name.into()) };
        Catalogue(vec![role("r1", "Help Desk"), role("r2", "Read Only")])
    }

    fn held_by(json: &str) -> Vec<String> {
        let it: wire::Administrator = serde_json::from_str(json).unwrap();
        held(&it, &catalogue()).iter().map(|role| format!("{:?} {:?}", role.id, role.name)).collect()
    }

    #[test]
    fn roles_are_found_however_the_administrator_shows_them() {
        let both = [r#"Some("r1") Some("Help Desk")"#, r#"Some("r2") Some("Read Only")"#];
        for json in [
            r#"{"_id": "a1", "role": "r1", "roleName": "Multi Role", "roles": ["r1", "r2"], "roleNames": ["Help Desk", "Read Only"]}"#,
            r#"{"_id": "a1", "roleName": "Multi Role", "roles": ["Help Desk", "read only"]}"#,
            r#"{"_id": "a1", "roleName": "Multi Role", "roles": [], "roleNames": ["Help Desk", "Read Only"]}"#,
        ] {
            assert_eq!(held_by(json), both, "{json}");
        }
        assert_eq!(held_by(r#"{"_id": "a1", "roleName": "Read Only"}"#), both[1..]);
        assert_eq!(held_by(r#"{"_id": "a1", "role": "r2", "roleName": "Multi Role"}"#), both[1..]);
        assert_eq!(held_by(r#"{"_id": "a1", "roleName": "Auditor"}"#), [r#"None Some("Auditor")"#]);
        assert_eq!(held_by(r#"{"_id": "a1", "roles": ["r9"]}"#), [r#"Some("r9") None"#]);
    }
}
