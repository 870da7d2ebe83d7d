//! Licences: the user licences that profiles take, permission set licences, and those of managed packages.

use userdir_core::action::*;
use userdir_core::{Call, Error, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::License;

use crate::query::Part;
use crate::soql::Query;
use crate::{Salesforce, id, map};

type Licenses = Part<License<'static>>;

fn user_licenses() -> Query {
    let fields =
        "Id, Name, MasterLabel, LicenseDefinitionKey, Status, TotalLicenses, UsedLicenses, UsedLicensesLastUpdated";
    Query::new(fields, "UserLicense")
}

fn set_licenses() -> Query {
    let fields =
        "Id, DeveloperName, MasterLabel, PermissionSetLicenseKey, Status, TotalLicenses, UsedLicenses, ExpirationDate";
    Query::new(fields, "PermissionSetLicense")
}

fn package_licenses() -> Query {
    Query::new("Id, NamespacePrefix, Status, AllowedLicenses, UsedLicenses, ExpirationDate", "PackageLicense")
}

/// Permission set licences that users have.
pub(crate) fn held_set_licenses() -> Query {
    let fields = "Id, AssigneeId, PermissionSetLicenseId, PermissionSetLicense.MasterLabel";
    Query::new(fields, "PermissionSetLicenseAssign")
}

/// What a user has, of each kind.
fn of_user(user: &str) -> Vec<Licenses> {
    let profile = Query::new("Id, Profile.UserLicenseId, Profile.UserLicense.Name", "User").is("Id", user);
    let sets = held_set_licenses().is("AssigneeId", user).order("Id");
    let fields = "Id, PackageLicenseId, PackageLicense.NamespacePrefix, UserId";
    let packages = Query::new(fields, "UserPackageLicense").is("UserId", user).order("Id");
    vec![
        Part { query: profile, map: map::license_of_profile },
        Part { query: sets, map: map::license_of_user },
        Part { query: packages, map: map::license_of_user },
    ]
}

#[async_trait]
impl ListLicenses for Salesforce {
    async fn list_licenses(&self, call: &Call, request: PageRequest<LicenseFilter>) -> Result<Page<License<'static>>> {
        let filter = &request.filter;
        if let Some(user) = &filter.user_id {
            if filter.status.is_some() {
                return Err(Error::invalid("`status` does not work together with `user_id`")
                    .hint("what a user has shows no status"));
            }
            id::expect(user, id::USER, "a user")?;
            if request.cursor.is_none() {
                self.must_exist(call, "User", user).await?;
            }
            return self.parts(call, &request, of_user(user)).await;
        }
        let kinds = [user_licenses(), set_licenses(), package_licenses()];
        let parts = kinds.map(|query| Licenses { query: query.order("Id"), map: map::license });
        Ok(self.parts(call, &request, parts.into()).await?.rechecked(filter.clone()))
    }
}

#[async_trait]
impl GetLicense for Salesforce {
    async fn get_license(&self, call: &Call, input: GetLicenseInput) -> Result<Reply<License<'static>>> {
        let query = match input.id.get(..3) {
            Some(id::USER_LICENSE) => user_licenses(),
            Some(id::PERMISSION_SET_LICENSE) => set_licenses(),
            // a pair of ids begins with it too
            Some(id::USER) => return Err(Error::invalid("this is no id of a licence").about(&input.id)),
            _ => package_licenses(),
        };
        let answer = self.get(call, &query.is("Id", &input.id)).await?;
        Ok(Reply::read(answer.map(map::license)?))
    }
}
