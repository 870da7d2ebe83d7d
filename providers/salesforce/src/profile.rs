//! Making and changing users.

use serde_json::{Map, Value};
use userdir_core::action::*;
use userdir_core::mapping::no_room;
use userdir_core::{Call, Effect, Error, Reply, Result, async_trait};
use userdir_schema::{Email, Phone, User, UserRole};

use crate::id::RoleKind;
use crate::soql::Query;
use crate::{Salesforce, wire};

type Fields = Map<String, Value>;

/// Salesforce's fields of what is given, or an error where it has no place: left out silently it would look set. An empty
/// text empties the field. The two inputs have the same fields and no common type.
macro_rules! fields {
    ($input:expr) => {{
        let input = $input;
        let mut fields = Fields::new();
        let texts = [
            ("FirstName", &input.first_name),
            ("LastName", &input.last_name),
            ("Username", &input.username),
            ("Title", &input.title),
            ("FederationIdentifier", &input.external_id),
            ("TimeZoneSidKey", &input.timezone),
            ("AboutMe", &input.bio),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                fields.insert(name.into(), Some(text.as_str()).filter(|text| !text.is_empty()).into());
            }
        }
        if let Some(emails) = &input.emails {
            fields.insert("Email".into(), address(emails)?.into());
        }
        if let Some(phones) = &input.phones {
            fields.extend(numbers(phones)?);
        }
        if let Some(languages) = &input.languages {
            fields.insert("LanguageLocaleKey".into(), language(languages)?.into());
        }
        fields
    }};
}

