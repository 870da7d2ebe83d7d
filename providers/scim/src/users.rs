//! Users: list, get, create, update, delete, activate, deactivate.

use serde::Serialize;
use serde_json::{Value, json};
use userdir_core::action::*;
use userdir_core::error::Details;
use userdir_core::http::Request;
use userdir_core::mapping::no_room;
use userdir_core::scim_filter::ScimFilter;
use userdir_core::{Call, Effect, Error, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{DateTime, Status, User};

use crate::paging::Listing;
use crate::patch::{Form, Object, Target, replace, replace_all};
use crate::{Scim, map, wire};

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
            return Ok(self.list(call, &request, &listing, map::user).await?.0);
        }
        // of what is looked at here alone a page may keep little: ask for whole ones
        let wanted = request.wanted.filter(|_| listing.filter.is_some());
        let (page, _) = self.list(call, &request.clone().wanting(wanted), &listing, map::user).await?;
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
        Ok(Reply::read(answer.map(map::user)?))
    }
}

/// SCIM's attributes of the fields given, and of no others.
fn attributes(input: &impl Serialize) -> Result<Object> {
    const SAME: [(&str, &str); 7] = [
        ("external_id", "externalId"),
        ("username", "userName"),
        ("name", "displayName"),
        ("title", "title"),
        ("user_type", "userType"),
        ("timezone", "timezone"),
        ("password", "password"),
    ];
    let Ok(Value::Object(mut given)) = serde_json::to_value(input) else {
        return Err(Error::invalid("the input cannot be written as JSON"));
    };
    let mut take = |name: &str| given.remove(name);
    let mut attributes: Object =
        SAME.iter().filter_map(|(ours, scim)| Some(((*scim).to_owned(), take(ours)?))).collect();
    let name: Object = [("first_name", "givenName"), ("last_name", "familyName")]
        .iter()
        .filter_map(|(ours, scim)| Some(((*scim).to_owned(), take(ours)?)))
        .collect();
    let mut put = |attribute: &str, value: Option<Value>| {
        attributes.extend(value.map(|value| (attribute.to_owned(), value)));
    };
    put("name", (!name.is_empty()).then(|| name.into()));
    put("active", take("status").map(|word| active(&word)).transpose()?);
    put("emails", take("emails").map(|list| emails(&list)).transpose()?);
    put("phoneNumbers", take("phones").map(|list| objects(&list).map(phone).collect()).transpose()?);
    put("preferredLanguage", take("languages").map(|list| texts(&list).join(", ").into()));
    put("photos", take("avatar").map(|address| json!([{ "value": address, "type": "photo" }])));
    put("profileUrl", take("urls").map(|list| page(&list)).transpose()?);
    Ok(attributes)
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn objects(list: &Value) -> impl Iterator<Item = &Object> {
    list.as_array().into_iter().flatten().filter_map(Value::as_object)
}

/// The one page about the user; null, SCIM's word for none (RFC 7643 §2.5), of an empty list.
fn page(urls: &Value) -> Result<Value> {
    let is_profile = |url: &Object| url.get("type").is_none_or(|kind| kind == "profile");
    match objects(urls).collect::<Vec<_>>().as_slice() {
        [] => Ok(Value::Null),
        [url] if is_profile(url) && url.contains_key("url") => Ok(url.get("url").cloned().unwrap_or_default()),
        _ => Err(no_room("urls", "SCIM", "one address, of type `profile`")),
    }
}

fn active(status: &Value) -> Result<Value> {
    match status.as_str().map(Status::from) {
        Some(Status::Active) => Ok(true.into()),
        Some(Status::Inactive) => Ok(false.into()),
        _ => Err(Error::invalid("`status` is `active` or `inactive`; SCIM knows no other")),
    }
}

/// Addresses as SCIM has them; the first is the primary one where none is said to be.
fn emails(list: &Value) -> Result<Value> {
    let is_primary = |email: &Object| email.get("is_primary").and_then(Value::as_bool);
    let primary = objects(list).position(|email| is_primary(email) == Some(true)).unwrap_or(0);
    let made = objects(list).enumerate().map(|(number, email)| {
        let address = email.get("email").ok_or_else(|| Error::invalid("each of `emails` needs its `email`"))?;
        let kind = email.get("type").cloned().unwrap_or("work".into());
        Ok(json!({ "value": address, "type": kind, "primary": number == primary }))
    });
    made.collect()
}

/// A number; one with an extension as RFC 3966 writes it.
fn phone(phone: &Object) -> Result<Value> {
    let number = phone.get("number").and_then(Value::as_str);
    let number = number.ok_or_else(|| Error::invalid("each of `phones` needs its `number`"))?;
    let value = match phone.get("extension").and_then(Value::as_str) {
        Some(extension) => format!("tel:{number};ext={extension}"),
        None => number.to_owned(),
    };
    let mut item = json!({ "value": value });
    if let (Some(kind), Some(item)) = (phone.get("type"), item.as_object_mut()) {
        item.insert("type".to_owned(), kind.clone());
    }
    Ok(item)
}

#[async_trait]
impl CreateUser for Scim {
    /// With all that one server or another demands: `active`, `displayName`, `name.formatted`, an address.
    async fn create_user(&self, call: &Call, input: CreateUserInput) -> Result<Reply<User<'static>>> {
        let mut body = attributes(&input)?;
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
        if map::is_address(&username) {
            let own = json!([{ "value": username, "type": "work", "primary": true }]);
            body.entry("emails").or_insert(own);
        }
        body.insert("userName".to_owned(), username.into());
        body.entry("active").or_insert(true.into());
        body.insert("schemas".to_owned(), json!(["urn:ietf:params:scim:schemas:core:2.0:User"]));
        match self.http.post("Users").json(&body).primary().write(call).await? {
            Some(answer) => Ok(Reply::applied(answer.map(map::user)?)),
            None => Ok(Reply::planned()),
        }
    }
}

#[async_trait]
impl UpdateUser for Scim {
    async fn update_user(&self, call: &Call, input: UpdateUserInput) -> Result<Reply<User<'static>>> {
        let attributes = attributes(&input)?;
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
    let of = |(attribute, value): (&String, &Value)| match (attribute.as_str(), value) {
        // by its parts, so that those not given stay
        ("name", Value::Object(parts)) => {
            parts.iter().map(|(part, value)| replace(&format!("name.{part}"), value.clone())).collect()
        }
        (attribute, Value::Null) => vec![json!({ "op": "remove", "path": attribute })],
        (attribute, value) => vec![replace(attribute, value.clone())],
    };
    [
        Form::Patch(attributes.iter().flat_map(of).collect()),
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
    let user = user.remote_data.as_ref()?.parse::<wire::User>().ok()?;
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
