//! Users: list and get.

use userdir_core::action::*;
use userdir_core::http::{Next, Paging, TotalAt};
use userdir_core::{Call, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::User;

use crate::{{{Type}}, map};

/// How lists are paged. `max` is the largest page the vendor gives; where it says how many there are, say where: a list
/// that ends before that is an error.
pub(crate) const USERS: Paging = Paging {
    items: "users",
    limit: "limit",
    max: 100,
    next: Next::BodyCursor { path: "next_cursor", parameter: "cursor" },
    total: TotalAt::Nowhere,
};

#[async_trait]
impl ListUsers for {{Type}} {
    async fn list_users(&self, call: &Call, request: PageRequest<UserFilter>) -> Result<Page<User<'static>>> {
        self.http.get("users").page(call, &request, &USERS, map::user).await
    }
}

#[async_trait]
impl GetUser for {{Type}} {
    async fn get_user(&self, call: &Call, input: GetUserInput) -> Result<Reply<User<'static>>> {
        let answer = self.http.get("users").id(&input.id).primary().read(call).await?;
        Ok(Reply::read(answer.map(map::user)?))
    }
}
