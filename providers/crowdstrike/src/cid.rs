//! CIDs, the customer ids of Falcon: the tenants that users and roles belong to, and at which of them a role is meant.

use userdir_core::{Call, Error, Result};
use userdir_schema::{Text, UserOrganization, UserRole};

use crate::CrowdStrike;
use crate::grants::ROLES_A_CALL;

/// Roles as they were named, by the CID they are held at.
pub(crate) type Places<'r> = Vec<(String, Vec<&'r UserRole<'static>>)>;

/// A CID as Falcon's bodies have it, from any spelling: the console shows upper case, and a checksum behind a dash.
pub(crate) fn canonical(text: &str) -> Option<String> {
    let cid = text.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
    (cid.len() == 32 && cid.chars().all(|c| c.is_ascii_hexdigit())).then_some(cid)
}

/// Refuses what is no CID, and any other spelling of one: what is asked for is compared with what Falcon shows.
pub(crate) fn check(text: &str) -> Result<&str> {
    match canonical(text) {
        Some(cid) if cid == text => Ok(text),
        Some(cid) => Err(Error::invalid("the CID is not written as Falcon's API has it")
            .about(text)
            .hint(format!("write it as {cid}"))),
        None => Err(Error::invalid("this is no CID")
            .about(text)
            .hint("a CID has 32 hex digits in lower case: `userdir workspaces list`")),
    }
}

impl CrowdStrike {
    /// The CID of each role: its workspace or organization, the one organization of the call, `remote_data.cid`, the
    /// account's, the user's home.
    pub(crate) async fn places<'r>(
        &self,
        call: &Call,
        uuid: &str,
        roles: &'r [UserRole<'static>],
        organizations: &Option<Vec<UserOrganization<'static>>>,
        mut home: Option<String>,
    ) -> Result<Places<'r>> {
        let mut places: Places<'r> = Vec::new();
        for role in roles {
            let cid = match named_cid(role, organizations)?.map(str::to_owned).or(preset_cid(self, call)?) {
                Some(cid) => cid,
                None => {
                    if home.is_none() {
                        home = self.home(call, uuid).await?;
                    }
                    home.clone().ok_or_else(|| {
                        Error::unexpected("Falcon does not show the user's home CID")
                            .hint("name the CID in `roles[].workspace`, or set `cid` at the account")
                    })?
                }
            };
            match places.iter_mut().find(|(known, _)| *known == cid) {
                Some((_, there)) => there.push(role),
                None => places.push((cid, vec![role])),
            }
        }
        Ok(places)
    }

    /// The same for a change, with the CID first whose call `remote_data` is for.
    pub(crate) async fn places_to_change<'r>(
        &self,
        call: &Call,
        uuid: &str,
        roles: &'r [UserRole<'static>],
        organizations: &Option<Vec<UserOrganization<'static>>>,
    ) -> Result<Places<'r>> {
        refuse_passed(call, &["action", "uuid", "role_ids"])?;
        let mut places = self.places(call, uuid, roles, organizations, None).await?;
        if let Some(passed) = call.passed("cid") {
            let Some(at) = places.iter().position(|(cid, _)| passed == cid.as_str()) else {
                return Err(Error::invalid("`remote_data.cid` is for no role: each names its own CID"));
            };
            places.swap(0, at);
        }
        let calls: usize = places.iter().map(|(_, roles)| roles.len().div_ceil(ROLES_A_CALL)).sum();
        if calls > 1 && call.passed("expires_at").is_some() {
            return Err(Error::invalid("`remote_data` goes into one call, and these roles need several")
                .hint("name the roles of one CID at a time, a hundred at most"));
        }
        Ok(places)
    }
}

/// The CID of a filter, which has two names for it.
pub(crate) fn of_filter<'f>(
    workspace: &'f Option<String>,
    organization: &'f Option<String>,
) -> Result<Option<&'f str>> {
    match (workspace, organization) {
        (Some(one), Some(other)) if one != other => {
            Err(Error::invalid("the filter names two CIDs, in `workspace_id` and in `organization_id`"))
        }
        (one, other) => one.as_deref().or(other.as_deref()).map(check).transpose(),
    }
}

