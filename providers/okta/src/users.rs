//! Users: list, get, create, update, delete.

use std::collections::BTreeSet;

use serde_json::value::RawValue;
use userdir_core::action::*;
use userdir_core::http::{Next, Paging, TotalAt};
use userdir_core::mapping::no_room;
use userdir_core::reply::{Steps, Unreadable};
use userdir_core::scim::ScimFilter;
use userdir_core::{Call, Effect, Error, Mapped, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{DateTime, Email, Phone, Text, Url, User, UserGroup, UserOrganization};

use crate::{Okta, ROWS, map, wire};

pub(crate) const USERS: Paging =
    Paging { items: "", limit: "limit", max: 200, next: Next::LinkHeader, total: TotalAt::Nowhere };
/// Okta recommends no more than 200 members a page, although it gives 1,000.
const MEMBERS: Paging = USERS;

#[async_trait]
impl ListUsers for Okta {
    async fn list_users(&self, call: &Call, request: PageRequest<UserFilter>) -> Result<Page<User<'static>>> {
        let filter = &request.filter;
        if let Some(role) = &filter.role_id {
            check_others(filter, "role_id")?;
            return Ok(self.holders(call, &request, role).await?.rechecked(filter.clone()));
        }
        if let Some(group) = &filter.group_id {
            check_others(filter, "group_id")?;
            let members = self.http.get("api/v1/groups").id(group).path("users");
            return Ok(members.page(call, &request, &MEMBERS, map::user).await?.rechecked(filter.clone()));
        }
        let Some(expression) = expression(filter)? else { return Ok(Page::of_values(Vec::new())) };
        let mut users = self.http.get("api/v1/users");
        if needs_search(filter) {
            users = users.query("search", expression);
        } else {
            users = users.query("filter", expression);
        }
        if let Some(sort) = &filter.sort_by {
            users = users
                .query("sortBy", sort_field(&sort.field))
                .query("sortOrder", if sort.descending { "desc" } else { "asc" });
        }
        let users = users.page(call, &request, &USERS, map::user).await?;
        Ok(match &filter.name {
            // Okta's own search by name is for beginnings of its parts, and has no pages
            Some(name) => users.rechecked(UserFilter::default().name(name.clone())),
            None => users,
        })
    }
}

/// Okta neither filters nor sorts a group's members or a role's holders; what can be told from a mapped user is left out
/// afterwards.
fn check_others(filter: &UserFilter, with: &'static str) -> Result<()> {
    if filter.sort_by.is_some() {
        return Err(Error::invalid(format!("`sort_by` does not work together with `{with}`")));
    }
    if filter.group_id.is_some() && filter.role_id.is_some() {
        return Err(Error::invalid("give `group_id` or `role_id`, not both"));
    }
    let words = filter.status.iter().flat_map(|status| status.values());
    match words.into_iter().find(|word| !map::UNIFIED_STATUSES.contains(&word.as_str())) {
        None => Ok(()),
        Some(word) => Err(Error::invalid(format!("status `{word}` does not work together with `{with}`"))
            .hint("the unified words do: active, invited, inactive")),
    }
}

/// `filter` knows few properties and `search` nearly all, but `search` reads an index that lags behind.
fn needs_search(filter: &UserFilter) -> bool {
    filter.created_at.is_some() || filter.user_type.is_some() || filter.sort_by.is_some()
}

/// Okta's expression of a filter; none where nobody can match it.
fn expression(filter: &UserFilter) -> Result<Option<String>> {
    let mut expression = ScimFilter::default();
    match &filter.status {
        // Okta leaves deactivated users out of a list that does not name their status
        None => expression.any_of("status", map::ALL_STATUSES.iter().copied()),
        Some(wanted) => {
            let mut words = Vec::new();
            for status in wanted.values() {
                let known = map::status_words(status);
                words.extend_from_slice(known.ok_or_else(|| {
                    Error::invalid(format!("`{status}` is no status of a user"))
                        .hint("active, invited and inactive are, and Okta's own such as LOCKED_OUT")
                })?);
            }
            if words.is_empty() {
                return Ok(None);
            }
            expression.any_of("status", words);
        }
    }
    expression.matching("profile.firstName", &filter.first_name);
    expression.matching("profile.lastName", &filter.last_name);
    for (field, wanted) in [("profile.login", &filter.username), ("profile.email", &filter.emails)] {
        // compared letter by letter, and mostly kept in lower case
        let spelled = wanted.iter().flat_map(Match::values).flat_map(|word| [word.clone(), word.to_lowercase()]);
        expression.any_of(field, spelled.collect::<BTreeSet<_>>().iter().map(String::as_str));
    }
    expression.matching("profile.userType", &filter.user_type);
    expression.within("lastUpdated", &filter.updated_at, time);
    expression.within("created", &filter.created_at, time);
    Ok(expression.build())
}

