//! One provider at one vendor with a memory: what to call, and how to tell from the directory whether it is so.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::TryStreamExt;
use serde_json::{Map, Value, json};
use userdir::observer::{Observer, Verdict, WriteStep};
use userdir::{Action, Call, Directory, Effect, Error, Result, async_trait};
use userdir_stand_in::StandIn;
use userdir_stand_in::memory::{self, Particulars, Person, Stage};

use super::{World, stand_in_of};
use crate::attempt::settings_of;
use crate::leak::CANARY;
use crate::world::VirtualClock;

/// Items a page.
const LIMIT: u32 = 3;
/// Pages that a list may have.
const PAGES: usize = 50;
/// The family name that an update gives.
const RENAMED: &str = "Vega";

/// A provider connected to a vendor of its own.
pub(super) struct Scene {
    pub stage: Arc<Stage>,
    pub clock: Arc<VirtualClock>,
    directory: Directory,
    able: userdir::action::ActionSet,
    base: String,
    particulars: Particulars,
    /// Ids of who and what was made; empty before that.
    user: String,
    group: String,
    /// Watches every call.
    pub observer: Option<Arc<dyn Observer>>,
    /// Held as long as the scene.
    _vendor: StandIn,
}

/// What a call came to.
pub(super) struct Came {
    pub result: Result<(Effect, Value)>,
    /// Method and path of each write that was shown to observers, and whether it may be sent twice.
    pub writes: Vec<(String, String, bool)>,
    /// Method and path of each request that the vendor had.
    pub requests: Vec<(String, String)>,
    /// Whether the directory is another than before.
    pub changed: bool,
}

impl Came {
    /// In a few words.
    pub fn said(&self) -> String {
        match &self.result {
            Ok((effect, _)) => format!("it says `{}`", effect.as_str()),
            Err(error) => format!("it fails as `{}`: {error}", error.kind().as_str()),
        }
    }

    /// Where the account's secret is seen.
    pub fn leaks(&self) -> Vec<String> {
        let text = match &self.result {
            Ok((_, value)) => value.to_string(),
            Err(error) => format!("{error} {error:?}"),
        };
        if text.contains(CANARY) { vec!["a secret is seen".to_owned()] } else { Vec::new() }
    }

    /// Writes that may not be sent twice and were.
    pub fn sent_twice(&self) -> Vec<String> {
        let careful = self.writes.iter().filter(|(_, _, is_idempotent)| !is_idempotent);
        let twice = careful.filter(|(method, path, _)| {
            let sent = self.requests.iter().filter(|it| (&it.0, &it.1) == (method, path)).count();
            sent > self.writes.iter().filter(|it| (&it.0, &it.1) == (method, path)).count()
        });
        twice.map(|(method, path, _)| format!("{method} {path} is not idempotent and was sent again")).collect()
    }
}

/// Notes the writes of a call.
#[derive(Default)]
struct Writes(Mutex<Vec<(String, String, bool)>>);

#[async_trait]
impl Observer for Writes {
    async fn before_write(&self, step: &WriteStep) -> Result<Verdict> {
        let mut writes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        writes.push((step.method.clone(), step.url.clone(), step.idempotent));
        Ok(Verdict::Send)
    }
}

impl Scene {
    /// Puts the vendor on a port and connects to it.
    pub async fn open(world: &World) -> std::result::Result<Scene, String> {
        let slug = world.subject.registration.definition.slug;
        let new = stand_in_of(slug).ok_or("no stand-in with a memory")?;
        let (vendor, stage) = StandIn::remembering(new).await.map_err(|error| format!("no stand-in: {error}"))?;
        let base = vendor.base_url();
        let settings = settings_of(&world.account.filled(&base, CANARY));
        // the address is another each time, and so is what is kept for the account
        let runtime = world.runtime.for_account(base.as_str());
        let directory = world.subject.registry.connect_with(slug, settings, &runtime);
        Ok(Scene {
            directory: directory.map_err(|error| format!("it does not connect: {error}"))?,
            able: world.able,
            particulars: stage.particulars(),
            clock: world.clock.clone(),
            stage,
            base,
            user: String::new(),
            group: String::new(),
            observer: None,
            _vendor: vendor,
        })
    }

