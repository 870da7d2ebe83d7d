//! A small vendor of the tests' own: it pages in every way and shows a write at once.

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use userdir_core::action::*;
use userdir_core::definition::{ActionFacts, Consistency, Definition, Scheme, Setting, body, lack, query};
use userdir_core::http::*;
use userdir_core::reply::Steps;
use userdir_core::{
    Action, Call, Connect, Effect, Error, ErrorKind, IdRule, Mapped, Page, PageRequest, Reply, Result, async_trait,
    provider,
};
use userdir_schema::{DateTime, Email, Group, User};

pub const VENDOR: Vendor = Vendor {
    rate: RateHeaders::COMMON,
    fault: |answer| {
        #[derive(Deserialize)]
        struct Body {
            code: String,
            message: Option<String>,
            wait: Option<u64>,
        }
        let body: Body = answer.json().ok()?;
        // a fault inside a 200
        let kind = match body.code.as_str() {
            "gone" => Some(ErrorKind::NotFound),
            "busy" => Some(ErrorKind::Unavailable),
            _ => None,
        };
        let quota_used_up = body.code == "quota";
        let retry_after = body.wait.map(std::time::Duration::from_secs);
        Some(Fault { code: Some(body.code), message: body.message, kind, quota_used_up, retry_after })
    },
    request_id: "x-request-id",
    accept: "application/vnd.acme+json",
    content_type: "application/vnd.acme+json",
    ..Vendor::JSON
};

/// The same, where the vendor says that a 500 passes.
static PASSING: Vendor = Vendor { repeats_500: true, ..VENDOR };

/// A predicate of the vendor's own, which looks into the vendor's own object.
fn is_off(user: &User<'_>) -> Shows {
    Shows::from_option(user.remote_data.as_ref().map(|raw| raw.get().contains("inactive")))
}

const SETTINGS: &[Setting] = &[
    Setting::flag("repeats_500", "Repeats 500", "whether a 500 passes"),
    Setting::url("base_url", "Address", &["*.acme.example"], "the address").required(),
    Setting::secret("token", "Token", "a token"),
    Setting::text("username", "User name", "who"),
    Setting::secret("password", "Password", "of the user"),
    Setting::text("client_id", "Client id", "of the app"),
    Setting::secret("client_secret", "Client secret", "of the app"),
    Setting::secret("refresh_token", "Refresh token", "the first"),
    Setting::choice(
        "grant",
        "Grant",
        &["plain", "bare", "json", "password", "discover", "scopes", "one", "hour"],
        "how a token is asked for",
    )
    .default("plain"),
    Setting::choice(
        "paging",
        "Paging",
        &["link", "body_link", "or_short", "cursor", "sized", "while", "offset", "window", "page", "whole"],
        "how it pages",
    )
    .default("cursor"),
    Setting::flag("totals", "Totals", "whether the vendor gives totals").default("true"),
    Setting::flag("one_spelling", "One spelling", "whether ids are small letters, however they are given"),
];

const SCHEMES: &[Scheme] = &[
    Scheme { name: "token", needs: &["token"] },
    Scheme { name: "basic", needs: &["username", "password"] },
    Scheme { name: "refresh", needs: &["client_id", "client_secret", "refresh_token"] },
    Scheme { name: "oauth", needs: &["client_id", "client_secret"] },
];

pub fn user(raw: &RawValue) -> Mapped<User<'_>> {
    #[derive(Deserialize)]
    struct Wire {
        id: String,
        name: Option<String>,
        username: Option<String>,
        status: Option<String>,
        title: Option<String>,
        email: Option<String>,
        created: Option<String>,
    }
    let it: Wire = serde_json::from_str(raw.get())?;
    Ok(User {
        id: it.id.into(),
        name: it.name.map(Into::into),
        username: it.username.map(Into::into),
        title: it.title.map(Into::into),
        status: it.status.map(Into::into),
        emails: it.email.map(|email| vec![Email { email: Some(email.into()), ..Email::default() }]),
        created_at: it.created.as_deref().and_then(DateTime::parse),
        ..User::default()
    })
}