/// Okta writes times with milliseconds.
pub(crate) fn time(time: DateTime) -> String {
    format!("{:.3}", time.timestamp())
}

fn sort_field(unified: &str) -> &'static str {
    match unified {
        "created_at" => "created",
        "updated_at" => "lastUpdated",
        "last_login_at" => "lastLogin",
        "username" => "profile.login",
        "emails" => "profile.email",
        "first_name" => "profile.firstName",
        "last_name" => "profile.lastName",
        _ => "status",
    }
}

#[async_trait]
impl GetUser for Okta {
    /// The user, and with a call each what else is wanted: roles, groups, applications, factors, the organization.
    /// What the credentials may not read stays unknown, with a note.
    async fn get_user(&self, call: &Call, input: GetUserInput) -> Result<Reply<User<'static>>> {
        let answer = self.http.get("api/v1/users").id(&input.id).primary().read(call).await?;
        let mut user: User = answer.map(map::user)?;
        let id = user.id.to_string();
        let mut unknown = Unreadable::default();
        if call.wants("roles") {
            user.roles = unknown.known("roles", self.rows(call, &id, "roles", map::user_role).await)?;
        }
        if call.wants("groups") {
            user.groups = unknown.known("groups", self.rows(call, &id, "groups", map::user_group).await)?;
        }
        if call.wants("licenses") {
            let links = unknown.known("licenses", self.rows(call, &id, "appLinks", map::app_link).await)?;
            user.licenses = links.map(|links| map::one_an_app(links).into_iter().map(map::user_license).collect());
        }
        if call.wants("is_2fa_enabled") {
            let factors = self.rows(call, &id, "factors", map::is_active_factor).await;
            user.is_2fa_enabled =
                unknown.known("is_2fa_enabled", factors)?.filter(|factors| factors.contains(&true)).map(|_| true);
        }
        if call.wants("organizations") {
            let org = unknown.known("organizations", self.organization(call).await)?;
            user.organizations = org.map(|org| vec![UserOrganization { id: Some(org.id), name: org.name }]);
        }
        Ok(unknown.note(Reply::read(user)))
    }
}

impl Okta {
    /// What belongs to a user: `roles`, `groups`, `appLinks`, `factors`.
    async fn rows<R>(
        &self,
        call: &Call,
        user_id: &str,
        what: &'static str,
        map: fn(&RawValue) -> Mapped<R>,
    ) -> Result<Vec<R>> {
        self.http.get("api/v1/users").id(user_id).path(what).all(call, &ROWS, map).await
    }

    /// The user's status in Okta's own word.
    pub(crate) async fn status(&self, call: &Call, user_id: &str) -> Result<String> {
        let answer = self.http.get("api/v1/users").id(user_id).read(call).await?;
        let user: wire::User = answer.json()?;
        Ok(user.status.map(|status| status.to_string()).unwrap_or_default())
    }
}

/// Okta's body of the fields given, or an error where they have no place at Okta: left out silently they would look set.
/// The two inputs have the same fields and no common type.
macro_rules! body {
    ($input:expr) => {{
        let input = &$input;
        let (email, second_email) = addresses(&input.emails)?;
        let (primary_phone, mobile_phone) = numbers(&input.phones)?;
        wire::WriteUser {
            profile: wire::NewProfile {
                first_name: input.first_name.clone(),
                last_name: input.last_name.clone(),
                display_name: input.name.clone(),
                login: input.username.clone(),
                email,
                second_email,
                title: input.title.clone(),
                primary_phone,
                mobile_phone,
                user_type: input.user_type.clone(),
                timezone: input.timezone.clone(),
                preferred_language: language(&input.languages)?,
                profile_url: page(&input.urls)?,
            },
            credentials: input
                .password
                .clone()
                .map(|value| wire::NewCredentials { password: wire::NewPassword { value } }),
            group_ids: None,
        }
    }};
}

#[async_trait]
impl CreateUser for Okta {
    async fn create_user(&self, call: &Call, input: CreateUserInput) -> Result<Reply<User<'static>>> {
        let mut body = body!(input);
        let id = |group: &UserGroup<'_>| {
            group.id.as_ref().map(Text::to_string).ok_or_else(|| Error::invalid("each of `groups` needs its `id`"))
        };
        body.group_ids = input.groups.map(|groups| groups.iter().map(id).collect::<Result<_>>()).transpose()?;
        body.profile.leave_out_empty();
        if body.profile.login.is_none() {
            body.profile.login = body.profile.email.clone();
        }
        let request = self.http.post("api/v1/users").query("activate", "true").json(&body);
        match request.guarding(&["activate"]).primary().write(call).await? {
            Some(answer) => Ok(Reply::applied(answer.map(map::user)?)),
            None => Ok(Reply::planned()),
        }
    }
}

