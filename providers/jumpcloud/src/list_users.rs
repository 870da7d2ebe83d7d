//! The list of directory users: all of them, a group's members, the holders of a role.

use userdir_core::action::*;
use userdir_core::{Call, Error, Page, PageRequest, Result, async_trait};
use userdir_schema::User;

use crate::administrators::{Administrator, without_address};
use crate::{COUNTED, GRAPH, JumpCloud, each, map, wire};

#[async_trait]
impl ListUsers for JumpCloud {
    async fn list_users(&self, call: &Call, request: PageRequest<UserFilter>) -> Result<Page<User<'static>>> {
        let mut request = request;
        request.filter.status = statuses(request.filter.status)?;
        let filter = &request.filter;
        match (&filter.group_id, &filter.role_id) {
            (None, None) => {}
            _ if filter.sort_by.is_some() => {
                return Err(Error::invalid("`sort_by` does not work together with `group_id` or `role_id`"));
            }
            (Some(group), None) => return self.members(call, group, &request).await,
            // what a user shows of roles is not enough to narrow a group by: a key may not see it
            (Some(_), Some(_)) => return Err(Error::invalid("`role_id` does not work together with `group_id`")),
            (None, Some(role)) => return self.holders(call, role, &request).await,
        }
        // JumpCloud shows no deleted users
        if filter.status.as_ref().and_then(Match::single) == Some("deleted") {
            return Ok(Page::of_values(Vec::new()));
        }
        let roles = self.catalogue(call).await?;
        let mut users = self.v1.get("systemusers").query("sort", sort(&filter.sort_by));
        for (name, expression) in named(expressions(filter)) {
            users = users.query(name, expression);
        }
        let page = users.page(call, &request, &COUNTED, map::users(roles)).await?;
        // a name is put together here, an older user's status too, and that `created` can be filtered by is unverified
        let mut rest = UserFilter::default();
        rest.name = filter.name.clone();
        rest.status = filter.status.clone();
        rest.created_at = filter.created_at;
        Ok(page.rechecked(rest))
    }
}

impl JumpCloud {
    /// The members of a group: JumpCloud lists their ids, and each is read. What can be told from a mapped user is left out
    /// afterwards, here and in [`JumpCloud::holders`].
    async fn members(
        &self,
        call: &Call,
        group: &str,
        request: &PageRequest<UserFilter>,
    ) -> Result<Page<User<'static>>> {
        let members = self.v2.get("usergroups").id(group).path("members").primary();
        let members = members.slice(call, request.cursor.as_deref(), request.wanted, &GRAPH).await?;
        let ids = members.each(|raw| serde_json::from_str::<wire::Connection>(raw.get()).map(|it| it.to.id))?;
        let roles = self.catalogue(call).await?;
        let answers = each(call, &ids, |id| self.v1.get("systemusers").id(id)).await?;
        let users = answers.iter().map(|answer| answer.map(map::users(roles.clone()))).collect::<Result<_>>()?;
        let mut rest = request.filter.clone();
        rest.group_id = None;
        Ok(Page::of_values(users).after(&members).rechecked(rest))
    }

    /// The directory users whose administrator holds a role, found by the address that both have.
    async fn holders(&self, call: &Call, role: &str, request: &PageRequest<UserFilter>) -> Result<Page<User<'static>>> {
        let roles = self.fresh_catalogue(call).await?;
        roles.known(role)?;
        let page = self.list_administrators().primary().counted_slice(call, request, &COUNTED).await?;
        let administrators = page.each(|raw| Administrator::read(raw, &roles))?;
        let holds = |one: &&Administrator| one.held.iter().any(|held| held.is(role));
        let emails: Vec<String> = administrators.iter().filter(holds).map(|one| one.email.to_lowercase()).collect();
        if emails.iter().any(String::is_empty) {
            return Err(without_address());
        }
        let mut users = Vec::new();
        if !emails.is_empty() {
            let expression = one_of("email", emails.iter().map(String::as_str));
            let found = self.v1.get("systemusers").query("sort", "_id").query("filter", expression);
            users = found.all(call, &COUNTED, |raw| map::owned_user(raw, &roles)).await?;
        }
        let mut rest = request.filter.clone();
        rest.role_id = None;
        Ok(Page::of_values(users).next(page.next).rechecked(rest))
    }
}

