//! A provider that passes every case of the toy's and is careless in ways that only faults show.

use serde::Deserialize;
use serde_json::{json, value::RawValue};
use userdir::action::*;
use userdir::definition::Definition;
use userdir::http::{Connection, Http, Next, Paging, TotalAt};
use userdir::registry::Connect;
use userdir::schema::{Unified, User};
use userdir::{Call, Error, ErrorKind, Mapped, Page, PageRequest, Reply, Result, async_trait, provider};

/// Careless; holds its token so that it can be told to everybody.
pub struct Careless {
    http: Http,
    token: String,
}

static CARELESS: Definition = super::definition("careless", super::ACTIONS, super::LACKS);

provider!(Careless, CARELESS);

#[async_trait]
impl Connect for Careless {
    fn connect(connection: Connection) -> Result<Careless> {
        let token = connection.secret("api_token")?.expose().to_owned();
        Ok(Careless { http: super::http(&connection)?, token })
    }

    async fn check(&self, _: &Call) -> Result<()> {
        Ok(())
    }

    fn http(&self) -> &Http {
        &self.http
    }
}

/// No field but these.
fn user(raw: &RawValue) -> Mapped<User<'_>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Strict {
        id: String,
        name: Option<String>,
        status: Option<String>,
        groups: Option<Vec<serde_json::Value>>,
    }
    serde_json::from_str::<Strict>(raw.get())?;
    super::user(raw)
}

#[async_trait]
impl ListUsers for Careless {
    /// A page that fails is taken for the end.
    async fn list_users(&self, call: &Call, request: PageRequest<UserFilter>) -> Result<Page<User<'static>>> {
        const PAGING: Paging = Paging {
            items: "users",
            limit: "limit",
            max: 2,
            next: Next::BodyCursor { path: "next", parameter: "cursor" },
            total: TotalAt::Nowhere,
        };
        let users = self.http.get("users").query_if("group", request.filter.group_id.clone());
        match users.page(call, &request, &PAGING, super::user).await {
            Err(_) if request.cursor.is_some() => Ok(Page::of_values(Vec::new())),
            page => page,
        }
    }
}

#[async_trait]
impl GetUser for Careless {
    /// What may not be read is made up.
    async fn get_user(&self, call: &Call, input: GetUserInput) -> Result<Reply<User<'static>>> {
        match self.http.get("users").id(&input.id).primary().read(call).await {
            Err(error) if error.kind() == ErrorKind::Permission => Ok(Reply::read(User::with_id(&input.id))),
            answer => answer?.map(user).map(Reply::read),
        }
    }
}

#[async_trait]
impl CreateUser for Careless {
    /// What fails is tried once more.
    async fn create_user(&self, call: &Call, input: CreateUserInput) -> Result<Reply<User<'static>>> {
        let body = json!({"name": input.name, "password": input.password.as_ref().map(Password::expose)});
        let send = || self.http.post("users").json(&body).primary().write(call);
        let sent = match send().await {
            Err(error) if error.kind() == ErrorKind::Transport => send().await,
            sent => sent,
        };
        match sent? {
            Some(answer) => answer.map(super::user).map(Reply::applied),
            None => Ok(Reply::planned()),
        }
    }
}

#[async_trait]
impl DeactivateUser for Careless {
    /// Says in the error which token was refused.
    async fn deactivate_user(&self, call: &Call, input: DeactivateUserInput) -> Result<Reply<User<'static>>> {
        match self.http.post("users").id(&input.user_id).path("deactivate").primary().write(call).await {
            Err(error) if error.kind() == ErrorKind::Authentication => {
                Err(Error::new(ErrorKind::Authentication, format!("`{}` is refused", self.token)))
            }
            sent => sent.map(|_| Reply::sent(&input.user_id)),
        }
    }
}
