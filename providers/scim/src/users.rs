//! Users: list, get, create, update, delete, activate, deactivate.

use serde_json::{Value, json};
use userdir_core::action::*;
use userdir_core::error::Details;
use userdir_core::http::Request;
use userdir_core::scim::{self, Object, ScimFilter, replace, replacing};
use userdir_core::{Call, Effect, Error, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{DateTime, Status, User};

use crate::Scim;
use crate::paging::Listing;
use crate::patch::{Form, Target, replace_all};

#[async_trait]
impl ListUsers for Scim {
    async fn list_users(&self, call: &Call, request: PageRequest<UserFilter>) -> Result<Page<User<'static>>> {
        let filter = &request.filter;
        if let Some(group) = &filter.group_id {
            if *filter != UserFilter::default().group_id(group) {
                return Err(Error::invalid("`group_id` cannot be joined with other filters")
                    .hint("a group tells no more of its members than id and name"));
            }
            return self.members(call, group).await;
        }
        let Some(narrowed) = Narrowed::of(filter) else { return Ok(Page::of_values(Vec::new())) };
        let listing = Listing {
            at: "Users",
            excluded: (!call.wants("groups")).then_some("groups"),
            filter: narrowed.expression,
            is_sure: narrowed.is_sure,
            ..Listing::default()
        };
        if *filter == UserFilter::default() {
            return Ok(self.list(call, &request, &listing, scim::user).await?.0);
        }
        // of what is looked at here alone a page may keep little: ask for whole ones
        let wanted = request.wanted.filter(|_| listing.filter.is_some());
        let (page, _) = self.list(call, &request.clone().wanting(wanted), &listing, scim::user).await?;
        Ok(page.rechecked(request.filter))
    }
}

/// The one clause that is sent of a filter. Many products take a single one, so the rest is looked at here.
struct Narrowed {
    expression: Option<String>,
    /// Every server knows it.
    is_sure: bool,
}

impl Narrowed {
    /// The clause that leaves the fewest; none where nobody can match. Of several values some products look at the first
    /// alone, and answer what they do not know with nobody, so that such a filter is not sent.
    fn of(filter: &UserFilter) -> Option<Narrowed> {
        let attributes = [
            ("userName", &filter.username),
            ("externalId", &filter.external_id),
            ("emails.value", &filter.emails),
            ("name.familyName", &filter.last_name),
            ("name.givenName", &filter.first_name),
            ("userType", &filter.user_type),
        ];
        let mut given = attributes.into_iter().filter_map(|(attribute, wanted)| Some((attribute, wanted.as_ref()?)));
        let by = given.find_map(|(attribute, wanted)| Some((attribute, wanted.single()?)));
        let mut clause = ScimFilter::default();
        if let Some((attribute, value)) = by {
            clause.any_of(attribute, [value]);
        } else if filter.updated_at.is_some() {
            clause.within("meta.lastModified", &filter.updated_at, time);
        } else if filter.created_at.is_some() {
            clause.within("meta.created", &filter.created_at, time);
        }
        if let Some(wanted) = &filter.status {
            match (wanted.takes("active"), wanted.takes("inactive")) {
                (false, false) => return None,
                // `active eq true` would leave out those whom the server shows without `active`
                (false, true) if clause.build().is_none() => clause.clause("active eq false"),
                _ => {}
            }
        }
        Some(Narrowed { expression: clause.build(), is_sure: by.is_some_and(|(attribute, _)| attribute == "userName") })
    }
}

pub(crate) fn time(time: DateTime) -> String {
    time.to_string()
}

impl Scim {
    /// A user, without the groups where nobody wants them: they cost some servers much.
    pub(crate) fn user(&self, call: &Call, id: &str) -> Request {
        let excluded = (!call.wants("groups")).then_some("groups");
        self.http.get("Users").id(id).query_if("excludedAttributes", excluded)
    }

    /// Sets `active` alone.
    async fn set_active(&self, call: &Call, id: &str, active: bool) -> Result<Effect> {
        let forms = [
            Form::Patch(vec![replace("active", active)]),
            Form::Patch(vec![replace_all(json!({ "active": active }))]),
            Form::put(|user| drop(user.insert("active".to_owned(), active.into()))),
        ];
        let is_done = |user: &Object| user.get("active") == Some(&Value::Bool(active));
        self.change(call, Target { at: "Users", id }, &self.habits.active, &forms, is_done).await
    }
}

#[async_trait]
impl GetUser for Scim {
    async fn get_user(&self, call: &Call, input: GetUserInput) -> Result<Reply<User<'static>>> {
        let answer = self.user(call, &input.id).primary().read(call).await?;
        Ok(Reply::read(answer.map(scim::user)?))
    }
}