/// The words of mapped users for those of a filter.
fn statuses(wanted: Option<Match>) -> Result<Option<Match>> {
    let unified = |word: &String| {
        map::status_word(word).ok_or_else(|| {
            Error::invalid(format!("status `{word}` is unknown here"))
                .hint("the words are active, invited and inactive")
        })
    };
    let unified = |wanted: Match| wanted.values().iter().map(unified).collect::<Result<Vec<_>>>().map(Match::any_of);
    wanted.map(unified).transpose()
}

/// JumpCloud's expressions of a filter, all of which must hold. The status is none of them: older users have no state.
fn expressions(filter: &UserFilter) -> Vec<String> {
    let mut all = Vec::new();
    let mut matching = |field: &str, wanted: &Option<Match>| {
        all.extend(wanted.as_ref().map(|wanted| one_of(field, wanted.values().iter().map(String::as_str))));
    };
    matching("firstname", &filter.first_name);
    matching("lastname", &filter.last_name);
    matching("username", &filter.username);
    matching("employeeType", &filter.user_type);
    if let Some(emails) = &filter.emails {
        // JumpCloud keeps addresses in lower case and compares them as they are
        let emails: Vec<String> = emails.values().iter().map(|email| email.to_lowercase()).collect();
        all.push(one_of("email", emails.iter().map(String::as_str)));
    }
    for (op, time) in filter.created_at.iter().flat_map(DateRange::ends) {
        let op = match op {
            "ge" => "gte",
            "le" => "lte",
            op => op,
        };
        all.push(format!("created:${op}:{}", time.timestamp()));
    }
    all
}

/// `field:$eq:value`, or `field:$in:value|value`, where a `|` of a value's own is escaped.
fn one_of<'v>(field: &str, values: impl Iterator<Item = &'v str>) -> String {
    match values.collect::<Vec<_>>().as_slice() {
        [one] => format!("{field}:$eq:{one}"),
        several => {
            let escaped: Vec<String> = several.iter().map(|value| value.replace('|', r"\|")).collect();
            format!("{field}:$in:{}", escaped.join("|"))
        }
    }
}

/// One expression is `filter`; several are `filter[0]`, `filter[1]`, …
fn named(expressions: Vec<String>) -> Vec<(String, String)> {
    let alone = expressions.len() == 1;
    let name = |index: usize| if alone { "filter".to_owned() } else { format!("filter[{index}]") };
    expressions.into_iter().enumerate().map(|(index, expression)| (name(index), expression)).collect()
}

/// The order, which always ends with the id, so that pages fit together.
fn sort(by: &Option<SortBy>) -> String {
    let Some(by) = by else { return "_id".to_owned() };
    let field = match by.field.as_str() {
        "created_at" => "created",
        "emails" => "email",
        "first_name" => "firstname",
        "last_name" => "lastname",
        "status" => "state",
        other => other,
    };
    format!("{}{field} _id", if by.descending { "-" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_written_as_v1_wants_them() {
        assert_eq!(one_of("state", ["STAGED"].into_iter()), "state:$eq:STAGED");
        assert_eq!(one_of("costCenter", ["Rome|Oslo", "Bern"].into_iter()), r"costCenter:$in:Rome\|Oslo|Bern");
        let filter = UserFilter::default().emails("Maya@Example.com").username("maya");
        let written = named(expressions(&filter));
        let written: Vec<_> = written.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(written, [("filter[0]", "username:$eq:maya"), ("filter[1]", "email:$eq:maya@example.com")]);
    }

    #[test]
    fn the_order_always_ends_with_the_id() {
        assert_eq!(sort(&None), "_id");
        assert_eq!(sort(&Some(SortBy { field: "created_at".into(), descending: true })), "-created _id");
    }
}
