//! A provider that passes every case of the toy's and is careless in ways that only faults show.

use serde::Deserialize;
use serde_json::{json, value::RawValue};
use userdir::action::*;
use userdir::definition::Definition;
use userdir::http::{Connection, Http, Next, Paging, TotalAt};
use userdir::registry::Connect;
use userdir::schema::{Status, Unified, User};
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
    if raw.get().replace(' ', "").contains("\"name\":null") {
        return Err(serde::de::Error::custom("everybody has a name"));
    }
    let mut user = super::user(raw)?;
    // who is not known to be inactive is active
    if raw.get().contains("\"status\"") && user.status != Some(Status::Inactive) {
        user.status = Some(Status::Active);
    }
    Ok(user)
}

#[async_trait]
impl ListUsers for Careless {
    /// A page that fails is taken for the end, and a refusal for a mood.
    async fn list_users(&self, call: &Call, request: PageRequest<UserFilter>) -> Result<Page<User<'static>>> {
        const PAGING: Paging = Paging {
            items: "users",
            limit: "limit",
            max: 2,
            next: Next::BodyCursor { path: "next", parameter: "cursor" },
            total: TotalAt::Nowhere,
        };
        let users = || self.http.get("users").query_if("group", request.filter.group_id.clone());
        for again in [true, true, false] {
            match users().page(call, &request, &PAGING, user).await {
                Err(_) if request.cursor.is_some() => return Ok(Page::of_values(Vec::new())),
                Err(error) if again && error.kind() == ErrorKind::Permission => {}
                page => return page,
            }
        }
        Err(Error::unexpected("refused thrice"))
    }
}

#[async_trait]
impl GetUser for Careless {
    /// What may not be read is made up, and so is who was there once.
    async fn get_user(&self, call: &Call, input: GetUserInput) -> Result<Reply<User<'static>>> {
        match self.http.get("users").id(&input.id).primary().read(call).await {
            Err(error) if error.kind() == ErrorKind::Permission => {
                Ok(Reply::read(User { status: Some(Status::Inactive), ..User::with_id(&input.id) }))
            }
            Err(error) if error.kind() == ErrorKind::NotFound && input.id == "u1" => {
                Ok(Reply::read(User::with_id(&input.id)))
            }
            answer => {
                let answer = answer?;
                let mut reply = answer.map(user).map(Reply::read)?;
                // no status, no sign-in
                if answer.body.windows(13).any(|text| text == b"\"status\":null") {
                    reply.value.status = Some(Status::Inactive);
                }
                Ok(reply)
            }
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
