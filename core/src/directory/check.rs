//! The checks before any vendor call.

use serde_json::{Map, Value};

use super::Directory;
use crate::action::{Action, ActionKind, Input};
use crate::call::Call;
use crate::definition::{ActionFacts, Place, quoted};
use crate::error::{Details, Error, Result};

impl Directory {
    /// Whether the action is there and the input may go to the vendor. Gives the input with its ids in the vendor's one
    /// spelling, so that they can be compared with what is read.
    ///
    /// # Errors
    /// `NotSupported`, then `InvalidRequest`.
    pub(super) fn ready<I: Input>(&self, call: &Call, action: Action, input: I) -> Result<I> {
        self.supported(action)?;
        let definition = self.definition();
        let check = || -> Result<I> {
            let Ok(Value::Object(mut given)) = serde_json::to_value(&input) else {
                return Err(Error::invalid("the input cannot be written as JSON"));
            };
            if let Some(password) = given.get("password").and_then(Value::as_str) {
                call.mask(password);
            }
            mask_passwords(call, &call.remote_data, false);
            if call.body.is_some() && action.info().verb == "DELETE" {
                return Err(Error::invalid("a vendor's delete has no body, so none can be passed on"));
            }
            let facts = definition.facts(action);
            match action.info().kind {
                ActionKind::List => self.check_filters(facts, &given)?,
                ActionKind::Get | ActionKind::Write => self.check_members::<I>(facts, &given)?,
            }
            self.check_places(facts, &given)?;
            missing::<I>(action, facts, &given, call.body.is_some())?;
            let respelled = self.check_ids(&mut given)?;
            let changes = given.keys().any(|name| !I::REQUIRED.contains(&name.as_str()));
            if action.info().method == "update" && !changes && call.remote_data.is_empty() && call.body.is_none() {
                let can = quoted(&self.takes::<I>(facts));
                return Err(Error::invalid(format!("nothing to change is given; {} takes {can}", definition.slug)));
            }
            if !respelled {
                return Ok(input);
            }
            I::deserialize(Value::Object(given)).map_err(|error| Error::invalid(format!("the input is wrong: {error}")))
        };
        check().map_err(|error| error.during(definition.slug, action))
    }

    /// Whether the provider, and this connection, can do it.
    ///
    /// # Errors
    /// `NotSupported`, with the vendor's reason.
    pub fn supported(&self, action: Action) -> Result<()> {
        let definition = self.definition();
        if !self.provider().slots().actions().contains(action) {
            return Err(definition.not_supported(action));
        }
        match self.provider().refuses(action) {
            Some(because) => Err(Error::not_supported(format!("not supported by this connection, because {because}"))
                .during(definition.slug, action)),
            None => Ok(()),
        }
    }

    fn check_filters(&self, facts: Option<&ActionFacts>, given: &Map<String, Value>) -> Result<()> {
        let known = facts.map(|facts| facts.filters).unwrap_or_default();
        let can = || match known {
            [] => format!("{} cannot filter this list", self.slug()),
            _ => format!("{} can filter by {}", self.slug(), quoted(known)),
        };
        for (name, value) in given {
            if name == "sort_by" {
                let fields = facts.map(|facts| facts.sort).unwrap_or_default();
                let field =
                    value.as_object().and_then(|object| object.keys().next()).map(String::as_str).unwrap_or_default();
                if !fields.contains(&field) {
                    let can =
                        if fields.is_empty() { "sort nothing".into() } else { format!("sort by {}", quoted(fields)) };
                    return Err(Error::invalid(format!(
                        "this list cannot be sorted by `{field}`; {} can {can}",
                        self.slug()
                    )));
                }
            } else if !known.contains(&name.as_str()) {
                return Err(Error::invalid(format!("filter `{name}` does not work here; {}", can())));
            }
        }
        Ok(())
    }

    /// Refuses members that this vendor cannot take: dropping them silently would claim that they were set.
    fn check_members<I: Input>(&self, facts: Option<&ActionFacts>, given: &Map<String, Value>) -> Result<()> {
        let required = facts.map(|facts| facts.required).unwrap_or_default();
        let accepts = facts.map(|facts| facts.accepts).unwrap_or_default();
        let takes = |name: &str| {
            I::REQUIRED.contains(&name) || required.iter().any(|r| r.name == name) || accepts.contains(&name)
        };
        match given.keys().find(|name| !takes(name)) {
            None => Ok(()),
            Some(name) => {
                let can = self.takes::<I>(facts);
                Err(Error::invalid(format!("`{name}` cannot be set here; {} takes {}", self.slug(), quoted(&can))))
            }
        }
    }