pub fn group(raw: &RawValue) -> Mapped<Group<'_>> {
    #[derive(Deserialize)]
    struct Wire {
        id: String,
        name: Option<String>,
    }
    let it: Wire = serde_json::from_str(raw.get())?;
    Ok(Group { id: it.id.into(), name: it.name.map(Into::into), ..Group::default() })
}

pub fn connect(connection: &Connection) -> Result<(Http, Paging)> {
    let base = connection.url("base_url")?;
    let token_url = base.join("/token").map_err(|_| Error::config("no address"))?;
    let client = || -> Result<(String, ClientAuth)> {
        Ok((connection.require("client_id")?.to_owned(), ClientAuth::Post(connection.secret("client_secret")?)))
    };
    let auth = match connection.scheme.name {
        "token" => Auth::header("x-acme-key", "Key ", &connection.secret("token")?)?,
        "basic" => Auth::basic(connection.require("username")?, &connection.secret("password")?)?,
        "refresh" => {
            let (client_id, client) = client()?;
            let refresh_token = connection.secret("refresh_token")?;
            Auth::token(Grant::RefreshToken { url: token_url, client_id, client, refresh_token })
        }
        _ => {
            let (client_id, client) = client()?;
            let (url, scope, grant_type) = (token_url, None, "account_credentials");
            match connection.get("grant").unwrap_or_default() {
                "bare" => Auth::token(Grant::ClientCredentials {
                    url,
                    grant_type: "",
                    encoding: Encoding::Form,
                    client_id,
                    client,
                    scope,
                    extra: Vec::new(),
                }),
                "json" => {
                    let (encoding, extra) = (Encoding::Json, vec![("account_id".to_owned(), "a1".to_owned())]);
                    Auth::token(Grant::ClientCredentials { url, grant_type, encoding, client_id, client, scope, extra })
                }
                "password" => {
                    let (username, password) = ("maya".to_owned(), connection.secret("client_secret")?);
                    Auth::token(Grant::Password { url, client_id, client, scope, username, password })
                }
                "discover" => {
                    Auth::token(Grant::client_credentials(url, client_id, client, scope)).discovering(Discovery {
                        read: |answer| answer.header("x-region").map(str::to_owned),
                        hosts: &["*.acme.example"],
                    })
                }
                "scopes" => {
                    let scope = Some("users.read users.write".to_owned());
                    Auth::token(Grant::client_credentials(url, client_id, client, scope)).checking_scopes()
                }
                "hour" => Auth::token(Grant::client_credentials(url, client_id, client, scope))
                    .lasting(std::time::Duration::from_secs(3600)),
                "one" => Auth::token(Grant::client_credentials(url, client_id, client, scope)).one_per_client(),
                _ => Auth::token(Grant::client_credentials(url, client_id, client, scope)),
            }
        }
    };
    let total = if connection.flag("totals") { TotalAt::Body("total") } else { TotalAt::Nowhere };
    let paging = Paging { items: "items", limit: "limit", max: 10, next: Next::Whole, total };
    let paging = match connection.get("paging").unwrap_or_default() {
        "link" => Paging { items: "", next: Next::LinkHeader, total: TotalAt::Header("x-total"), ..paging },
        "body_link" => Paging { next: Next::BodyLink { path: "next" }, ..paging },
        "or_short" => Paging { next: Next::BodyLinkOrShort { path: "next" }, ..paging },
        "cursor" => Paging { next: Next::BodyCursor { path: "next", parameter: "cursor" }, ..paging },
        "sized" => Paging { next: Next::BodyCursorSized { path: "next", parameter: "cursor" }, ..paging },
        "while" => Paging {
            next: Next::BodyCursorWhile { more: "info.more", path: "info.end", parameter: "cursor" },
            ..paging
        },
        "offset" => Paging { next: Next::Offset { parameter: "startIndex", first: 1 }, ..paging },
        "window" => Paging {
            next: Next::OffsetWithin { parameter: "startIndex", first: 1, window: 25, more: "", size: "" },
            ..paging
        },
        "page" => Paging { next: Next::PageNumber { parameter: "page", first: 1 }, ..paging },
        _ => paging,
    };
    let vendor = if connection.flag("repeats_500") { &PASSING } else { &VENDOR };
    Ok((connection.http(base, vendor, auth), paging))
}

