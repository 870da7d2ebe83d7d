//! The other vendor of the tests: it lags behind, tells a membership by the group's users, takes ids with slashes, and
//! this account may not delete.

use userdir_core::action::*;
use userdir_core::definition::{ActionFacts, Consistency, Definition, Scheme, Setting};
use userdir_core::http::*;
use userdir_core::{Action, Call, Connect, IdRule, Page, PageRequest, Reply, Result, async_trait, provider};
use userdir_schema::{Group, User};

use crate::vendor::{connect, group, user};

#[derive(Debug)]
pub struct Slow {
    http: Http,
    paging: Paging,
}

pub static SLOW: Definition = Definition {
    slug: "slow",
    aliases: &[],
    name: "Slow",
    documentation: "https://slow.example",
    settings: &[
        Setting::url("base_url", "Address", &[], "the address").required(),
        Setting::secret("token", "Token", "a token").required(),
    ],
    schemes: &[Scheme { name: "token", needs: &["token"] }],
    actions: &[
        ActionFacts::new(Action::ListUsers).filters(&["group_id"]),
        ActionFacts::new(Action::GetUser),
        ActionFacts::new(Action::DeactivateUser),
        ActionFacts::new(Action::DeleteUser),
        ActionFacts::new(Action::GetGroup),
        ActionFacts::new(Action::RemoveUserFromGroup),
    ],
    lacks: &[],
    notes: &[],
    consistency: Consistency::Lagging,
};

provider!(Slow, SLOW);

#[async_trait]
impl Connect for Slow {
    fn connect(connection: Connection) -> Result<Slow> {
        connect(&connection).map(|(http, _)| Slow { http, paging: Paging::whole("items") })
    }

    async fn check(&self, call: &Call) -> Result<()> {
        self.http.get("check").read(call).await.map(drop)
    }

    fn http(&self) -> &Http {
        &self.http
    }

    fn refuses(&self, action: Action) -> Option<String> {
        (action == Action::DeleteUser).then(|| "this account may not delete".to_owned())
    }

    fn id_rule(&self) -> IdRule {
        IdRule::Any
    }
}

#[async_trait]
impl ListUsers for Slow {
    async fn list_users(&self, call: &Call, request: PageRequest<UserFilter>) -> Result<Page<User<'static>>> {
        let users = match &request.filter.group_id {
            Some(group) => self.http.get("groups").id(group).path("members"),
            None => self.http.get("users"),
        };
        users.page(call, &request, &self.paging, user).await
    }
}

#[async_trait]
impl GetUser for Slow {
    async fn get_user(&self, call: &Call, input: GetUserInput) -> Result<Reply<User<'static>>> {
        Ok(Reply::read(self.http.get("users").id(&input.id).primary().read(call).await?.map(user)?))
    }
}

#[async_trait]
impl DeactivateUser for Slow {
    async fn deactivate_user(&self, call: &Call, input: DeactivateUserInput) -> Result<Reply<User<'static>>> {
        self.http.post("users").id(&input.user_id).path("deactivate").primary().write(call).await?;
        Ok(Reply::sent(&input.user_id))
    }
}

#[async_trait]
impl DeleteUser for Slow {
    async fn delete_user(&self, call: &Call, input: DeleteUserInput) -> Result<Reply<User<'static>>> {
        self.http.delete("users").id(&input.id).primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

#[async_trait]
impl GetGroup for Slow {
    async fn get_group(&self, call: &Call, input: GetGroupInput) -> Result<Reply<Group<'static>>> {
        Ok(Reply::read(self.http.get("groups").id(&input.id).primary().read(call).await?.map(group)?))
    }
}

#[async_trait]
impl RemoveUserFromGroup for Slow {
    async fn remove_user_from_group(
        &self,
        call: &Call,
        input: RemoveUserFromGroupInput,
    ) -> Result<Reply<Group<'static>>> {
        let member = self.http.delete("groups").id(&input.group_id).path("members").id(&input.user_id);
        member.primary().write(call).await?;
        Ok(Reply::sent(&input.group_id))
    }
}
