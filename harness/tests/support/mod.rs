//! Two tiny providers to be tried: `toy` does everything right, `mute` can change a thing and not look at it.

#![allow(dead_code)]

pub mod careless;

use serde::Deserialize;
use serde_json::{json, value::RawValue};
use userdir::action::*;
use userdir::definition::{ActionFacts, Consistency, Definition, Lack, Scheme, Setting};
use userdir::http::{Answer, Auth, Fault, Http, Next, Paging, RateHeaders, TotalAt, Vendor};
use userdir::registry::Connect;
use userdir::schema::User;
use userdir::{Call, Mapped, Page, PageRequest, Reply, Result, async_trait, provider};

const SETTINGS: &[Setting] = &[
    Setting::url("base_url", "Address", &[], "Where it is").required(),
    Setting::secret("api_token", "Token", "In its settings"),
];
const SCHEMES: &[Scheme] = &[Scheme { name: "api_token", needs: &["api_token"] }];

static VENDOR: Vendor = Vendor {
    rate: RateHeaders::COMMON,
    fault: |answer: &Answer| {
        #[derive(Deserialize)]
        struct Wire {
            code: String,
            message: String,
        }
        let wire: Wire = answer.json().ok().filter(|_| !answer.is_success())?;
        Some(Fault { code: Some(wire.code), message: Some(wire.message), ..Fault::default() })
    },
    request_id: "x-request-id",
    ..Vendor::JSON
};

fn http(connection: &userdir::http::Connection) -> Result<Http> {
    let auth = Auth::authorization("Toy ", &connection.secret("api_token")?)?;
    Ok(connection.http(connection.url("base_url")?, &VENDOR, auth))
}

fn user(raw: &RawValue) -> Mapped<User<'_>> {
    serde_json::from_str(raw.get())
}

/// What both definitions have in common.
const fn definition(slug: &'static str, actions: &'static [ActionFacts], lacks: &'static [Lack]) -> Definition {
    Definition {
        slug,
        aliases: &[],
        name: "Toy",
        documentation: "https://toy.example.com",
        settings: SETTINGS,
        schemes: SCHEMES,
        actions,
        lacks,
        notes: &[],
        consistency: Consistency::Immediate,
    }
}

/// Does everything right.
pub struct Toy(Http);

const ACTIONS: &[ActionFacts] = &[
    ActionFacts::new(Action::ListUsers).filters(&["group_id"]).partial(),
    ActionFacts::new(Action::GetUser),
    ActionFacts::new(Action::CreateUser).accepts(&["name", "password"]),
    ActionFacts::new(Action::DeactivateUser),
];

const LACKS: &[Lack] = &[
    Lack {
        actions: &[Action::UpdateUser, Action::DeleteUser, Action::AssignRole, Action::UnassignRole],
        because: "it is a toy",
    },
    Lack { actions: Action::ALL.split_at(8).1, because: "it is a toy" },
];

static TOY: Definition = definition("toy", ACTIONS, LACKS);

pub mod toy {
    use super::*;
    provider!(Toy, TOY);
}

#[async_trait]
impl Connect for Toy {
    fn connect(connection: userdir::http::Connection) -> Result<Toy> {
        http(&connection).map(Toy)
    }

    async fn check(&self, call: &Call) -> Result<()> {
        self.0.get("users").read(call).await.map(drop)
    }

    fn http(&self) -> &Http {
        &self.0
    }
}

#[async_trait]
impl ListUsers for Toy {
    async fn list_users(&self, call: &Call, request: PageRequest<UserFilter>) -> Result<Page<User<'static>>> {
        const PAGING: Paging = Paging {
            items: "users",
            limit: "limit",
            max: 2,
            next: Next::BodyCursor { path: "next", parameter: "cursor" },
            total: TotalAt::Nowhere,
        };
        tracing::trace!(group = request.filter.group_id, "listing");
        self.0.get("users").query_if("group", request.filter.group_id.clone()).page(call, &request, &PAGING, user).await
    }
}

#[async_trait]
impl GetUser for Toy {
    async fn get_user(&self, call: &Call, input: GetUserInput) -> Result<Reply<User<'static>>> {
        assert_ne!(input.id, "panic");
        self.0.get("users").id(&input.id).primary().read(call).await?.map(user).map(Reply::read)
    }
}

#[async_trait]
impl CreateUser for Toy {
    async fn create_user(&self, call: &Call, input: CreateUserInput) -> Result<Reply<User<'static>>> {
        let body = json!({"name": input.name, "password": input.password.as_ref().map(Password::expose)});
        match self.0.post("users").json(&body).primary().write(call).await? {
            Some(answer) => answer.map(user).map(Reply::applied),
            None => Ok(Reply::planned()),
        }
    }
}

#[async_trait]
impl DeactivateUser for Toy {
    async fn deactivate_user(&self, call: &Call, input: DeactivateUserInput) -> Result<Reply<User<'static>>> {
        self.0.post("users").id(&input.user_id).path("deactivate").primary().write(call).await?;
        Ok(Reply::sent(&input.user_id))
    }
}

/// Deactivates, and can read nothing; passes nothing through, but for the user `twice` twice.
pub struct Mute(Http);

static MUTE: Definition = definition(
    "mute",
    &[ActionFacts::new(Action::DeactivateUser)],
    &[
        Lack { actions: Action::ALL.split_at(7).0, because: "it is mute" },
        Lack { actions: Action::ALL.split_at(9).1, because: "it is mute" },
    ],
);

pub mod mute {
    use super::*;
    provider!(Mute, MUTE);
}

#[async_trait]
impl Connect for Mute {
    fn connect(connection: userdir::http::Connection) -> Result<Mute> {
        http(&connection).map(Mute)
    }

    async fn check(&self, _: &Call) -> Result<()> {
        Ok(())
    }

    fn http(&self) -> &Http {
        &self.0
    }
}

#[async_trait]
impl DeactivateUser for Mute {
    async fn deactivate_user(&self, call: &Call, input: DeactivateUserInput) -> Result<Reply<User<'static>>> {
        let request = || self.0.post("users").id(&input.user_id).path("deactivate");
        if input.user_id == "twice" {
            request().primary().write(call).await?;
            request().primary().write(call).await?;
        } else {
            request().write(call).await?;
        }
        Ok(Reply::sent(&input.user_id))
    }
}
