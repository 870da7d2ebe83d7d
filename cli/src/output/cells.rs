//! Values as cells of a table or of a CSV file.

use std::io;

use serde_json::Value;
use userdir::schema::{Resource, field_paths};

/// Which member stands for an object in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Main {
    /// Its id, for programs.
    Id,
    /// Its name, for people.
    Name,
}

/// The columns of a table for people.
pub fn table_columns(resource: Resource) -> &'static [&'static str] {
    match resource {
        Resource::Users | Resource::Me => &["id", "name", "username", "emails", "status"],
        Resource::Groups => &["id", "name", "group_type", "description"],
        Resource::Roles => &["id", "name", "label", "type", "description"],
        Resource::Licenses => &["id", "name", "status", "assigned_quantity", "available_quantity"],
        Resource::Organizations => &["id", "name", "pricing_plan"],
        Resource::Workspaces => &["id", "name", "status", "organization", "description"],
        Resource::Activities => &["created_at", "action", "actor", "entity_type", "entity", "description"],
        Resource::RoleAssignments => &["id", "user_id", "group_id", "role_id", "workspace"],
        Resource::Billing => &["id", "description", "total_amount", "currency", "start_date", "end_date"],
        Resource::Utilization => &["name", "columns", "rows"],
    }
}

/// The columns of a CSV file: every field at the top, those that people look for first.
pub fn csv_columns(resource: Resource) -> Vec<String> {
    let top = |path: &String| !path.contains(['.', '[']) && path != "remote_data";
    let mut columns: Vec<String> = field_paths(resource).into_iter().map(|field| field.path).filter(top).collect();
    let first = table_columns(resource);
    columns.sort_by_key(|column| first.iter().position(|name| name == column).unwrap_or(first.len()));
    columns
}

/// The cells of a value.
pub fn row(value: &Value, columns: &[impl AsRef<str>], main: Main) -> Vec<String> {
    let cell = |name: &str| value.get(name).map(|value| flat(value, main)).unwrap_or_default();
    columns.iter().map(|column| cell(column.as_ref())).collect()
}

/// The cells of a value in a CSV file.
pub fn csv_row(value: &Value, columns: &[impl AsRef<str>]) -> Vec<String> {
    row(value, columns, Main::Id).into_iter().map(inert).collect()
}

/// A cell that no spreadsheet takes for a formula: anybody may call themselves `=HYPERLINK(…)` at a vendor. It gets a `'`
/// before it, as spreadsheets themselves mark text; numbers, of telephones too, stay as they are.
fn inert(cell: String) -> String {
    let is_number = |rest: &str| rest.chars().all(|c| c.is_ascii_digit() || " .,-()/".contains(c));
    let is_formula = match cell.strip_prefix(['=', '@', '\t', '\r', '+', '-']) {
        None => false,
        Some(rest) => !(cell.starts_with(['+', '-']) && is_number(rest)),
    };
    if is_formula { format!("'{cell}") } else { cell }
}

/// A value as one cell: lists with semicolons between, objects by the member that stands for them.
pub fn flat(value: &Value, main: Main) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if main == Main::Name => clean(text),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let separator = if main == Main::Name { ", " } else { ";" };
            items.iter().map(|item| flat(item, main)).collect::<Vec<_>>().join(separator)
        }
        Value::Object(members) => {
            let names: &[&str] = match main {
                Main::Id => &["id", "email", "number", "url", "name", "label"],
                Main::Name => &["email", "number", "url", "name", "label", "id"],
            };
            // an actor is known by its user
            let inner = members.get("user").filter(|user| user.is_object());
            let found = names.iter().find_map(|name| members.get(*name).filter(|value| !value.is_null())).or(inner);
            match found {
                Some(value) => flat(value, main),
                None if main == Main::Name => {
                    let pairs = members.iter().map(|(name, value)| format!("{}: {}", clean(name), flat(value, main)));
                    pairs.collect::<Vec<_>>().join(", ")
                }
                None => value.to_string(),
            }
        }
        other => other.to_string(),
    }
}

/// Without control characters: what a vendor sends must not move the cursor or colour the screen.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// An error of the CSV writer, as one of stdout.
pub fn of_csv(error: csv::Error) -> io::Error {
    io::Error::from(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_become_cells() {
        let emails = json!([{"email": "a@b.c", "type": "work"}, {"email": "d@e.f"}]);
        assert_eq!(flat(&emails, Main::Name), "a@b.c, d@e.f");
        let roles = json!([{"id": "r1", "name": "Admin"}]);
        assert_eq!((flat(&roles, Main::Id), flat(&roles, Main::Name)), ("r1".into(), "Admin".into()));
        assert_eq!(flat(&json!({"type": "user", "user": {"id": "u1"}}), Main::Name), "u1");
        assert_eq!(flat(&json!("a\u{1b}[2J"), Main::Name), "a\u{fffd}[2J");
        assert_eq!(flat(&json!(3), Main::Id), "3");
        assert_eq!(flat(&json!({"login": "maya"}), Main::Name), "login: maya");
    }

    #[test]
    fn no_cell_of_a_csv_file_is_a_formula() {
        let cell = |text: &str| csv_row(&json!({"name": text}), &["name"]).remove(0);
        for formula in ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-1+A1", "\t=1"] {
            assert_eq!(cell(formula), format!("'{formula}"));
        }
        for text in ["+49 (30) 901-820", "-3.5", "Maya = Ortiz", "-", ""] {
            assert_eq!(cell(text), text);
        }
    }

    #[test]
    fn columns_are_fields_of_the_schema() {
        for resource in Resource::ALL {
            let csv = csv_columns(*resource);
            for column in table_columns(*resource) {
                assert!(csv.iter().any(|name| name == column), "{resource} {column}");
            }
            assert!(!csv.iter().any(|name| name == "remote_data"));
        }
    }
}
