//! The parameters with a meaning of their own, taken out of a query; what is left over belongs to the action.

use userdir::Call;

use crate::problem::Problem;
use crate::query::Query;

/// Items of a page where nobody says how many.
const PAGE: u32 = 100;
/// Items of a page at most; more is taken as this.
const LARGEST_PAGE: u32 = 1000;

/// Those of them that begin with our own prefix.
pub const NAMES: &[&str] = &[
    "truto_response_format",
    "truto_ignore_remote_data",
    "truto_exclude_fields",
    "truto_key_by",
    "truto_ignore_limit",
    "truto_skip_api_call",
    "truto_body_passthrough",
    "truto_dry_run",
];

/// That there is no such parameter.
pub fn unknown(name: &str) -> Problem {
    Problem::bad_request(format!("there is no parameter `{name}`"))
}

/// In which form to answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// The unified resource.
    #[default]
    Unified,
    /// The vendor's body as it came.
    Raw,
    /// The unified resource with every field of the schema.
    Normalized,
    /// Item by item over all pages; of a single resource the vendor's body.
    Stream,
    /// The unified resource, and what was asked of the vendor.
    Debug,
}

/// The parameters with a meaning of their own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Common {
    /// In which form to answer.
    pub format: Format,
    /// Leave the vendor's own object out.
    pub ignore_remote_data: bool,
    /// Leave these fields out; inner ones with dots.
    pub exclude: Vec<String>,
    /// Items of a page.
    pub limit: u32,
    /// Where to go on.
    pub cursor: Option<String>,
    /// Make the list an object by this field.
    pub key_by: Option<String>,
    /// All pages in one answer.
    pub ignore_limit: bool,
    /// Ask nothing of the vendor.
    pub skip_api_call: bool,
    /// Hand the body on as it is.
    pub body_passthrough: bool,
    /// Show what would be sent, and send nothing that changes anything.
    pub dry_run: bool,
    /// For the vendor, as it came.
    pub remote_query: Vec<(String, String)>,
}

impl Common {
    /// Takes them out of a query.
    ///
    /// # Errors
    /// 400 that names the parameter.
    pub fn take(query: &mut Query) -> Result<Common, Problem> {
        let limit = query.number("limit")?.unwrap_or(u64::from(PAGE));
        let common = Common {
            format: Format::take(query)?,
            ignore_remote_data: query.flag("truto_ignore_remote_data")?,
            exclude: excluded(query)?,
            limit: u32::try_from(limit).map_or(LARGEST_PAGE, |limit| limit.min(LARGEST_PAGE)),
            cursor: query.text("next_cursor")?,
            key_by: query.text("truto_key_by")?,
            ignore_limit: query.flag("truto_ignore_limit")?,
            skip_api_call: query.flag("truto_skip_api_call")?,
            body_passthrough: query.flag("truto_body_passthrough")?,
            dry_run: query.flag("truto_dry_run")?,
            remote_query: query.remote(),
        };
        if query.take("truto_super_query").is_some() {
            return Err(Problem::bad_request("`truto_super_query` reads a synced store, which there is none of here")
                .hint("leave it out: lists are read from the vendor"));
        }
        if let Some(unknown) = query.names().find(|name| name.starts_with("truto_")) {
            return Err(self::unknown(unknown));
        }
        Ok(common)
    }

    /// A call with what they say of it.
    #[must_use]
    pub fn apply(&self, call: Call) -> Call {
        let call = call.remote_query(self.remote_query.clone());
        if self.drops_remote_data() { call.without_remote_data() } else { call }
    }

    /// Whether the vendor's own object is left out.
    pub fn drops_remote_data(&self) -> bool {
        self.ignore_remote_data || self.exclude.iter().any(|field| field == "remote_data")
    }
}

/// Most names in the path of a field: no resource is that deep, and what is done with a path takes stack for each.
const DEEPEST_FIELD: usize = 16;

fn excluded(query: &mut Query) -> Result<Vec<String>, Problem> {
    let fields = query.words("truto_exclude_fields")?;
    if fields.iter().any(|field| field.split('.').count() > DEEPEST_FIELD) {
        return Err(Problem::bad_request(format!(
            "`truto_exclude_fields` names a field with more than {DEEPEST_FIELD} parts"
        )));
    }
    Ok(fields)
}

impl Format {
    fn take(query: &mut Query) -> Result<Format, Problem> {
        Ok(match query.text("truto_response_format")?.as_deref() {
            None | Some("unified") => Format::Unified,
            Some("raw") => Format::Raw,
            Some("normalized") => Format::Normalized,
            Some("stream") => Format::Stream,
            Some("debug") => Format::Debug,
            Some(other) => {
                let known = "`unified`, `raw`, `normalized`, `stream` or `debug`";
                return Err(Problem::bad_request(format!("`truto_response_format` is `{other}`; it must be {known}")));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Limits;

    fn take(text: &str) -> Result<(Common, Query), Problem> {
        let mut query = Query::parse(text, &Limits::default())?;
        Common::take(&mut query).map(|common| (common, query))
    }

    #[test]
    fn every_parameter_is_taken_and_the_rest_left() {
        let (common, rest) = take(
            "truto_response_format=debug&truto_ignore_remote_data=true&truto_exclude_fields%5B%5D=id&\
             truto_exclude_fields[]=emails.type&limit=5000&next_cursor=&truto_key_by=id&truto_ignore_limit=false&\
             truto_skip_api_call=true&truto_body_passthrough=true&truto_dry_run=true&remote_query[foo]=bar&status=active",
        )
        .unwrap();
        let expected = Common {
            format: Format::Debug,
            ignore_remote_data: true,
            exclude: vec!["id".into(), "emails.type".into()],
            limit: 1000,
            cursor: None,
            key_by: Some("id".into()),
            ignore_limit: false,
            skip_api_call: true,
            body_passthrough: true,
            dry_run: true,
            remote_query: vec![("foo".into(), "bar".into())],
        };
        assert_eq!(common, expected);
        assert_eq!(rest.names().collect::<Vec<_>>(), ["status"]);
    }

    #[test]
    fn every_spelling_of_the_excluded_fields_is_read() {
        for text in ["x[]=id&x[]=name", "x[0]=id&x[1]=name", "x=id,name", "x=id&x=name", "x[]=id,name"] {
            let text = text.replace('x', "truto_exclude_fields");
            assert_eq!(take(&text).unwrap().0.exclude, ["id", "name"], "{text}");
        }
    }

    #[test]
    fn limits_have_a_default_and_an_end() {
        for (text, limit) in [("", 100), ("limit=1", 1), ("limit=1001", 1000), ("limit=99999999999999999999", 1000)] {
            assert_eq!(take(text).unwrap().0.limit, limit, "{text}");
        }
        for text in ["limit=0", "limit=-1", "limit=ten", "limit=1.5", "limit[]=1", "limit=1&limit=2"] {
            assert_eq!(take(text).unwrap_err().status(), 400, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, word) in [
            ("truto_response_format=csv", "csv"),
            ("truto_ignore_limit=maybe", "maybe"),
            ("truto_super_query=apac", "truto_super_query"),
            ("truto_dryrun=true", "truto_dryrun"),
            ("truto_exclude_fields[a][b]=c", "truto_exclude_fields"),
            ("truto_exclude_fields=a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q", "16 parts"),
        ] {
            assert!(take(text).unwrap_err().message().contains(word), "{text}");
        }
    }
}
