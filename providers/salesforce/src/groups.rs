//! Public groups and queues, and who is in them. Membership is direct: what comes through a group inside a group, or
//! through the hierarchy, is not shown.

use serde_json::{Map, Value, json};
use userdir_core::action::*;
use userdir_core::reply::Steps;
use userdir_core::{Call, Effect, Error, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::Group;

use crate::query::named;
use crate::soql::{self, Query};
use crate::{Salesforce, id, map};

const FIELDS: &str = "Id, Name, DeveloperName, Type, Email, OwnerId, RelatedId, CreatedDate, LastModifiedDate";
/// The first version of the API that describes groups.
const DESCRIBES: u32 = 62;

impl Salesforce {
    fn groups(&self) -> Query {
        match self.version >= DESCRIBES {
            true => Query::new(format!("{FIELDS}, Description"), "Group"),
            false => Query::new(FIELDS, "Group"),
        }
    }

    /// What a group's mapping adds, where it is wanted.
    async fn of_organization(&self, call: &Call) -> Result<map::Groups> {
        let wanted = call.wants("organization");
        let organization = if wanted { self.own_organization(call).await?.id } else { None };
        Ok(map::Groups { organization })
    }
}

#[async_trait]
impl ListGroups for Salesforce {
    /// Public groups; with `user_id` the user's queues too. Groups that Salesforce makes of the hierarchy are no groups here.
    async fn list_groups(&self, call: &Call, request: PageRequest<GroupFilter>) -> Result<Page<Group<'static>>> {
        let filter = &request.filter;
        let mut query = self
            .groups()
            .matching("Name", &filter.name)
            .within("CreatedDate", &filter.created_at)
            .within("LastModifiedDate", &filter.updated_at)
            .order("Id");
        query = match (&filter.group_type, &filter.user_id) {
            (Some(kinds), _) => query.any_of(
                "Type",
                kinds.values().iter().map(|kind| if kind.eq_ignore_ascii_case("group") { "Regular" } else { kind }),
            ),
            (None, None) => query.is("Type", "Regular"),
            (None, Some(_)) => query,
        };
        if let Some(user) = &filter.user_id {
            id::expect(user, id::USER, "a user")?;
            let user = soql::text(user);
            query = query.and(format!("Id IN (SELECT GroupId FROM GroupMember WHERE UserOrGroupId = {user})"));
        }
        let groups = self.of_organization(call).await?;
        let cursor = request.cursor.as_deref();
        let slice = self.slice(call, &query, cursor, request.wanted).await?;
        if let (Some(user), None) = (&filter.user_id, cursor)
            && slice.each(map::id)?.is_empty()
        {
            self.must_exist(call, "User", user).await?;
        }
        Ok(Page::of_body(slice.answer.body.clone(), "records", groups).after(&slice))
    }
}

#[async_trait]
impl GetGroup for Salesforce {
    async fn get_group(&self, call: &Call, input: GetGroupInput) -> Result<Reply<Group<'static>>> {
        id::expect(&input.id, id::GROUP, "a group")?;
        let query = self.groups().is("Id", &input.id);
        let mut group: Group = self.get(call, &query).await?.map(map::group)?;
        group.organization = self.of_organization(call).await?.organization;
        Ok(Reply::read(group))
    }
}

#[async_trait]
impl CreateGroup for Salesforce {
    async fn create_group(&self, call: &Call, input: CreateGroupInput) -> Result<Reply<Group<'static>>> {
        let name = input.name.clone().unwrap_or_default();
        let mut fields = self.fields(input.name, input.description)?;
        fields.extend(developer_name(&name).map(|name| ("DeveloperName".to_owned(), Value::from(name))));
        fields.insert("Type".into(), "Regular".into());
        self.created(call, "Group", &fields).await
    }
}

impl Salesforce {
    fn fields(&self, name: Option<String>, description: Option<String>) -> Result<Map<String, Value>> {
        if description.is_some() && self.version < DESCRIBES {
            return Err(Error::invalid(format!(
                "groups have no `description` before version {DESCRIBES}.0 of the API"
            ))
            .hint(format!("set `api_version` to {DESCRIBES}.0 or later, where Salesforce offers it")));
        }
        Ok(named(name, description, "Description"))
    }
}

/// The name for programs, as Salesforce's own form makes it of the name; none where nothing of the name fits.
fn developer_name(name: &str) -> Option<String> {
    let words = name.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let joined = words.collect::<Vec<_>>().join("_");
    joined.starts_with(|letter: char| letter.is_ascii_alphabetic()).then_some(joined)
}

#[async_trait]
impl UpdateGroup for Salesforce {
    async fn update_group(&self, call: &Call, input: UpdateGroupInput) -> Result<Reply<Group<'static>>> {
        let fields = self.fields(input.name, input.description)?;
        self.updated(call, "Group", &input.id, &fields).await
    }
}

#[async_trait]
impl DeleteGroup for Salesforce {
    async fn delete_group(&self, call: &Call, input: DeleteGroupInput) -> Result<Reply<Group<'static>>> {
        self.deleted(call, "Group", &input.id).await
    }
}

#[async_trait]
impl AddUserToGroup for Salesforce {
    /// Salesforce answers a member that is there already with the member, so twice does no harm.
    async fn add_user_to_group(&self, call: &Call, input: AddUserToGroupInput) -> Result<Reply<Group<'static>>> {
        let member = json!({ "GroupId": input.group_id, "UserOrGroupId": input.user_id });
        let add = self.create("GroupMember", &member).idempotent().primary();
        let effect = crate::effect_of_create(add.write(call).await)?;
        Ok(Reply::sent(&input.group_id).with_effect(effect))
    }
}

#[async_trait]
impl RemoveUserFromGroup for Salesforce {
    /// A membership is a record of its own: it is looked for, and deleted.
    async fn remove_user_from_group(
        &self,
        call: &Call,
        input: RemoveUserFromGroupInput,
    ) -> Result<Reply<Group<'static>>> {
        let query = Query::new("Id", "GroupMember").is("GroupId", &input.group_id).is("UserOrGroupId", &input.user_id);
        let mut steps = Steps::default();
        for membership in &self.rows(call, &query, map::id).await? {
            let sent = steps.send(call, self.delete("GroupMember", membership)).await;
            steps.add(membership, Effect::of_delete(sent));
        }
        steps.finish(Reply::sent(&input.group_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_for_programs_is_made_of_what_fits() {
        assert_eq!(developer_name("Sales EMEA").as_deref(), Some("Sales_EMEA"));
        assert_eq!(developer_name(" R&D -- (Köln) ").as_deref(), Some("R_D_K_ln"));
        assert_eq!((developer_name("2nd line"), developer_name("日本")), (None, None));
    }
}
