//! What a provider says about itself, as static data.
//!
//! From it core enforces required and writable fields before any call, the command line and the server ask for
//! settings, and the docs and the matrix are made. Nothing here says what a provider *can* do: that is derived from the
//! traits it implements.

use crate::action::{Action, OwnPredicate};
use crate::error::{Error, Result};
use crate::settings::Settings;

/// A provider's own page: who the vendor is, what to ask for, and the facts of each action.
#[derive(Debug)]
pub struct Definition {
    /// Slug: folder, feature and registry name.
    pub slug: &'static str,
    /// Other slugs that are taken for it.
    pub aliases: &'static [&'static str],
    /// Name of the product.
    pub name: &'static str,
    /// Address of the vendor's documentation.
    pub documentation: &'static str,
    /// What to ask for when an account is connected.
    pub settings: &'static [Setting],
    /// Ways to authenticate; the first one whose keys are all given is taken.
    pub schemes: &'static [Scheme],
    /// Facts of the actions the provider implements.
    pub actions: &'static [ActionFacts],
    /// Why the vendor does not have the others.
    pub lacks: &'static [Lack],
    /// What an administrator should know, such as what stays unverified about this vendor's API.
    pub notes: &'static [&'static str],
    /// Whether a reading right after a write shows it.
    pub consistency: Consistency,
}

/// Whether a reading right after a write shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consistency {
    /// It does; a reading that shows otherwise is an error.
    Immediate,
    /// It may lag; a reading that shows otherwise means `pending`.
    Lagging,
}

/// One thing to ask for.
#[derive(Debug)]
pub struct Setting {
    /// Key, snake_case in the vendor's own words.
    pub key: &'static str,
    /// Name on a form.
    pub title: &'static str,
    /// What sort of value.
    pub kind: SettingKind,
    /// Needed whatever the scheme.
    pub required: bool,
    /// Where to find it.
    pub help: &'static str,
    /// Taken when it is not given.
    pub default: Option<&'static str>,
}

/// What sort of value a setting has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingKind {
    /// A line of text.
    Text,
    /// An address; the egress guard checks it.
    Url {
        /// Host patterns such as `*.okta.com`; empty allows any.
        hosts: &'static [&'static str],
    },
    /// A secret: sealed in the store, printed nowhere.
    Secret,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
}

impl Setting {
    const fn new(key: &'static str, title: &'static str, kind: SettingKind, help: &'static str) -> Setting {
        Setting { key, title, kind, required: false, help, default: None }
    }

    /// A line of text.
    pub const fn text(key: &'static str, title: &'static str, help: &'static str) -> Setting {
        Setting::new(key, title, SettingKind::Text, help)
    }

    /// An address on one of `hosts`; none given allows any.
    pub const fn url(
        key: &'static str,
        title: &'static str,
        hosts: &'static [&'static str],
        help: &'static str,
    ) -> Setting {
        Setting::new(key, title, SettingKind::Url { hosts }, help)
    }

    /// A secret.
    pub const fn secret(key: &'static str, title: &'static str, help: &'static str) -> Setting {
        Setting::new(key, title, SettingKind::Secret, help)
    }

    /// One of these words.
    pub const fn choice(
        key: &'static str,
        title: &'static str,
        words: &'static [&'static str],
        help: &'static str,
    ) -> Setting {
        Setting::new(key, title, SettingKind::Choice(words), help)
    }

    /// `true` or `false`.
    pub const fn flag(key: &'static str, title: &'static str, help: &'static str) -> Setting {
        Setting::new(key, title, SettingKind::Flag, help)
    }

    /// Needed whatever the scheme.
    pub const fn required(mut self) -> Setting {
        self.required = true;
        self
    }

    /// Taken when it is not given.
    pub const fn default(mut self, value: &'static str) -> Setting {
        self.default = Some(value);
        self
    }
}

/// A way to authenticate.
#[derive(Debug)]
pub struct Scheme {
    /// Name, as `authentication_method` has it.
    pub name: &'static str,
    /// Keys of the settings it needs.
    pub needs: &'static [&'static str],
}