#[async_trait]
impl UpdateUser for Okta {
    /// A partial update: `POST` changes what is sent, where `PUT` would empty the rest.
    async fn update_user(&self, call: &Call, input: UpdateUserInput) -> Result<Reply<User<'static>>> {
        let request = self.http.post("api/v1/users").id(&input.id).json(&body!(input)).idempotent().primary();
        request.write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

/// What stands for a list at Okta: not given, empty, or its one value.
type One = Option<Option<String>>;

/// The primary address and a second one.
fn addresses(emails: &Option<Vec<Email<'static>>>) -> Result<(Option<String>, One)> {
    let Some(emails) = emails else { return Ok((None, None)) };
    let is_first = |email: &Email<'_>| email.is_primary == Some(true);
    let first = emails.iter().position(is_first);
    let first = first.or_else(|| emails.iter().position(|email| email.r#type.as_deref() == Some("work"))).unwrap_or(0);
    let (mut primary, mut second) = (None, None);
    for (index, email) in emails.iter().enumerate() {
        let (place, kind) = if index == first { (&mut primary, "work") } else { (&mut second, "secondary") };
        if place.is_some() || email.r#type.as_deref().is_some_and(|given| given != kind) {
            return Err(no_room("emails", "Okta", "a primary address of type `work` and one of type `secondary`"));
        }
        *place = email.email.as_ref().map(Text::to_string);
    }
    match primary {
        Some(primary) => Ok((Some(primary), Some(second))),
        None => Err(Error::invalid("`emails` has no primary address, which Okta needs")),
    }
}

/// The primary number and the mobile one.
fn numbers(phones: &Option<Vec<Phone<'static>>>) -> Result<(One, One)> {
    let Some(phones) = phones else { return Ok((None, None)) };
    let (mut primary, mut mobile) = (None, None);
    for phone in phones {
        let place = match phone.r#type.as_deref() {
            None if primary.is_some() => Some(&mut mobile),
            None | Some("primary") => Some(&mut primary),
            Some("mobile") => Some(&mut mobile),
            Some(_) => None,
        };
        match place.filter(|place| place.is_none() && phone.extension.is_none()) {
            Some(place) => *place = phone.number.as_ref().map(Text::to_string),
            None => return Err(no_room("phones", "Okta", "a `primary` and a `mobile` number, without extensions")),
        }
    }
    Ok((Some(primary), Some(mobile)))
}

/// The one preferred language.
fn language(languages: &Option<Vec<String>>) -> Result<One> {
    match languages.as_deref() {
        Some([_, _, ..]) => Err(no_room("languages", "Okta", "one preferred language")),
        languages => Ok(languages.map(|languages| languages.first().cloned())),
    }
}

/// The one page about the user.
fn page(urls: &Option<Vec<Url<'static>>>) -> Result<One> {
    match urls.as_deref() {
        None => Ok(None),
        Some([]) => Ok(Some(None)),
        Some([url]) if url.r#type.as_deref().is_none_or(|kind| kind == "profile") => {
            Ok(Some(url.url.as_ref().map(Text::to_string)))
        }
        Some(_) => Err(no_room("urls", "Okta", "one address, of type `profile`")),
    }
}

#[async_trait]
impl DeleteUser for Okta {
    /// Okta deletes only who is deactivated: the first `DELETE` deactivates, the second deletes for good.
    async fn delete_user(&self, call: &Call, input: DeleteUserInput) -> Result<Reply<User<'static>>> {
        self.refuse_own(call, &input.id).await?;
        let delete = || {
            let request = self.http.delete("api/v1/users").id(&input.id).query("sendEmail", "false");
            request.guarding(&["sendEmail"])
        };
        let mut steps = Steps::default();
        if self.status(call, &input.id).await? != "DEPROVISIONED" {
            // where this fails the next one would only deactivate
            let effect = crate::effect(delete().write(call).await)?;
            steps.add("deactivate", Ok(effect));
        }
        let effect = match delete().then().primary().write(call).await {
            // the user was there a moment ago: gone in between
            Err(error) if error.was_missing() => Ok(Effect::Already),
            sent => crate::effect(sent),
        };
        steps.add("delete", effect);
        steps.finish(Reply::sent(&input.id))
    }
}