#[async_trait]
impl CreateUser for Scim {
    /// With all that one server or another demands: `active`, `displayName`, `name.formatted`, an address.
    async fn create_user(&self, call: &Call, input: CreateUserInput) -> Result<Reply<User<'static>>> {
        let mut body = scim::attributes(&input)?;
        body.retain(|_, value| !value.is_null());
        let address = body.get("emails").and_then(Value::as_array).and_then(|emails| {
            let primary = emails.iter().find(|email| email.get("primary") == Some(&Value::Bool(true)));
            primary.and_then(|email| email.get("value")).and_then(Value::as_str).map(str::to_owned)
        });
        let Some(username) = input.username.clone().or(address) else {
            let missing = Details::Missing { query: Vec::new(), body: vec!["username".to_owned()] };
            return Err(Error::invalid("`username` or `emails` is required").with_details(missing));
        };
        let names: Vec<&str> =
            [&input.first_name, &input.last_name].into_iter().flatten().map(String::as_str).collect();
        if let Some(full) = input.name.clone().or_else(|| (!names.is_empty()).then(|| names.join(" "))) {
            body.entry("displayName").or_insert_with(|| full.clone().into());
            if let Some(name) = body.entry("name").or_insert_with(|| json!({})).as_object_mut() {
                name.insert("formatted".to_owned(), full.into());
            }
        }
        if scim::is_address(&username) {
            let own = json!([{ "value": username, "type": "work", "primary": true }]);
            body.entry("emails").or_insert(own);
        }
        body.insert("userName".to_owned(), username.into());
        body.entry("active").or_insert(true.into());
        body.insert("schemas".to_owned(), json!([scim::USER]));
        match self.http.post("Users").json(&body).primary().write(call).await? {
            Some(answer) => Ok(Reply::applied(answer.map(scim::user)?)),
            None => Ok(Reply::planned()),
        }
    }
}

#[async_trait]
impl UpdateUser for Scim {
    async fn update_user(&self, call: &Call, input: UpdateUserInput) -> Result<Reply<User<'static>>> {
        let attributes = scim::attributes(&input)?;
        if self.deactivate_deletes && attributes.get("active") == Some(&Value::Bool(false)) {
            return Err(Error::refused("setting `status` to inactive deletes the user at this product")
                .hint("`userdir users deactivate` does that, and says so"));
        }
        let target = Target { at: "Users", id: &input.id };
        let effect = self.change(call, target, &self.habits.update, &update(&attributes), |_| false).await?;
        Ok(Reply::sent(&input.id).with_effect(effect))
    }
}

/// The forms of an update: an operation for each attribute, one for all, and the whole object.
pub(crate) fn update(attributes: &Object) -> [Form<'_>; 3] {
    [
        Form::Patch(replacing(attributes)),
        Form::Patch(vec![replace_all(attributes.clone())]),
        Form::put(move |object| {
            for (attribute, value) in attributes {
                match (object.get_mut(attribute), value) {
                    (Some(Value::Object(there)), Value::Object(parts)) => there.extend(parts.clone()),
                    _ => drop(object.insert(attribute.clone(), value.clone())),
                }
            }
        }),
    ]
}

/// What the server itself says of `active`: one who is shown without it is taken to be active, which confirms nothing.
fn says_active(user: &User<'_>) -> Option<bool> {
    let user = user.remote_data.as_ref()?.parse::<scim::wire::User>().ok()?;
    Some(user.active?.is_true())
}

/// Whether `active` is said to be true.
pub fn is_active(user: &User<'_>) -> Shows {
    Shows::from_option(says_active(user))
}

/// Whether `active` is said to be false.
pub fn is_inactive(user: &User<'_>) -> Shows {
    Shows::from_option(says_active(user).map(|active| !active))
}

/// Whether a deleted user is gone. One who is still shown and cannot sign in may have been so before: that tells nothing.
pub fn is_deleted(user: &User<'_>) -> Shows {
    if user.status == Some(Status::Inactive) { Shows::Unknown } else { Shows::No }
}

#[async_trait]
impl DeleteUser for Scim {
    async fn delete_user(&self, call: &Call, input: DeleteUserInput) -> Result<Reply<User<'static>>> {
        self.http.delete("Users").id(&input.id).primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

#[async_trait]
impl DeactivateUser for Scim {
    async fn deactivate_user(&self, call: &Call, input: DeactivateUserInput) -> Result<Reply<User<'static>>> {
        let reply = match self.set_active(call, &input.user_id, false).await {
            Ok(effect) => Reply::sent(&input.user_id).with_effect(effect),
            // Core has just read the user: not found now means gone in between.
            Err(error) if error.was_missing() => Reply::sent(&input.user_id).with_effect(Effect::Already),
            Err(error) => return Err(error),
        };
        Ok(match self.deactivate_deletes {
            true => reply.note("deactivating deletes the user at this product: it cannot be activated again"),
            false => reply,
        })
    }
}

#[async_trait]
impl ActivateUser for Scim {
    async fn activate_user(&self, call: &Call, input: ActivateUserInput) -> Result<Reply<User<'static>>> {
        let effect = self.set_active(call, &input.user_id, true).await?;
        Ok(Reply::sent(&input.user_id).with_effect(effect))
    }
}
