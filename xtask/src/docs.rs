//! The generated parts of the docs: what stands between `<!-- matrix -->` and `<!-- /matrix -->`, and the OpenAPI document.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use userdir_harness::Options;

/// Files that show the matrix.
const FILES: &[&str] = &["README.md"];
const BEGIN: &str = "<!-- matrix -->";
const END: &str = "<!-- /matrix -->";
/// The copy of the server's OpenAPI document.
const OPENAPI: &str = "docs/openapi.json";

/// Writes what is generated, or says where it is stale.
pub fn run(root: &Path, check: bool) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let registry = userdir::Registry::compiled_in();
    let report = runtime.block_on(userdir_harness::run(&registry, &Options::default()))?;
    let matrix = report.markdown();
    let mut stale = Vec::new();
    for file in FILES {
        let path = root.join(file);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {file}"))?;
        let (head, rest) = text.split_once(BEGIN).with_context(|| format!("{file} has no `{BEGIN}`"))?;
        let (_, tail) = rest.split_once(END).with_context(|| format!("{file} has no `{END}`"))?;
        let fresh = format!("{head}{BEGIN}\n{}\n{END}{tail}", matrix.trim_end());
        if fresh == text {
            continue;
        }
        if check {
            stale.push(*file);
        } else {
            fs::write(&path, fresh).with_context(|| format!("cannot write {file}"))?;
            println!("wrote {file}");
        }
    }
    let path = root.join(OPENAPI);
    let committed: Option<serde_json::Value> =
        fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    if committed.as_ref() != Some(userdir_server::openapi::document()) {
        if check {
            stale.push(OPENAPI);
        } else {
            fs::create_dir_all(root.join("docs")).context("cannot make docs/")?;
            fs::write(&path, userdir_server::openapi::text()).with_context(|| format!("cannot write {OPENAPI}"))?;
            println!("wrote {OPENAPI}");
        }
    }
    if !stale.is_empty() {
        bail!("stale: {}; write it anew with `cargo xtask docs`", stale.join(", "));
    }
    Ok(())
}