    /// Refuses a role that names a place in which this vendor's are not held.
    fn check_places(&self, facts: Option<&ActionFacts>, given: &Map<String, Value>) -> Result<()> {
        let takes = facts.map(|facts| facts.places).unwrap_or_default();
        let members =
            given.get("roles").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object).flatten();
        let is_place = |name: &str| ["organization", "workspace", "group"].contains(&name);
        let mut places = members.filter(|(name, place)| is_place(name) && !is_empty(place));
        let Some((name, place)) = places.find(|(name, _)| !takes.contains(&name.as_str())) else { return Ok(()) };
        let can = match takes {
            [] => "has no places in which a role is held".to_owned(),
            _ => format!("takes {} of a role", quoted(takes)),
        };
        let fault = Error::invalid(format!("`roles[].{name}` cannot be given here; {} {can}", self.slug()));
        Err(fault
            .about(place.as_str().unwrap_or_default().to_owned())
            .hint("leave it out where the role is meant as a whole"))
    }

    /// The members that this vendor takes.
    pub(super) fn takes<I: Input>(&self, facts: Option<&ActionFacts>) -> Vec<&'static str> {
        let mut takes: Vec<&str> = I::REQUIRED.to_vec();
        let own = facts.map(|facts| (facts.required, facts.accepts)).unwrap_or_default();
        takes.extend(own.0.iter().map(|r| r.name).filter(|name| !I::REQUIRED.contains(name)));
        takes.extend(own.1);
        takes
    }

    /// Looks at everything that is an id: `id`, `…_id`, and the `id` of each role and organization; puts each into the
    /// vendor's one spelling, and tells whether that changed any.
    fn check_ids(&self, given: &mut Map<String, Value>) -> Result<bool> {
        let rule = self.provider().id_rule();
        let mut changed = false;
        for (name, value) in given.iter_mut() {
            match value {
                // the id that somebody else has for the user never stands in an address
                Value::String(_) if name == "external_id" => {}
                Value::String(id) if name == "id" || name.ends_with("_id") => {
                    if let Some(fault) = rule.fault(id) {
                        return Err(
                            Error::invalid(format!("`{name}` {fault}")).hint("give the id exactly as a list shows it")
                        );
                    }
                    if let Some(spelled) = rule.respelled(id) {
                        *id = spelled;
                        changed = true;
                    }
                }
                Value::Array(items) if ["roles", "organizations", "groups", "licenses"].contains(&name.as_str()) => {
                    for item in items.iter_mut().filter_map(Value::as_object_mut) {
                        changed |= self.check_ids(item).map_err(|error| error.about(name.clone()))?;
                    }
                }
                _ => {}
            }
        }
        Ok(changed)
    }
}

/// Masks texts under members that are named a password, at any depth.
fn mask_passwords(call: &Call, members: &Map<String, Value>, inside: bool) {
    for (name, value) in members {
        let inside = inside || name.to_ascii_lowercase().contains("password");
        match value {
            Value::String(text) if inside => call.mask(text),
            Value::Object(members) => mask_passwords(call, members, inside),
            _ => {}
        }
    }
}

/// Names every required member that is missing or empty. A body that is passed on as it is may hold what this vendor wants
/// in the body.
fn missing<I: Input>(
    action: Action,
    facts: Option<&ActionFacts>,
    given: &Map<String, Value>,
    body_is_passed: bool,
) -> Result<()> {
    let default = if action.info().kind == ActionKind::Write && action.info().verb == "POST" {
        Place::Body
    } else {
        Place::Query
    };
    let own = facts.map(|facts| facts.required).unwrap_or_default();
    let general =
        I::REQUIRED.iter().copied().filter(|name| !own.iter().any(|r| r.name == *name)).map(|name| (name, default));
    let (mut query, mut body) = (Vec::new(), Vec::new());
    let is_passed =
        |r: &&crate::definition::Required| body_is_passed && r.place != Place::Query && !I::REQUIRED.contains(&r.name);
    let own = own.iter().filter(|r| !is_passed(r));
    for (name, place) in general.chain(own.map(|r| (r.name, r.place))) {
        if given.get(name).is_some_and(|value| !is_empty(value)) {
            continue;
        }
        if place != Place::Body {
            query.push(name.to_owned());
        }
        if place != Place::Query {
            body.push(name.to_owned());
        }
    }
    let mut names: Vec<&str> = query.iter().map(String::as_str).collect();
    names.extend(body.iter().filter(|name| !query.contains(name)).map(String::as_str));
    if names.is_empty() {
        return Ok(());
    }
    let verb = if names.len() == 1 { "is" } else { "are" };
    Err(Error::invalid(format!("{} {verb} required", quoted(&names))).with_details(Details::Missing { query, body }))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::DowngradeUserInput;
    use crate::definition::Required;

    #[test]
    fn what_is_missing_in_query_and_body_is_named_once() {
        const BOTH: &[Required] =
            &[Required { name: "user_id", place: Place::Both }, Required { name: "role_id", place: Place::Both }];
        let facts = ActionFacts::new(Action::DowngradeUser).required(BOTH);
        let error = missing::<DowngradeUserInput>(Action::DowngradeUser, Some(&facts), &Map::new(), false).unwrap_err();
        assert_eq!(error.to_string(), "`user_id`, `role_id` are required");
    }
}