/// Whether the roles at a CID name it as an organization, and none as a workspace: then it must be shown as one, for core
/// compares them by the place that was named.
pub(crate) fn is_organization(
    roles: &[&UserRole<'static>],
    organizations: &Option<Vec<UserOrganization<'static>>>,
) -> bool {
    let named = organizations.iter().flatten().next().is_some()
        || roles.iter().any(|role| filled(&role.organization).is_some());
    named && roles.iter().all(|role| filled(&role.workspace).is_none())
}

fn filled<'t>(text: &'t Option<Text<'static>>) -> Option<&'t str> {
    text.as_deref().filter(|text| !text.is_empty())
}

/// Refuses what a change of roles sets itself, before anything is read.
pub(crate) fn refuse_passed(call: &Call, names: &[&str]) -> Result<()> {
    match names.iter().find(|name| call.passed(name).is_some()) {
        None => Ok(()),
        Some(name) => Err(Error::invalid(format!("`remote_data` names `{name}`, which this action sets itself"))),
    }
}

/// What `remote_data` or the account says.
pub(crate) fn preset_cid(falcon: &CrowdStrike, call: &Call) -> Result<Option<String>> {
    match call.passed("cid") {
        None => Ok(falcon.cid.clone()),
        Some(passed) => check(passed.as_str().unwrap_or_default()).map(|cid| Some(cid.to_owned())),
    }
}

/// What a role says, or the one organization beside the roles.
fn named_cid<'r>(
    role: &'r UserRole<'static>,
    organizations: &'r Option<Vec<UserOrganization<'static>>>,
) -> Result<Option<&'r str>> {
    let named = match (filled(&role.workspace), filled(&role.organization)) {
        (Some(one), Some(other)) if one != other => {
            return Err(Error::invalid("a role names two CIDs, in `workspace` and in `organization`"));
        }
        (Some(cid), _) | (None, Some(cid)) => Some(cid),
        (None, None) => match organizations.as_deref().unwrap_or_default() {
            [] => None,
            [one] => filled(&one.id),
            _ => {
                return Err(Error::invalid("`organizations` names several CIDs")
                    .hint("name the CID of each role in `roles[].workspace`"));
            }
        },
    };
    named.map(check).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CID: &str = "abcdef1234567890abcdef1234567890";
    const OTHER: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn the_consoles_spelling_is_read_from_settings_and_refused_in_calls() {
        let console = "ABCDEF1234567890ABCDEF1234567890-0F";
        let cid = canonical(console).unwrap();
        assert_eq!(cid, "abcdef1234567890abcdef1234567890");
        assert_eq!(check(&cid).unwrap(), cid);
        assert!(check(console).unwrap_err().next_step().unwrap().contains(&cid));
        assert_eq!(canonical("acme"), None);
        assert!(check("").is_err());
    }

    #[test]
    fn a_filter_names_one_cid() {
        let cid = |workspace: Option<&str>, organization: Option<&str>| {
            of_filter(&workspace.map(str::to_owned), &organization.map(str::to_owned)).map(|cid| cid.map(str::to_owned))
        };
        assert_eq!(cid(Some(CID), None).unwrap().as_deref(), Some(CID));
        assert_eq!(cid(None, Some(CID)).unwrap().as_deref(), Some(CID));
        assert_eq!(cid(Some(CID), Some(CID)).unwrap().as_deref(), Some(CID));
        assert_eq!(cid(None, None).unwrap(), None);
        assert!(cid(Some(CID), Some(OTHER)).is_err());
        assert!(cid(None, Some("acme")).is_err());
    }

    #[test]
    fn a_role_says_its_cid_before_the_organizations_do() {
        let role = |workspace: Option<&'static str>, organization: Option<&'static str>| UserRole {
            id: Some("r1".into()),
            workspace: workspace.map(Into::into),
            organization: organization.map(Into::into),
            ..UserRole::default()
        };
        let of = |ids: &[&'static str]| {
            Some(ids.iter().map(|id| UserOrganization { id: Some((*id).into()), name: None }).collect::<Vec<_>>())
        };
        let cid = |role: UserRole<'static>, organizations: Option<Vec<UserOrganization<'static>>>| {
            named_cid(&role, &organizations).map(|cid| cid.map(str::to_owned))
        };
        assert_eq!(cid(role(Some(CID), None), of(&[OTHER])).unwrap().as_deref(), Some(CID));
        assert_eq!(cid(role(None, Some(CID)), None).unwrap().as_deref(), Some(CID));
        assert_eq!(cid(role(Some(CID), Some(CID)), None).unwrap().as_deref(), Some(CID));
        assert_eq!(cid(role(None, None), of(&[OTHER])).unwrap().as_deref(), Some(OTHER));
        assert_eq!(cid(role(None, None), of(&[])).unwrap(), None);
        assert!(cid(role(Some(CID), Some(OTHER)), None).is_err());
        assert!(cid(role(None, None), of(&[CID, OTHER])).is_err());
        assert!(cid(role(Some("acme"), None), None).is_err());
    }
}