#[derive(Debug)]
pub struct Acme {
    http: Http,
    paging: Paging,
    id_rule: IdRule,
}

pub static ACME: Definition = Definition {
    slug: "acme",
    aliases: &["acme_inc"],
    name: "Acme",
    documentation: "https://acme.example/docs",
    settings: SETTINGS,
    schemes: SCHEMES,
    actions: &[
        ActionFacts::new(Action::ListUsers)
            .filters(&["status", "username", "emails", "group_id", "sort_by"])
            .sort(&["name"])
            .scopes(&["users.read"]),
        ActionFacts::new(Action::GetUser),
        ActionFacts::new(Action::CreateUser)
            .required(&[body("name"), query("organization_id")])
            .accepts(&["username", "emails", "password", "title"]),
        ActionFacts::new(Action::UpdateUser).accepts(&["name", "title", "password", "external_id"]).settles_nothing(),
        ActionFacts::new(Action::DeleteUser),
        ActionFacts::new(Action::DeactivateUser).shows(OwnPredicate::User(is_off)),
        ActionFacts::new(Action::AssignRole).accepts(&["workspace_id"]).places(&["workspace"]),
        ActionFacts::new(Action::ListGroups).filters(&["user_id"]).partial(),
        ActionFacts::new(Action::GetGroup),
        ActionFacts::new(Action::AddUserToGroup),
        ActionFacts::new(Action::RemoveUserFromGroup),
        ActionFacts::new(Action::DeleteRoleAssignment).unconfirmed("acme shows no assignments"),
    ],
    lacks: &[lack(&[Action::SuspendUser], "acme never suspends")],
    notes: &[],
    consistency: Consistency::Immediate,
};

provider!(Acme, ACME);

#[async_trait]
impl Connect for Acme {
    fn connect(connection: Connection) -> Result<Acme> {
        let id_rule = match connection.flag("one_spelling") {
            true => IdRule::Form(|id| id.is_ascii().then(|| id.to_ascii_lowercase())),
            false => IdRule::Plain,
        };
        connect(&connection).map(|(http, paging)| Acme { http, paging, id_rule })
    }

    fn id_rule(&self) -> IdRule {
        self.id_rule
    }

    async fn check(&self, call: &Call) -> Result<()> {
        self.http.get("check").probe(call).await
    }

    fn http(&self) -> &Http {
        &self.http
    }

    fn resources(&self) -> Resources {
        Resources { root: "v1", paging: self.paging }
    }
}

#[async_trait]
impl ListUsers for Acme {
    async fn list_users(&self, call: &Call, request: PageRequest<UserFilter>) -> Result<Page<User<'static>>> {
        let mut users = self.http.get("users");
        if let Some(status) = &request.filter.status {
            users = users.query("status", status.values().join(","));
        }
        if let Some(name) = &request.filter.username {
            users = users.query("username", name.values().join(","));
        }
        let page = users.page(call, &request, &self.paging, user).await?;
        Ok(if request.filter.status.is_some() { page.rechecked(request.filter.clone()) } else { page })
    }
}

#[async_trait]
impl GetUser for Acme {
    async fn get_user(&self, call: &Call, input: GetUserInput) -> Result<Reply<User<'static>>> {
        let wanted = call.confirms::<AssignRoleInput>().and_then(|wanted| wanted.workspace_id);
        let request = self.http.get("users").id(&input.id).query_if("in", wanted);
        Ok(Reply::read(request.primary().read(call).await?.map(user)?))
    }
}

#[async_trait]
impl CreateUser for Acme {
    async fn create_user(&self, call: &Call, input: CreateUserInput) -> Result<Reply<User<'static>>> {
        let mut body = json!({ "name": input.name, "username": input.username });
        if let (Some(password), Some(object)) = (&input.password, body.as_object_mut()) {
            object.insert("password".into(), password.expose().into());
        }
        match self.http.post("users").json(&body).primary().write(call).await? {
            Some(answer) => Ok(Reply::applied(answer.map(user)?)),
            None => Ok(Reply::planned()),
        }
    }
}

