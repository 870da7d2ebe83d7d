//! The command tree: the fixed commands are declared here, those of the resources are made from the action table.

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Arg, ArgAction, Args, Command, Subcommand, ValueEnum, value_parser};
use jiff::Timestamp;
use userdir::action::{Action, ActionKind};
use userdir::schema::Resource;
use userdir_store::Scope;

use crate::members::{self, Kind};

/// Flags that every command takes.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// Folder with the accounts and their key.
    #[arg(long, global = true, value_name = "DIR", env = "USERDIR_DATA_DIR", default_value = "userdir-data")]
    pub data_dir: PathBuf,

    /// PostgreSQL that holds the accounts, instead of the folder: postgres://USER@HOST/DATABASE.
    #[arg(long, global = true, value_name = "URL", env = "USERDIR_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,

    /// File with the master key, instead of `master.key` in the data folder (or give the key in USERDIR_MASTER_KEY).
    #[arg(long, global = true, value_name = "FILE")]
    pub master_key_file: Option<PathBuf>,

    /// Vendor addresses may be http, and may point to loopback and private networks.
    #[arg(
        long, global = true, env = "USERDIR_ALLOW_PRIVATE_NETWORKS", hide_env_values = true,
        action = ArgAction::SetTrue, value_parser = FalseyValueParser::new()
    )]
    pub allow_private_networks: bool,

    /// Trust the certificates of this PEM file too.
    #[arg(long, global = true, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,

    /// How to print [default: table on a terminal, json otherwise].
    #[arg(long, global = true, value_enum)]
    pub format: Option<Format>,

    /// Give up after this many seconds.
    #[arg(long, global = true, value_name = "SECONDS", value_parser = value_parser!(u64).range(1..))]
    pub timeout: Option<u64>,

    /// Tell on stderr what is asked of the vendor; twice tells more.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,

    /// Log what this filter says, such as `userdir_core=trace`.
    #[arg(long, global = true, value_name = "FILTER")]
    pub log: Option<String>,
}

/// How data is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// One JSON document.
    Json,
    /// One JSON object a line; a list ends with a trailer that says whether it is complete.
    Ndjson,
    /// The main fields, comma-separated; a cell that a spreadsheet would take for a formula begins with `'`.
    Csv,
    /// For `conformance` alone: the matrix for the docs.
    #[value(hide = true)]
    Markdown,
}