/// What is true of one action at this vendor.
#[derive(Debug)]
pub struct ActionFacts {
    /// The action.
    pub action: Action,
    /// Members this vendor needs beyond those that every vendor needs.
    pub required: &'static [Required],
    /// Members this vendor takes beyond the required ones. A member that is in neither list is refused before any call.
    pub accepts: &'static [&'static str],
    /// Where a role is held at this vendor, of `organization`, `workspace` and `group`. A role that names another place is
    /// refused before any call: passed over, it would be given, or taken, everywhere.
    pub places: &'static [&'static str],
    /// Filters this vendor's list honours.
    pub filters: &'static [&'static str],
    /// Fields this vendor's list can be sorted by.
    pub sort: &'static [&'static str],
    /// Scopes the vendor wants for it.
    pub scopes: &'static [&'static str],
    /// The vendor's list shows fewer fields than its get.
    pub partial: bool,
    /// The vendor's own predicate, where its words are finer than the unified ones.
    pub shows: Option<OwnPredicate>,
    /// Why the vendor shows nothing by which the effect could be confirmed.
    pub unconfirmed: Option<&'static str>,
    /// Whether the confirming read can also tell what became of a write without an answer; it cannot where it shows the
    /// same before and after, such as a role that is held at another place as well.
    pub settles: bool,
    /// What the action does at this vendor beyond its name.
    pub note: Option<&'static str>,
}

/// A member that a vendor needs, and where its documentation has it.
#[derive(Clone, Copy, Debug)]
pub struct Required {
    /// Name.
    pub name: &'static str,
    /// Place, for the names in `missing_required_…`. It is taken from either.
    pub place: Place,
}

/// Where a parameter is documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the query.
    Query,
    /// In the body.
    Body,
    /// In both.
    Both,
}

/// A member that is needed, and documented in the body.
pub const fn body(name: &'static str) -> Required {
    Required { name, place: Place::Body }
}

/// A member that is needed, and documented in the query.
pub const fn query(name: &'static str) -> Required {
    Required { name, place: Place::Query }
}

/// A member that is needed, and documented in the query and in the body.
pub const fn both(name: &'static str) -> Required {
    Required { name, place: Place::Both }
}

impl ActionFacts {
    /// An action without anything peculiar.
    pub const fn new(action: Action) -> ActionFacts {
        ActionFacts {
            action,
            required: &[],
            accepts: &[],
            places: &[],
            filters: &[],
            sort: &[],
            scopes: &[],
            partial: false,
            shows: None,
            unconfirmed: None,
            settles: true,
            note: None,
        }
    }

    /// Members this vendor needs.
    pub const fn required(mut self, required: &'static [Required]) -> ActionFacts {
        self.required = required;
        self
    }

    /// Members this vendor takes beyond the required ones.
    pub const fn accepts(mut self, accepts: &'static [&'static str]) -> ActionFacts {
        self.accepts = accepts;
        self
    }

    /// Where a role is held at this vendor, of `organization`, `workspace` and `group`.
    pub const fn places(mut self, places: &'static [&'static str]) -> ActionFacts {
        self.places = places;
        self
    }

    /// Filters this vendor's list honours.
    pub const fn filters(mut self, filters: &'static [&'static str]) -> ActionFacts {
        self.filters = filters;
        self
    }

    /// Fields this vendor's list can be sorted by.
    pub const fn sort(mut self, sort: &'static [&'static str]) -> ActionFacts {
        self.sort = sort;
        self
    }

    /// Scopes the vendor wants.
    pub const fn scopes(mut self, scopes: &'static [&'static str]) -> ActionFacts {
        self.scopes = scopes;
        self
    }

    /// The list shows fewer fields than the get.
    pub const fn partial(mut self) -> ActionFacts {
        self.partial = true;
        self
    }

    /// The vendor's own predicate.
    pub const fn shows(mut self, predicate: OwnPredicate) -> ActionFacts {
        self.shows = Some(predicate);
        self
    }

    /// Why nothing confirms the effect.
    pub const fn unconfirmed(mut self, reason: &'static str) -> ActionFacts {
        self.unconfirmed = Some(reason);
        self
    }

    /// The confirming read cannot tell what became of a write without an answer.
    pub const fn settles_nothing(mut self) -> ActionFacts {
        self.settles = false;
        self
    }

    /// What it does beyond its name.
    pub const fn note(mut self, note: &'static str) -> ActionFacts {
        self.note = Some(note);
        self
    }
}

