//! Makes a provider crate from `xtask/template`, and the rows in `userdir/` that compile it in.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

/// The files of a new crate; `{{slug}}`, `{{crate}}`, `{{Type}}` and `{{Name}}` are filled in.
const FILES: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("../template/Cargo.toml")),
    ("build.rs", include_str!("../template/build.rs")),
    ("README.md", include_str!("../template/README.md")),
    ("src/lib.rs", include_str!("../template/src/lib.rs")),
    ("src/definition.rs", include_str!("../template/src/definition.rs")),
    ("src/wire.rs", include_str!("../template/src/wire.rs")),
    ("src/map.rs", include_str!("../template/src/map.rs")),
    ("src/users.rs", include_str!("../template/src/users.rs")),
    ("fixtures/account.toml", include_str!("../template/fixtures/account.toml")),
];

/// Makes the crate `providers/<slug>`.
pub fn run(root: &Path, slug: &str, name: Option<&str>) -> Result<()> {
    check_slug(slug)?;
    let folder = root.join("providers").join(slug);
    ensure!(!folder.exists(), "`{}` is there already", folder.display());
    let crate_name = format!("userdir_{}", slug.replace('-', "_"));
    let type_name = capitals(slug, "");
    let name = name.map_or_else(|| capitals(slug, " "), str::to_owned);
    for (file, template) in FILES {
        let text = template
            .replace("{{slug}}", slug)
            .replace("{{crate}}", &crate_name)
            .replace("{{Type}}", &type_name)
            .replace("{{Name}}", &name);
        let path = folder.join(file);
        let parent = path.parent().context("a file without a folder")?;
        fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    edit(&root.join("userdir/Cargo.toml"), |manifest| manifest_with(manifest, slug))?;
    edit(&root.join("userdir/src/linked.rs"), |linked| linked_with(linked, slug, &crate_name))?;
    println!("made providers/{slug} and its rows in userdir/Cargo.toml and userdir/src/linked.rs");
    println!("next: docs/walk-through.md shows what to write, file by file; until this is green:");
    println!("      cargo run --bin userdir -- conformance --provider {slug}");
    Ok(())
}

fn check_slug(slug: &str) -> Result<()> {
    let fits = slug.starts_with(|c: char| c.is_ascii_lowercase())
        && slug.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !slug.ends_with('-')
        && !slug.contains("--");
    ensure!(fits, "`{slug}` is no slug: lower-case letters, digits and single hyphens, beginning with a letter");
    Ok(())
}

/// `slack-enterprise` as `SlackEnterprise` or `Slack Enterprise`.
fn capitals(slug: &str, between: &str) -> String {
    let words = slug.split('-').map(|word| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    });
    words.collect::<Vec<_>>().join(between)
}

fn edit(path: &Path, change: impl FnOnce(&str) -> Result<String>) -> Result<()> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let changed = change(&text).with_context(|| format!("cannot add a row to {}", path.display()))?;
    fs::write(path, changed).with_context(|| format!("cannot write {}", path.display()))
}

/// Adds the feature, the dependency, and the entries in `all-providers` and `fixtures`.
fn manifest_with(manifest: &str, slug: &str) -> Result<String> {
    let mut lines: Vec<String> = manifest.lines().map(str::to_owned).collect();
    insert_sorted(&mut lines, &format!("{slug} = [\"dep:userdir-{slug}\"]"), |line| {
        line.contains(" = [\"dep:userdir-")
    })?;
    let dependency = format!("userdir-{slug} = {{ path = \"../providers/{slug}\", optional = true }}");
    insert_sorted(&mut lines, &dependency, |line| line.contains("path = \"../providers/"))?;
    for (list, entry) in [("all-providers = [", slug.to_owned()), ("fixtures = [", format!("userdir-{slug}?/fixtures"))]
    {
        let begin = lines.iter().position(|line| line == list).with_context(|| format!("no line `{list}`"))?;
        let end = lines.iter().skip(begin).position(|line| line == "]").context("a list without an end")? + begin;
        let mut entries = lines.drain(begin + 1..end).collect::<Vec<_>>();
        insert_sorted(&mut entries, &format!("    \"{entry}\","), |line| !line.contains("dep:"))?;
        lines.splice(begin + 1..begin + 1, entries);
    }
    Ok(lines.join("\n") + "\n")
}

