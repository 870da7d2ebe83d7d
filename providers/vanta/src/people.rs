//! People: list, get, update, and the offboarding.

use serde_json::{Map, json};
use userdir_core::action::*;
use userdir_core::http::Paging;
use userdir_core::{Call, Error, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{Text, User};

use crate::map::{self, Named};
use crate::{PAGES, Vanta, wire};

/// The people of a group come all at once, as a bare list.
const MEMBERS: Paging = Paging::whole("");

#[async_trait]
impl ListUsers for Vanta {
    /// Vanta's own filters are newer than its description, and named in two ways: all filters are looked at here.
    async fn list_users(&self, call: &Call, request: PageRequest<UserFilter>) -> Result<Page<User<'static>>> {
        let mut filter = request.filter.clone();
        filter.status = filter.status.as_ref().map(unified).transpose()?;
        let names = Named(self.names_for(call, request.cursor.is_none()).await?);
        let page = match filter.group_id.take() {
            Some(group) => {
                self.http.get("groups").id(&group).path("people").page(call, &request, &MEMBERS, names).await?
            }
            None => self.http.get("people").page(call, &request, &PAGES, names).await?,
        };
        Ok(page.rechecked(filter))
    }
}

/// The statuses that are wanted, in the words that people show.
fn unified(wanted: &Match) -> Result<Match> {
    let word = |word: &String| match word.to_ascii_uppercase().as_str() {
        "ACTIVE" | "CURRENT" => Ok("active"),
        "INACTIVE" | "FORMER" => Ok("inactive"),
        "UPCOMING" => Ok("UPCOMING"),
        "ON_LEAVE" => Ok("ON_LEAVE"),
        _ => Err(Error::invalid(format!("`{word}` is no status"))
            .hint("it must be one of `active`, `inactive`, or Vanta's CURRENT, FORMER, INACTIVE, UPCOMING, ON_LEAVE")),
    };
    wanted.values().iter().map(word).collect::<Result<Vec<_>>>().map(Match::any_of)
}

impl Vanta {
    /// A person, as Vanta has it.
    fn person(&self, id: &str) -> userdir_core::http::Request {
        self.http.get("people").id(id)
    }
}

#[async_trait]
impl GetUser for Vanta {
    async fn get_user(&self, call: &Call, input: GetUserInput) -> Result<Reply<User<'static>>> {
        let mut user: User = self.person(&input.id).primary().read(call).await?.map(map::person)?;
        if call.wants("groups") && user.groups.as_ref().is_some_and(|groups| !groups.is_empty()) {
            Named(self.names_for(call, true).await?).name_groups(&mut user);
        }
        Ok(Reply::read(user))
    }
}

#[async_trait]
impl UpdateUser for Vanta {
    /// Vanta takes first and last name together, so the one that is not given is read first.
    async fn update_user(&self, call: &Call, input: UpdateUserInput) -> Result<Reply<User<'static>>> {
        let mut body = Map::new();
        if input.first_name.is_some() || input.last_name.is_some() {
            let answer = self.person(&input.id).read(call).await?;
            let now = answer.json::<wire::Person>()?.name;
            let part = |given: Option<String>, now: Option<Text<'_>>| given.or_else(|| now.map(String::from));
            let (Some(first), Some(last)) = (part(input.first_name, now.first), part(input.last_name, now.last)) else {
                return Err(Error::invalid(
                    "Vanta takes `first_name` and `last_name` together, and has only one of them",
                )
                .hint("give both"));
            };
            body.insert("name".to_owned(), json!({ "first": first, "last": last }));
        }
        self.http.patch("people").id(&input.id).json(&body).idempotent().primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

/// Offboarded: the employment has long ended then, so its status says nothing.
pub fn is_offboarded(user: &User<'_>) -> Shows {
    let Some(raw) = &user.remote_data else { return Shows::Unknown };
    Shows::from_option(raw.parse::<wire::Person>().ok().map(|person| person.is_offboarded()))
}

#[async_trait]
impl DeactivateUser for Vanta {
    /// Records the offboarding of one former employee, acknowledged by the actor. Core has seen that it is not recorded yet.
    async fn deactivate_user(&self, call: &Call, input: DeactivateUserInput) -> Result<Reply<User<'static>>> {
        let actor = input.actor.as_deref().unwrap_or_default();
        if actor.contains('@') {
            return Err(Error::invalid("`actor` is the id of a person, and no address")
                .hint("`userdir users list --filter emails=…` shows the id"));
        }
        let answer = self.person(&input.user_id).read(call).await?;
        let person: wire::Person = answer.json()?;
        match person.employment.status.as_deref() {
            Some("FORMER") => {}
            status => {
                let status = status.unwrap_or("unknown").to_owned();
                return Err(Error::refused(format!(
                    "the employment is `{status}`, and Vanta offboards former employees alone"
                ))
                .hint(
                    "end the employment where Vanta learns of it, such as the HR system; offboarding only records it",
                ));
            }
        }
        // a mistyped one would come back as an item error without a reason
        self.person(actor).read(call).await.map_err(|error| error.about(actor))?;
        let body = json!({ "updates": [{ "id": input.user_id, "acknowledgerId": actor }] });
        let offboarding = self.http.post("people/offboard").json(&body).guarding(&["updates"]).primary();
        let sent = offboarding.write(call).await.map_err(|error| match error.vendor_code() {
            Some(wire::ERROR) => error
                .hint("all accounts that Vanta monitors must be deactivated, and all custom offboarding tasks done"),
            _ => error,
        });
        match sent? {
            Some(answer) if !wire::Bulk::says_success(&answer.body) => {
                Err(Error::unexpected("Vanta's answer does not say what became of the offboarding"))
            }
            _ => Ok(Reply::sent(&input.user_id)),
        }
    }
}