    /// Whether the provider implements it.
    pub fn able(&self, action: Action) -> bool {
        self.able.contains(action)
    }

    fn input(&self, action: Action) -> Map<String, Value> {
        let particulars = &self.particulars;
        let (mut input, own) = match action {
            Action::CreateUser => (particulars.new_user.clone(), json!({})),
            Action::UpdateUser => (particulars.changes.clone(), json!({ "id": self.user })),
            Action::CreateGroup => (particulars.new_group.clone(), json!({})),
            Action::DowngradeUser => (particulars.downgrade.clone(), json!({ "user_id": self.user })),
            Action::AddUserToGroup | Action::RemoveUserFromGroup => {
                (Map::new(), json!({ "group_id": self.group, "user_id": self.user }))
            }
            Action::GetGroup | Action::DeleteGroup => (Map::new(), json!({ "id": self.group })),
            Action::GetUser | Action::DeleteUser => (Map::new(), json!({ "id": self.user })),
            Action::AssignRole | Action::UnassignRole => {
                (Map::new(), json!({ "id": self.user, "roles": [{ "id": particulars.role }] }))
            }
            _ => (Map::new(), json!({ "user_id": self.user })),
        };
        input.extend(own.as_object().cloned().unwrap_or_default());
        input
    }

    fn watched(&self) -> Call {
        self.observer.iter().fold(Call::new(), |call, observer| call.observed_by(observer.clone()))
    }

    /// Calls a get or write action about who and what was made.
    pub async fn call(&mut self, action: Action) -> Came {
        let watcher = Arc::new(Writes::default());
        let call = self.watched().observed_by(watcher.clone());
        drop(self.stage.requests());
        let before = self.stage.directory();
        let reply = self.directory.call_json(&call, action, Value::Object(self.input(action))).await;
        let result = reply.and_then(|reply| {
            let value = serde_json::from_str(reply.value.get());
            Ok((reply.effect, value.map_err(|error| Error::unexpected("no JSON").caused_by(error))?))
        });
        self.find_new(action);
        let path = |url: &str| {
            let path = url.strip_prefix(&self.base).unwrap_or(url);
            path.split('?').next().unwrap_or_default().to_owned()
        };
        let writes = watcher.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Came {
            result,
            writes: writes.into_iter().map(|(method, url, twice)| (method, path(&url), twice)).collect(),
            requests: self.stage.requests(),
            changed: self.stage.directory() != before,
        }
    }

    /// The ids of what was made, as the directory has them, whatever came out.
    fn find_new(&mut self, action: Action) {
        let directory = self.stage.directory();
        if action == Action::CreateUser {
            self.user = self.newcomer(&directory).map(|(id, _)| id.clone()).unwrap_or_default();
        }
        if action == Action::CreateGroup {
            let name = self.particulars.new_group.get("name").and_then(Value::as_str).unwrap_or_default();
            let found = directory.groups.iter().find(|(_, team)| team.name == name);
            self.group = found.map(|(id, _)| id.clone()).unwrap_or_default();
        }
    }

    fn address(&self) -> &str {
        let emails = self.particulars.new_user.get("emails");
        emails.and_then(|emails| emails.pointer("/0/email")).and_then(Value::as_str).unwrap_or_default()
    }