/// Adds a row to each table: `LINKED`, `KNOWN` and `FIXTURES`.
fn linked_with(linked: &str, slug: &str, crate_name: &str) -> Result<String> {
    let gate = format!("    #[cfg(feature = \"{slug}\")]");
    let rows = [
        ("pub static LINKED", format!("{gate}\n    &{crate_name}::REGISTRATION,")),
        ("pub static KNOWN", format!("    \"{slug}\",")),
        ("pub static FIXTURES", format!("{gate}\n    (\"{slug}\", &{crate_name}::FIXTURES),")),
    ];
    let mut lines: Vec<String> = linked.lines().map(str::to_owned).collect();
    for (table, row) in rows {
        let begin = lines.iter().position(|line| line.starts_with(table)).with_context(|| format!("no `{table}`"))? + 1;
        let end = lines.iter().skip(begin).position(|line| line == "];").context("a table without an end")? + begin;
        let old: Vec<String> = lines.drain(begin..end).collect();
        let mut entries: Vec<String> = old.chunks(row.lines().count()).map(|lines| lines.join("\n")).collect();
        insert_sorted(&mut entries, &row, |_| true)?;
        lines.splice(begin..begin, entries);
    }
    Ok(lines.join("\n") + "\n")
}

/// Puts a row among those of its kind, in order.
fn insert_sorted(lines: &mut Vec<String>, new: &str, is_kind: impl Fn(&str) -> bool) -> Result<()> {
    let of_kind: Vec<usize> =
        lines.iter().enumerate().filter(|(_, line)| is_kind(line)).map(|(index, _)| index).collect();
    let Some(last) = of_kind.last() else { bail!("no line like `{new}`") };
    let before = of_kind.iter().find(|index| lines.get(**index).is_some_and(|line| line.as_str() > new));
    lines.insert(before.copied().unwrap_or(last + 1), new.to_owned());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_checked() {
        for slug in ["", "Zoom", "-zoom", "zoom-", "zo--om", "zo_om", "../zoom", "1password"] {
            assert!(check_slug(slug).is_err(), "{slug:?}");
        }
        assert!(check_slug("slack-enterprise").is_ok());
        assert_eq!(capitals("slack-enterprise", ""), "SlackEnterprise");
    }

    #[test]
    fn rows_are_added_in_order() {
        // a slug that no provider will have
        let manifest = manifest_with(include_str!("../../userdir/Cargo.toml"), "pear").unwrap();
        let feature = |slug: &str| manifest.find(&format!("\n{slug} = [")).unwrap();
        assert!(feature("okta") < feature("pear") && feature("pear") < feature("scim"));
        assert!(manifest.contains("userdir-pear?/fixtures"));
        let linked = linked_with(include_str!("../../userdir/src/linked.rs"), "pear", "userdir_pear").unwrap();
        assert_eq!(linked.matches("userdir_pear::").count(), 2);
        let gate = "    #[cfg(feature = \"pear\")]\n";
        for (row, next) in [
            (format!("{gate}    &userdir_pear::REGISTRATION,\n"), "    #[cfg(feature = \"salesforce\")]\n"),
            ("    \"pear\",\n".to_owned(), "    \"salesforce\",\n"),
            (format!("{gate}    (\"pear\", &userdir_pear::FIXTURES),\n"), "    #[cfg(feature = \"salesforce\")]\n"),
        ] {
            assert!(linked.contains(&format!("{row}{next}")), "{row} in {linked}");
        }
    }
}