/// The one address.
fn address(emails: &[Email<'static>]) -> Result<String> {
    match emails {
        [Email { email: Some(address), r#type: kind, .. }] if kind.as_deref().is_none_or(|kind| kind == "work") => {
            Ok(address.to_string())
        }
        _ => Err(no_room("emails", "Salesforce", "exactly one address, of type `work`")),
    }
}

/// The three numbers; those that are not given are emptied, since a list replaces the old one.
fn numbers(phones: &[Phone<'static>]) -> Result<Fields> {
    let mut fields =
        Fields::from_iter(["Phone", "Extension", "MobilePhone", "Fax"].map(|name| (name.to_owned(), Value::Null)));
    for phone in phones {
        let name = match phone.r#type.as_deref() {
            None | Some("work") => "Phone",
            Some("mobile") => "MobilePhone",
            Some("fax") => "Fax",
            Some(_) => "",
        };
        let place = fields.get_mut(name).filter(|place| place.is_null());
        match (place, &phone.number, &phone.extension) {
            (Some(place), Some(number), None) => *place = number.as_str().into(),
            (Some(place), Some(number), Some(extension)) if name == "Phone" => {
                *place = number.as_str().into();
                fields.insert("Extension".into(), extension.as_str().into());
            }
            _ => {
                return Err(no_room(
                    "phones",
                    "Salesforce",
                    "one number each of type `work` (with its extension), `mobile` and `fax`",
                ));
            }
        }
    }
    Ok(fields)
}

/// The one language.
fn language(languages: &[String]) -> Result<String> {
    match languages {
        [language] => Ok(language.clone()),
        _ => Err(no_room("languages", "Salesforce", "exactly one language, such as en_US")),
    }
}

#[async_trait]
impl CreateUser for Salesforce {
    /// What the input leaves open is the organization's own: language, locale and time zone. An active user takes a licence
    /// of the profile's kind.
    async fn create_user(&self, call: &Call, input: CreateUserInput) -> Result<Reply<User<'static>>> {
        let mut fields = fields!(&input);
        // nothing is there yet to be emptied, and null would stand in the way of what is filled in below
        fields.retain(|_, value| !value.is_null());
        fields.extend(first_roles(input.roles.as_deref().unwrap_or_default())?);
        let email = fields.get("Email").cloned().unwrap_or_default();
        fields.entry("Username").or_insert(email);
        fields.insert("Alias".into(), alias(input.first_name.as_deref(), input.last_name.as_deref()).into());
        fields.insert("IsActive".into(), true.into());
        fields.insert("EmailEncodingKey".into(), "UTF-8".into());
        let query = Query::new("Id, DefaultLocaleSidKey, LanguageLocaleKey, TimeZoneSidKey", "Organization");
        let locale: wire::Locale = self.one(call, &query).await?.json()?;
        fields.insert("LocaleSidKey".into(), locale.default_locale_sid_key.into());
        fields.entry("LanguageLocaleKey").or_insert(locale.language_locale_key.into());
        fields.entry("TimeZoneSidKey").or_insert(locale.time_zone_sid_key.into());
        self.created(call, "User", &fields).await
    }
}

/// The profile, which there must be, and the hierarchy role.
fn first_roles(roles: &[UserRole<'static>]) -> Result<Fields> {
    let mut fields = Fields::new();
    for role in roles {
        let id = role.id.as_deref().unwrap_or_default();
        let name = match RoleKind::of(id)? {
            RoleKind::Profile => "ProfileId",
            RoleKind::UserRole => "UserRoleId",
            RoleKind::PermissionSet | RoleKind::PermissionSetGroup => {
                return Err(Error::invalid("a new user has a profile and no permission sets yet")
                    .about(id)
                    .hint("give them afterwards: `userdir users assign-role`"));
            }
        };
        if fields.insert(name.into(), id.into()).is_some() {
            return Err(no_room("roles", "Salesforce", "one profile and at most one hierarchy role"));
        }
    }
    if fields.contains_key("ProfileId") {
        return Ok(fields);
    }
    Err(Error::invalid("`roles` has no profile, which every user has")
        .hint("`userdir roles list` shows them; their ids begin with `00e`"))
}

/// The short name that Salesforce wants, made as its own form does: a letter of the first name, four of the last.
fn alias(first: Option<&str>, last: Option<&str>) -> String {
    let letters = |name: Option<&str>, count| -> String {
        name.unwrap_or_default().chars().filter(|letter| letter.is_alphanumeric()).take(count).collect()
    };
    (letters(first, 1) + &letters(last, 4)).to_lowercase().chars().take(8).collect()
}

#[async_trait]
impl UpdateUser for Salesforce {
    async fn update_user(&self, call: &Call, input: UpdateUserInput) -> Result<Reply<User<'static>>> {
        let reply = self.updated(call, "User", &input.id, &fields!(&input)).await?;
        // an organization may ask the user to confirm a new address first
        Ok(if input.emails.is_some() { reply.with_effect(Effect::Pending) } else { reply })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use userdir_schema::Text;

    use super::*;

    #[test]
    fn an_alias_is_made_as_salesforce_does() {
        assert_eq!(alias(Some("Ada"), Some("Lovelace")), "alove");
        assert_eq!(alias(None, Some("O'Neil-Smith")), "onei");
        assert_eq!(alias(Some("Ü"), Some("Ng")), "üng");
    }

    #[test]
    fn a_list_of_phones_replaces_the_old_one() {
        let phone = |kind: &'static str, extension: Option<&'static str>| Phone {
            number: Some("1".into()),
            r#type: Some(kind.into()),
            extension: extension.map(Text::from),
        };
        let fields = numbers(&[phone("mobile", None)]).unwrap();
        assert_eq!(Value::from(fields), json!({"Phone": null, "Extension": null, "MobilePhone": "1", "Fax": null}));
        let fields = numbers(&[phone("work", Some("7"))]).unwrap();
        assert_eq!((&fields["Phone"], &fields["Extension"]), (&json!("1"), &json!("7")));
        for wrong in
            [vec![phone("home", None)], vec![phone("fax", Some("7"))], vec![phone("fax", None), phone("fax", None)]]
        {
            assert!(numbers(&wrong).is_err());
        }
    }
}