/// The commands that are not made from the action table.
#[derive(Subcommand, Debug)]
pub enum Fixed {
    /// Show the providers, and what each can do.
    #[command(display_order = 1)]
    Providers {
        /// Show this one in full: settings to give, actions, what its vendor cannot do.
        slug: Option<String>,
    },
    /// Answer the wire API over HTTP, until ctrl-c or SIGTERM.
    #[command(display_order = 1)]
    Serve(crate::serve::Serve),
    /// Connect vendors, and look after the connections.
    #[command(subcommand, display_order = 2)]
    Accounts(Accounts),
    /// Make and revoke the API tokens of the server.
    #[command(subcommand, display_order = 2)]
    Tokens(Tokens),
    /// Show what was done through userdir, and check that the record is whole.
    #[command(subcommand, display_order = 3)]
    Audit(Audit),
    /// Change the master key.
    #[command(subcommand, display_order = 3)]
    Keys(Keys),
    /// Copy the database, secrets sealed, to a new file; the master key is not in it.
    #[command(display_order = 3)]
    Backup {
        /// File to write; it must not be there yet.
        file: PathBuf,
    },
    /// Put a copy into a data folder that has no database yet; its master key must be there.
    #[command(display_order = 4)]
    Restore {
        /// File that `userdir backup` wrote.
        file: PathBuf,
    },
    /// Run the compiled-in providers through their fixtures and all that can go wrong; exit 1 where anything falls short.
    #[command(display_order = 100)]
    Conformance {
        /// Only this provider; may be repeated.
        #[arg(long = "provider", value_name = "SLUG")]
        providers: Vec<String>,
        /// Folder with the vendors' own API descriptions, one folder a slug, to check requests and answers against
        /// [env: USERDIR_SPECS_DIR].
        #[arg(long, value_name = "DIR")]
        specs: Option<PathBuf>,
        /// Only the cases as they stand, without the faults derived from them: seconds instead of minutes.
        #[arg(long)]
        without_faults: bool,
    },
    /// Run the whole server on an empty machine, with stand-in vendors inside this process.
    #[command(display_order = 0)]
    Demo(crate::demo::Demo),
    /// Print the OpenAPI 3.1 document of the server.
    #[command(display_order = 100)]
    Openapi,
    /// Print the JSON Schema of a resource.
    #[command(display_order = 100)]
    Schema {
        /// Which resource.
        #[arg(value_parser = clap::builder::PossibleValuesParser::new(Resource::ALL.iter().map(|r| kebab(r.as_str()))))]
        resource: String,
    },
    /// Print the completions of a shell.
    #[command(display_order = 100)]
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

/// What can be done with accounts.
#[derive(Subcommand, Debug)]
pub enum Accounts {
    /// Connect a vendor: check the credentials with the vendor, then keep them sealed.
    Add {
        /// Slug of the provider; `userdir providers` shows them.
        provider: String,
        /// What to call the account.
        #[arg(long, value_name = "NAME")]
        name: String,
        /// Whom it belongs to, in your own words.
        #[arg(long, value_name = "TENANT", default_value = "default")]
        tenant_id: String,
        #[command(flatten)]
        given: Given,
    },
    /// List the accounts.
    List,
    /// Show one account; of its secrets the names alone.
    Show {
        /// Name or id.
        account: String,
    },
    /// Ask the vendor whether the credentials still work.
    Check {
        /// Name or id.
        account: String,
    },
    /// Give new settings or secrets, or another name.
    Update {
        /// Name or id.
        account: String,
        /// Another name.
        #[arg(long, value_name = "NAME")]
        rename: Option<String>,
        /// Whom it belongs to, in your own words.
        #[arg(long, value_name = "TENANT")]
        tenant_id: Option<String>,
        #[command(flatten)]
        given: Given,
    },
    /// Forget an account and its secrets. Nothing changes at the vendor.
    Remove {
        /// Name or id.
        account: String,
        /// Do not ask.
        #[arg(long, short)]
        yes: bool,
    },
}

/// What can be done with API tokens.
#[derive(Subcommand, Debug)]
pub enum Tokens {
    /// Make a token. Its value is shown this once.
    Create {
        /// What to call it.
        #[arg(long, value_name = "NAME")]
        name: String,
        /// What it may do: read directories, write to them too, or look after accounts and tokens too.
        #[arg(long, value_name = "read|write|admin", default_value = "read")]
        scope: Scope,
        /// Only for this account, by name or id; may be repeated. All accounts where it is left out.
        #[arg(long = "account", value_name = "NAME")]
        accounts: Vec<String>,
        /// Days until it ends by itself.
        #[arg(long, value_name = "DAYS", value_parser = value_parser!(u32).range(1..=36500))]
        expires_in: Option<u32>,
        /// When it ends by itself, such as 2026-12-31T00:00:00Z.
        #[arg(long, value_name = "TIME", conflicts_with = "expires_in")]
        expires_at: Option<Timestamp>,
    },
    /// List the tokens, revoked and expired ones too.
    List,
    /// Revoke a token, at once and for ever.
    Revoke {
        /// Name or id.
        token: String,
    },
}

/// What can be done with the audit.
#[derive(Subcommand, Debug)]
pub enum Audit {
    /// List what was done through an account, newest first.
    List {
        /// Account, by name or id; the id of a removed one works too, and `store` is what concerns no account.
        #[arg(long, value_name = "NAME")]
        account: Option<String>,
        /// At most this many rows, up to 1000.
        #[arg(long, value_name = "N", default_value = "100", value_parser = value_parser!(u32).range(1..=1000))]
        limit: u32,
        /// Only rows before this one.
        #[arg(long, value_name = "SEQUENCE")]
        before: Option<i64>,
    },
    /// Check that no row was changed, removed, moved or cut off; exit 1 where one was.
    Verify {
        /// Only this account; all where it is left out.
        #[arg(long, value_name = "NAME")]
        account: Option<String>,
        /// What an earlier `audit verify --format json` printed: also check that nothing which was there then is gone.
        #[arg(long, value_name = "FILE")]
        since: Option<PathBuf>,
    },
}

/// What can be done with the master key.
#[derive(Subcommand, Debug)]
pub enum Keys {
    /// Change the master key while others go on. Interrupted, the same command finishes it.
    Rotate {
        /// File with the new key, where the key comes from outside the data folder.
        #[arg(long, value_name = "FILE")]
        new_key_file: Option<PathBuf>,
        /// Hours in which processes that hold the old key can follow; 0 makes it useless at once.
        #[arg(long, value_name = "HOURS", default_value = "24", value_parser = value_parser!(u32).range(0..=8760))]
        handover: u32,
    },
}

/// Settings and secrets as they are given.
#[derive(Args, Clone, Debug)]
pub struct Given {
    /// A setting that is no secret.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// A secret, from an environment variable, a file or stdin; never as a plain argument.
    #[arg(long = "secret", value_name = "KEY=env:VAR|file:PATH|-")]
    pub secret: Vec<String>,
    /// Do not ask the vendor whether they work.
    #[arg(long)]
    pub no_check: bool,
}

/// The whole tree.
pub fn command() -> Command {
    // the derived parts bring their own doc comments: what the whole is about is said after them
    let root = Fixed::augment_subcommands(Globals::augment_args(Command::new("userdir")))
        .about("One API over the user directories of the apps a company runs on")
        .version(env!("CARGO_PKG_VERSION"))
        .arg_required_else_help(true)
        .subcommand_required(true)
        .after_help(
            "Exit codes: 0 done, 1 the action failed, 2 wrong usage, 3 refused by a guard, 4 not supported by that \
             vendor, 5 partly done.",
        );
    Resource::ALL.iter().fold(root, |root, resource| root.subcommand(resource_command(*resource)))
}

/// Words of the table as they stand on a command line.
pub fn kebab(name: &str) -> String {
    name.replace('_', "-")
}

fn resource_command(resource: Resource) -> Command {
    let name = kebab(resource.as_str());
    let actions = || Action::ALL.iter().filter(|action| action.resource() == resource);
    let methods: Vec<&str> = actions().map(|action| action.info().method).collect();
    let about = match methods.as_slice() {
        // a resource that can only be listed needs no second word
        ["list"] => {
            let list = actions().map(|action| action_command(*action)).next().unwrap_or_default();
            let about = list.get_about().cloned().unwrap_or_default();
            let command = Command::new(name).about(about).args(list.get_arguments().cloned());
            return command.args_conflicts_with_subcommands(true).subcommand(list);
        }
        methods => format!("{}: {}", resource.as_str().replace('_', " "), methods.join(", ")),
    };
    let command = Command::new(name).about(about).subcommand_required(true).arg_required_else_help(true);
    let command = if resource.as_str().contains('_') { command.alias(resource.as_str()) } else { command };
    command.subcommands(actions().map(|action| action_command(*action)))
}

fn action_command(action: Action) -> Command {
    let info = action.info();
    let command = Command::new(info.method)
        .about(info.summary.trim().trim_end_matches('.'))
        .arg(text("account", "NAME").help("Account to ask, by name or id; may be left out where there is only one"));
    let command = command.arg(
        text("remote-query", "KEY=VALUE")
            .action(ArgAction::Append)
            .help("Add this to the query of the vendor request")
            .help_heading("Pass through"),
    );
    match info.kind {
        ActionKind::List => command.args(list_arguments()),
        ActionKind::Get => command.args(input_arguments(action)),
        ActionKind::Write => command.args(input_arguments(action)).args([
            flag("dry-run").help("Show the requests that would be sent, and change nothing"),
            flag("send-again").help(
                "Send it although the same write may have been carried out before: you have looked at the vendor",
            ),
        ]),
    }
}

fn list_arguments() -> Vec<Arg> {
    vec![
        flag("all").help("Every page, as it comes").conflicts_with_all(["limit", "cursor"]),
        text("limit", "N")
            .value_parser(value_parser!(u32).range(1..=1000))
            .default_value("100")
            .help("At most this many, up to 1000"),
        text("cursor", "CURSOR").help("Go on where an earlier list stopped"),
        text("filter", "KEY=VALUE")
            .action(ArgAction::Append)
            .help("Only those: status=active, status[in]=active,invited, created_at[gt]=2026-01-31T00:00:00Z, sort_by[name]=asc"),
        flag("no-remote-data").help("Leave the vendor's own object out"),
    ]
}

/// Ids stand as positional arguments, everything else is a flag.
fn input_arguments(action: Action) -> Vec<Arg> {
    let info = action.info();
    let mut arguments: Vec<Arg> = info
        .members
        .iter()
        .map(|name| name.trim_start_matches("r#"))
        .map(|name| {
            if is_positional(action, name) {
                return Arg::new(name.to_owned())
                    .value_name(name.to_uppercase())
                    .required_unless_present("input")
                    .help(members::help(name));
            }
            let long = members::flag(name);
            let argument =
                Arg::new(name.to_owned()).long(long.clone()).help(members::help(name)).help_heading("Fields");
            match members::kind(name) {
                Kind::Text => argument.value_name("TEXT"),
                Kind::Number => argument.value_name("N").value_parser(value_parser!(i64)).allow_negative_numbers(true),
                Kind::Flag => argument.action(ArgAction::SetTrue),
                Kind::Secret => argument.value_name("env:VAR|file:PATH|-"),
                Kind::Words => argument.value_name("TEXT").action(ArgAction::Append),
                Kind::Objects { main } => argument.value_name(main.to_uppercase()).action(ArgAction::Append),
            }
        })
        .collect();
    arguments.push(text("input", "FILE|-").help("Fields as a JSON object from a file or stdin; flags win"));
    arguments.push(
        text("remote-data", "JSON")
            .help("Merge this object into the body of the vendor request; it wins over mapped fields")
            .help_heading("Pass through"),
    );
    arguments
}

/// Whether a member is given without a flag: an id that every vendor needs.
pub fn is_positional(action: Action, member: &str) -> bool {
    (member == "id" || member.ends_with("_id")) && action.info().required.contains(&member)
}

fn text(name: &'static str, value: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value)
}

fn flag(name: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_holds_together() {
        command().debug_assert();
    }

    #[test]
    fn every_action_has_its_command() {
        let root = command();
        for action in Action::ALL {
            let info = action.info();
            let resource = root.find_subcommand(kebab(info.resource)).unwrap();
            assert!(resource.find_subcommand(info.method).is_some(), "{action}");
        }
        let remove = root.find_subcommand("groups").unwrap().find_subcommand("remove-user").unwrap();
        let ids: Vec<_> = remove.get_positionals().map(|arg| arg.get_id().as_str()).collect();
        assert_eq!(ids, ["group_id", "user_id"]);
    }
}
