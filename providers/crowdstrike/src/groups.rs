//! Groups and their members, over the source that the account names: profile groups, or Flight Control's user groups.

use serde_json::value::RawValue;
use userdir_core::action::*;
use userdir_core::http::{Paging, Request};
use userdir_core::{Call, Effect, Error, Mapped, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::Group;

use crate::CrowdStrike;
use crate::entities::{Entities, id, made, the_one};

/// One of Falcon's two kinds of groups: what is alike is here, and how each differs.
#[derive(Debug)]
pub(crate) struct Source {
    pub entities: Entities,
    pub map: for<'a> fn(&'a RawValue) -> Mapped<Group<'a>>,
    pub paging: Paging,
    /// The list of groups' ids.
    pub query: fn(&CrowdStrike, &GroupFilter) -> Result<Request>,
    /// The one change of a membership.
    pub change: fn(&CrowdStrike, Membership, &str, &str) -> Request,
    pub kind: Kind,
}

/// Which kind it is, where the calls have nothing in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Profile,
    FlightControl,
}

/// What is done with a member.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Membership {
    Add,
    Remove,
}

impl CrowdStrike {
    /// The ids of a group's members.
    pub(crate) async fn members(&self, call: &Call, group: &str) -> Result<Vec<String>> {
        let members = match self.groups.kind {
            Kind::Profile => self.profile_members(call, group).await,
            Kind::FlightControl => self.flight_control_members(call, group).await,
        }?;
        if members.is_empty() {
            // a mistyped id must not read as an empty group
            the_one(call, &self.groups.entities, self.ask(&self.groups.entities, group), group).await?;
        }
        Ok(members)
    }

    /// The ids of a user's groups.
    pub(crate) async fn groups_of(&self, call: &Call, uuid: &str) -> Result<Vec<String>> {
        match self.groups.kind {
            Kind::Profile => self.profile_groups_of(call, uuid).await,
            Kind::FlightControl => self.flight_control_groups_of(call, uuid).await,
        }
    }
}

#[async_trait]
impl ListGroups for CrowdStrike {
    async fn list_groups(&self, call: &Call, request: PageRequest<GroupFilter>) -> Result<Page<Group<'static>>> {
        let (filter, source) = (&request.filter, self.groups);
        if let Some(user) = &filter.user_id {
            if filter.sort_by.is_some() || filter.organization_id.is_some() {
                return Err(Error::invalid("`sort_by` and `organization_id` do not work together with `user_id`"));
            }
            let ids = self.groups_of(call, user).await?;
            if ids.is_empty() {
                // nor a mistyped one as a user without groups
                self.home(call, user).await?;
            }
            let list = self.show(call, &source.entities, &ids, None).await?;
            return Ok(Page::<Group>::of_body(list.into(), "", source.map).rechecked(filter.clone()));
        }
        let query = (source.query)(self, filter)?.primary();
        let slice = query.slice(call, request.cursor.as_deref(), request.wanted, &source.paging).await?;
        let list = self.show(call, &source.entities, &slice.each(id)?, None).await?;
        Ok(Page::<Group>::of_body(list.into(), "", source.map).after(&slice).rechecked(filter.clone()))
    }
}

#[async_trait]
impl GetGroup for CrowdStrike {
    async fn get_group(&self, call: &Call, input: GetGroupInput) -> Result<Reply<Group<'static>>> {
        let entities = &self.groups.entities;
        let shown = the_one(call, entities, self.ask(entities, &input.id).primary(), &input.id).await?;
        Ok(Reply::read(shown.map(self.groups.map)?))
    }
}

#[async_trait]
impl CreateGroup for CrowdStrike {
    async fn create_group(&self, call: &Call, input: CreateGroupInput) -> Result<Reply<Group<'static>>> {
        let request = match self.groups.kind {
            Kind::Profile => self.new_profile_group(call, &input).await?,
            Kind::FlightControl => self.new_flight_control_group(&input)?,
        };
        match request.primary().write(call).await? {
            Some(answer) => Ok(Reply::applied(made(&answer)?.map(self.groups.map)?)),
            None => Ok(Reply::planned()),
        }
    }
}

#[async_trait]
impl UpdateGroup for CrowdStrike {
    async fn update_group(&self, call: &Call, input: UpdateGroupInput) -> Result<Reply<Group<'static>>> {
        let request = match self.groups.kind {
            Kind::Profile => self.changed_profile_group(&input),
            Kind::FlightControl => self.changed_flight_control_group(call, &input).await?,
        };
        request.idempotent().primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

#[async_trait]
impl DeleteGroup for CrowdStrike {
    async fn delete_group(&self, call: &Call, input: DeleteGroupInput) -> Result<Reply<Group<'static>>> {
        match self.groups.kind {
            Kind::Profile => self.delete_profile_group(call, &input.id).await,
            Kind::FlightControl => self.delete_flight_control_group(call, &input.id).await,
        }
    }
}

#[async_trait]
impl AddUserToGroup for CrowdStrike {
    async fn add_user_to_group(&self, call: &Call, input: AddUserToGroupInput) -> Result<Reply<Group<'static>>> {
        let request = (self.groups.change)(self, Membership::Add, &input.group_id, &input.user_id);
        request.primary().write(call).await?;
        Ok(Reply::sent(&input.group_id))
    }
}

#[async_trait]
impl RemoveUserFromGroup for CrowdStrike {
    async fn remove_user_from_group(
        &self,
        call: &Call,
        input: RemoveUserFromGroupInput,
    ) -> Result<Reply<Group<'static>>> {
        let request = (self.groups.change)(self, Membership::Remove, &input.group_id, &input.user_id);
        match request.primary().write(call).await {
            // core has just seen the group, and the user in it: taken out in between
            Err(error) if error.was_missing() => Ok(Reply::sent(&input.group_id).with_effect(Effect::Already)),
            sent => sent.map(|_| Reply::sent(&input.group_id)),
        }
    }
}
