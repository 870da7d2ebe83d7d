//! Roles, organizations, and what roles are held at: deployments and serverless projects.

use userdir_core::action::*;
use userdir_core::http::Answer;
use userdir_core::{Call, Error, ErrorKind, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{Organization, Role, Workspace};

use crate::users::Members;
use crate::{ElasticCloud, map, roles, wire};

/// Paths of the lists of places and where their items are: deployments, then projects by kind. The projects are in the
/// vendor's description of serverless projects, which is a document of its own.
const PLACES: [(&str, &str); 4] = [
    ("deployments", "deployments"),
    ("serverless/projects/elasticsearch", "items"),
    ("serverless/projects/observability", "items"),
    ("serverless/projects/security", "items"),
];

impl ElasticCloud {
    /// The table of roles and whatever else members and invitations show.
    async fn roles(&self, call: &Call, organization: Option<&str>) -> Result<Vec<Role<'static>>> {
        let organization = self.organization(call, organization).await?;
        let members = Members::read(&self.list_of(&organization, "members").primary().read(call).await?)?;
        let answer = self.list_of(&organization, "invitations").read(call).await?;
        let invited: wire::Invitations<wire::Invitation> = answer.json()?;
        let of_invited = invited.invitations.iter().filter_map(|invitation| invitation.role_assignments.as_ref());
        Ok(roles::all(members.iter().map(|member| &member.assignments).chain(of_invited)))
    }
}

#[async_trait]
impl ListRoles for ElasticCloud {
    async fn list_roles(&self, call: &Call, request: PageRequest<RoleFilter>) -> Result<Page<Role<'static>>> {
        Ok(Page::of_values(self.roles(call, request.filter.organization_id.as_deref()).await?))
    }
}

#[async_trait]
impl GetRole for ElasticCloud {
    async fn get_role(&self, call: &Call, input: GetRoleInput) -> Result<Reply<Role<'static>>> {
        let roles = self.roles(call, input.organization_id.as_deref()).await?;
        let found = roles.into_iter().find(|role| role.id == input.id.as_str());
        found.map(Reply::read).ok_or_else(|| Error::not_found("no such role is documented or held by anybody"))
    }
}

/// That there are more pages is said without saying how to get them.
fn refuse_more(answer: &Answer) -> Result<()> {
    match answer.json::<wire::After>()?.has_more() {
        false => Ok(()),
        true => {
            let error =
                Error::new(ErrorKind::Incomplete, "the vendor says that there is more, and not how to ask for it");
            Err(error.hint("read what is meant by its id"))
        }
    }
}

#[async_trait]
impl ListOrganizations for ElasticCloud {
    /// A key belongs to one organization.
    async fn list_organizations(
        &self,
        call: &Call,
        request: PageRequest<OrganizationFilter>,
    ) -> Result<Page<Organization<'static>>> {
        let answer = self.http.get("organizations").primary().read(call).await?;
        refuse_more(&answer)?;
        Ok(Page::<Organization<'static>>::of_body(answer.body, "organizations", map::organization)
            .rechecked(request.filter))
    }
}

#[async_trait]
impl GetOrganization for ElasticCloud {
    async fn get_organization(&self, call: &Call, input: GetOrganizationInput) -> Result<Reply<Organization<'static>>> {
        let answer = self.http.get("organizations").id(&input.id).primary().read(call).await?;
        Ok(Reply::read(answer.map(map::organization)?))
    }
}

#[async_trait]
impl ListWorkspaces for ElasticCloud {
    /// Deployments, then projects; the cursor is the number of the list.
    async fn list_workspaces(
        &self,
        call: &Call,
        request: PageRequest<WorkspaceFilter>,
    ) -> Result<Page<Workspace<'static>>> {
        let at = request.cursor.as_deref().unwrap_or("0").parse::<usize>().ok();
        let place = at.and_then(|at| Some((at, PLACES.get(at)?)));
        let Some((at, (path, items))) = place else { return Err(Error::invalid("the cursor names no list")) };
        let list = self.http.get(path);
        let answer = if at == 0 { list.primary() } else { list }.read(call).await?;
        refuse_more(&answer)?;
        let next = (at + 1 < PLACES.len()).then(|| (at + 1).to_string());
        Ok(Page::<Workspace<'static>>::of_body(answer.body, items, map::workspace).next(next).rechecked(request.filter))
    }
}

#[async_trait]
impl GetWorkspace for ElasticCloud {
    /// The id does not tell what it is of: each place is asked until one has it.
    async fn get_workspace(&self, call: &Call, input: GetWorkspaceInput) -> Result<Reply<Workspace<'static>>> {
        for (at, (path, _)) in PLACES.into_iter().enumerate() {
            let place = self.http.get(path).id(&input.id);
            match if at == 0 { place.primary() } else { place }.read(call).await {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                answer => return Ok(Reply::read(answer?.map(map::workspace)?)),
            }
        }
        Err(Error::not_found("no deployment has this id, and no project for elasticsearch, observability or security"))
    }
}