#[async_trait]
impl UpdateUser for Acme {
    async fn update_user(&self, call: &Call, input: UpdateUserInput) -> Result<Reply<User<'static>>> {
        let mut body = json!({ "name": input.name, "title": input.title });
        if let (Some(password), Some(object)) = (&input.password, body.as_object_mut()) {
            object.insert("password".into(), password.expose().into());
        }
        let write = self.http.patch("users").id(&input.id).query("notify", "no").json(&body);
        write.precondition("the user is there").primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

#[async_trait]
impl DeleteUser for Acme {
    /// Two writes: first the sessions, then the user.
    async fn delete_user(&self, call: &Call, input: DeleteUserInput) -> Result<Reply<User<'static>>> {
        self.http.post("users").id(&input.id).path("sign-out").idempotent().write(call).await?;
        self.http.delete("users").id(&input.id).then().primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

#[async_trait]
impl DeactivateUser for Acme {
    async fn deactivate_user(&self, call: &Call, input: DeactivateUserInput) -> Result<Reply<User<'static>>> {
        self.http.post("users").id(&input.user_id).path("deactivate").primary().write(call).await?;
        Ok(Reply::sent(&input.user_id))
    }
}

#[async_trait]
impl AssignRole for Acme {
    async fn assign_role(&self, call: &Call, input: AssignRoleInput) -> Result<Reply<User<'static>>> {
        let mut steps = Steps::default();
        for role in &input.roles {
            let id = role.id.as_deref().unwrap_or_default();
            let effect = if id == "held" {
                Ok(Effect::Already)
            } else {
                let held = self.http.put("users").id(&input.id).path("roles").id(id);
                let sent = held.primary().write(call).await;
                sent.map(|sent| if sent.is_some() { Effect::Applied } else { Effect::Planned })
            };
            steps.add(id, effect);
        }
        steps.finish(Reply::sent(&input.id))
    }
}

#[async_trait]
impl ListGroups for Acme {
    async fn list_groups(&self, call: &Call, request: PageRequest<GroupFilter>) -> Result<Page<Group<'static>>> {
        let groups = match &request.filter.user_id {
            Some(user) => self.http.get("users").id(user).path("groups"),
            None => self.http.get("groups"),
        };
        groups.page(call, &request, &self.paging, group).await
    }
}

#[async_trait]
impl GetGroup for Acme {
    async fn get_group(&self, call: &Call, input: GetGroupInput) -> Result<Reply<Group<'static>>> {
        // kept by itself, as a vendor's without a read of one group
        let answer = self.http.get("groups").id(&input.id).primary().read(call).await?;
        let raw: &RawValue = answer.json()?;
        Ok(Reply::read(Group { remote_data: Some(raw.to_owned().into()), ..answer.map(group)? }))
    }
}

#[async_trait]
impl AddUserToGroup for Acme {
    async fn add_user_to_group(&self, call: &Call, input: AddUserToGroupInput) -> Result<Reply<Group<'static>>> {
        let member = self.http.put("groups").id(&input.group_id).path("members").id(&input.user_id);
        member.guarding(&["emails"]).primary().write(call).await?;
        Ok(Reply::sent(&input.group_id))
    }
}

#[async_trait]
impl RemoveUserFromGroup for Acme {
    async fn remove_user_from_group(
        &self,
        call: &Call,
        input: RemoveUserFromGroupInput,
    ) -> Result<Reply<Group<'static>>> {
        let member = self.http.delete("groups").id(&input.group_id).path("members").id(&input.user_id);
        let reply = Reply::sent(&input.group_id);
        match member.primary().idempotent().write(call).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(reply.with_effect(Effect::Already)),
            sent => sent.map(|_| reply),
        }
    }
}

#[async_trait]
impl DeleteRoleAssignment for Acme {
    async fn delete_role_assignment(
        &self,
        call: &Call,
        input: DeleteRoleAssignmentInput,
    ) -> Result<Reply<userdir_schema::RoleAssignment<'static>>> {
        self.http.delete("assignments").id(&input.id).primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}