/// Actions that the vendor does not have, and why.
#[derive(Debug)]
pub struct Lack {
    /// The actions.
    pub actions: &'static [Action],
    /// The reason, as the caller reads it after "not supported by this vendor, because".
    pub because: &'static str,
}

/// What a vendor does not have: `because` completes "not supported by this vendor, because".
pub const fn lack(actions: &'static [Action], because: &'static str) -> Lack {
    Lack { actions, because }
}

impl Definition {
    /// The facts of an action.
    pub fn facts(&self, action: Action) -> Option<&'static ActionFacts> {
        self.actions.iter().find(|facts| facts.action == action)
    }

    /// Why the vendor does not have an action.
    pub fn lack(&self, action: Action) -> Option<&'static str> {
        self.lacks.iter().find(|lack| lack.actions.contains(&action)).map(|lack| lack.because)
    }

    /// The setting of this key.
    pub fn setting(&self, key: &str) -> Option<&'static Setting> {
        self.settings.iter().find(|setting| setting.key == key)
    }

    /// The error of calling an action that the provider does not implement.
    pub fn not_supported(&self, action: Action) -> Error {
        let because = self.lack(action).unwrap_or("this provider does not implement it yet");
        Error::not_supported(format!("not supported by this vendor, because {because}"))
            .during(self.slug, action)
            .hint(format!("`userdir providers {}` lists what it can do", self.slug))
    }

    /// Checks settings and names everything that is missing or wrong; gives the scheme to authenticate with.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config).
    pub fn check(&self, settings: &Settings) -> Result<&'static Scheme> {
        let mut faults: Vec<String> = Vec::new();
        for key in settings.keys() {
            if self.setting(key).is_none() {
                let known: Vec<&str> = self.settings.iter().map(|setting| setting.key).collect();
                faults.push(format!("`{key}` is no setting of {}; it has {}", self.slug, quoted(&known)));
            }
        }
        for setting in self.settings {
            match settings.get_secret(setting.key) {
                None if setting.required => faults.push(format!("`{}` is missing: {}", setting.key, setting.help)),
                Some(value) => faults.extend(setting.fault(value.expose())),
                None => {}
            }
        }
        let scheme = self.schemes.iter().find(|scheme| scheme.needs.iter().all(|key| settings.has(key)));
        if let (None, Some(begun)) = (scheme, self.begun_scheme(settings)) {
            let missing: Vec<&str> = begun.needs.iter().copied().filter(|key| !settings.has(key)).collect();
            faults.push(format!("{} missing for `{}`", quoted(&missing), begun.name));
        } else if scheme.is_none() {
            let ways: Vec<String> = self.schemes.iter().map(|scheme| quoted(scheme.needs)).collect();
            faults.push(format!("no credentials are given: give {}", ways.join(", or ")));
        }
        match scheme {
            Some(scheme) if faults.is_empty() => Ok(scheme),
            _ => Err(Error::config(faults.join("; "))
                .of_provider(self.slug)
                .hint(format!("`userdir providers {}` explains each setting", self.slug))),
        }
    }

    /// The way to authenticate of which most is given, where anything is.
    fn begun_scheme(&self, settings: &Settings) -> Option<&'static Scheme> {
        let given = |scheme: &Scheme| scheme.needs.iter().filter(|key| settings.has(key)).count();
        self.schemes.iter().rev().max_by_key(|scheme| given(scheme)).filter(|scheme| given(scheme) > 0)
    }

    /// A setting, or its default.
    pub fn value<'s>(&self, settings: &'s Settings, key: &str) -> Option<&'s str> {
        settings.get(key).or_else(|| self.setting(key).and_then(|setting| setting.default))
    }
}

impl Setting {
    /// What is wrong with a value. Never repeats the value of a secret.
    fn fault(&self, value: &str) -> Option<String> {
        match self.kind {
            SettingKind::Choice(words) if !words.contains(&value) => {
                Some(format!("`{}` is `{value}`; it must be one of {}", self.key, quoted(words)))
            }
            SettingKind::Flag if !matches!(value, "true" | "false") => {
                Some(format!("`{}` is `{value}`; it must be `true` or `false`", self.key))
            }
            SettingKind::Secret if value.chars().any(|c| c.is_control() && c != '\n' && c != '\r') => {
                Some(format!("`{}` holds control characters", self.key))
            }
            _ => None,
        }
    }
}

/// Words in backticks with commas between.
pub(crate) fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