    fn newcomer<'d>(&self, directory: &'d memory::Directory) -> Option<(&'d String, &'d Person)> {
        directory.people.iter().find(|(_, person)| person.email == self.address())
    }

    /// Whoever was made accepts the invitation, where the vendor sends one.
    pub fn accept(&self) {
        self.stage.accept(self.address());
    }

    /// Whether the directory has the effect of a write.
    pub fn is_so(&self, action: Action) -> bool {
        let directory = self.stage.directory();
        let newcomer = self.newcomer(&directory).map(|(_, person)| person);
        let group = directory.groups.get(&self.group);
        let is_member = group.is_some_and(|team| team.members.contains(&self.user));
        match action {
            Action::CreateUser => newcomer.is_some(),
            Action::UpdateUser => newcomer.is_some_and(|person| person.family_name == RENAMED),
            Action::AssignRole => newcomer.is_some_and(|person| person.roles.contains(self.particulars.role)),
            Action::UnassignRole => newcomer.is_some_and(|person| !person.roles.contains(self.particulars.role)),
            Action::CreateGroup => group.is_some(),
            Action::AddUserToGroup => is_member,
            Action::RemoveUserFromGroup => group.is_some() && newcomer.is_some() && !is_member,
            Action::DowngradeUser => newcomer.is_some_and(|person| person.seat == self.particulars.lower_seat),
            Action::DeactivateUser => newcomer.is_some_and(|person| person.blocked),
            Action::ActivateUser => newcomer.is_some_and(|person| !person.blocked),
            Action::DeleteGroup => group.is_none(),
            Action::DeleteUser => newcomer.is_none(),
            _ => false,
        }
    }

    /// The same in words.
    pub fn tells(&self, action: Action) -> &'static str {
        if self.is_so(action) { "says so too" } else { "says that it is not so" }
    }

    /// Members that a reply about this action must show.
    pub fn expected(&self, action: Action) -> Vec<(&'static str, Value)> {
        let mut expected = vec![(
            "id",
            Value::from(match action.info().resource {
                "groups" => self.group.as_str(),
                _ => self.user.as_str(),
            }),
        )];
        let directory = self.stage.directory();
        let newcomer = self.newcomer(&directory).filter(|_| action.info().resource == "users");
        if let Some((_, person)) = newcomer.filter(|_| matches!(action, Action::GetUser | Action::DeactivateUser)) {
            // PagerDuty says `invited` until then
            let is_here = !person.more.contains_key("invitation_sent");
            let status = if person.blocked { "inactive" } else { "active" };
            expected.extend(is_here.then(|| ("status", status.into())));
        }
        expected
    }

    /// Whether a user that came out has the role that is given and taken away.
    pub fn shows_role(&self, user: &Value) -> bool {
        let roles = user.get("roles").and_then(Value::as_array).into_iter().flatten();
        roles.into_iter().any(|role| role.get("id").and_then(Value::as_str) == Some(self.particulars.role))
    }

    /// Addresses of all people, or names of all groups, roles or licences, sorted.
    pub fn everyone(&self, action: Action) -> Vec<String> {
        let directory = self.stage.directory();
        let mut names: Vec<String> = match action {
            Action::ListUsers => directory.people.values().map(|person| person.email.clone()).collect(),
            Action::ListRoles => directory.roles.values().map(|role| role.name.clone()).collect(),
            Action::ListLicenses => self.particulars.licenses.iter().map(|name| (*name).to_owned()).collect(),
            _ => directory.groups.values().map(|team| team.name.clone()).collect(),
        };
        names.sort();
        names
    }

    /// What a list has, by pages of three, sorted.
    pub async fn list(&self, action: Action) -> Result<Vec<String>> {
        let (call, mut all, mut cursor) = (self.watched(), Vec::new(), None::<String>);
        for _ in 0..PAGES {
            let page = self.directory.list_json(&call, action, json!({}), LIMIT, cursor.as_deref()).await?;
            all.extend(page.items.lines().map(name));
            cursor = page.next_cursor;
            if cursor.is_none() {
                all.sort();
                return Ok(all);
            }
        }
        Err(Error::unexpected(format!("the list has no end after {PAGES} pages")))
    }

    /// What a list has, as a stream, sorted.
    pub async fn stream(&self, action: Action) -> Result<Vec<String>> {
        let pages: Vec<_> = self.directory.stream_json(&self.watched(), action, json!({})).try_collect().await?;
        let mut all: Vec<String> = pages.iter().flat_map(|page| page.lines().map(name)).collect();
        all.sort();
        Ok(all)
    }
}

/// The address of a user, or the name of something else.
fn name(line: &str) -> String {
    let item: Value = serde_json::from_str(line).unwrap_or_default();
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    text(item.pointer("/emails/0/email")).or_else(|| text(item.get("name"))).unwrap_or_else(|| line.to_owned())
}
