//! What a user holds: pairs of a role and a product. Giving and taking them away, and lowering one.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use userdir_core::action::*;
use userdir_core::http::Request;
use userdir_core::reply::Steps;
use userdir_core::{Call, Effect, Error, ErrorKind, Reply, Result, async_trait};
use userdir_schema::{User, UserOrganization, UserRole};

use crate::{BlackLine, assumed, map};

/// A role with the product that it is held in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    pub role: String,
    pub product: String,
}

impl Pair {
    /// For steps and messages.
    fn shown(&self) -> String {
        format!("{} ({})", self.role, self.product)
    }

    /// As the one published body has it: the role a bare number, the product a text.
    fn body(&self) -> Value {
        let role = self.role.parse::<i64>().map_or_else(|_| Value::from(self.role.clone()), Value::from);
        json!({ "roleId": role, "productId": self.product })
    }
}

/// Products, each once.
pub fn products(pairs: &[Pair]) -> BTreeSet<&str> {
    pairs.iter().map(|pair| pair.product.as_str()).collect()
}

/// A role that there is.
pub(crate) struct KnownRole {
    pub id: String,
    pub name: Option<String>,
}

impl KnownRole {
    fn is(&self, word: &str) -> bool {
        self.id == word || self.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(word))
    }
}

/// What the caller calls the role: its id, else its name.
fn word<'r>(role: &'r UserRole<'_>) -> &'r str {
    role.id.as_deref().or(role.name.as_deref()).unwrap_or_default()
}

fn unknown_role(word: &str) -> Error {
    Error::invalid("unknown role; nothing was changed").about(word).hint("`userdir roles list` shows the ids")
}

/// Refuses organizations of which nobody can say which role they are for. `roles` say their places without empty texts.
fn check_places(roles: &[UserRole<'_>], organizations: &Option<Vec<UserOrganization<'_>>>) -> Result<()> {
    if organizations.iter().flatten().any(|place| place.id.is_none()) {
        return Err(Error::invalid("an organization (product) is named by its `id`; nothing was changed"));
    }
    let given = organizations.as_ref().map_or(0, Vec::len);
    let all_placed = roles.iter().all(|role| assumed::product(role).is_some());
    if all_placed || given <= 1 || given == roles.len() {
        return Ok(());
    }
    Err(Error::invalid(format!("{given} organizations (products) are given for {} roles", roles.len()))
        .hint("give one for all, one for each, or each role its own in `roles[].organization`"))
}

impl BlackLine {
    /// The roles that there are.
    pub(crate) async fn roles(&self, call: &Call) -> Result<Vec<KnownRole>> {
        let roles = self.whole(
            call,
            || self.http.get("v1/roles"),
            |raw| {
                let role = map::role(raw)?;
                Ok(KnownRole { id: role.id.to_string(), name: role.name.map(String::from) })
            },
        );
        roles.await
    }

    /// What a user holds.
    pub(crate) async fn pairs(&self, call: &Call, user: &str) -> Result<Vec<Pair>> {
        self.whole(call, || self.pairs_of(user), map::pair).await
    }

    pub(crate) fn pairs_of(&self, user: &str) -> Request {
        self.http.get("v1/users").id(user).path("roles-products")
    }

    /// The id of a role named by id or name. A word that is no role is a mistake, and must not read as "taken away already".
    fn role_id(roles: &[KnownRole], word: &str) -> Result<String> {
        let found = roles.iter().find(|role| role.is(word)).map(|role| role.id.clone());
        found.ok_or_else(|| unknown_role(word))
    }

    /// Refuses to take anything from the user that the account itself is.
    pub(crate) fn refuse_own(&self, user: &User<'_>) -> Result<()> {
        if user.username.as_deref().is_none_or(|login| !login.eq_ignore_ascii_case(&self.username)) {
            return Ok(());
        }
        Err(Error::refused("this is the user whose API key the account has")
            .about(user.id.to_string())
            .hint("use another user's key; this one could no longer do what userdir needs"))
    }

    /// Gives pairs, all in one request.
    async fn give(&self, call: &Call, steps: &mut Steps, user: &str, pairs: &[Pair]) -> Result<Effect> {
        let bodies: Vec<Value> = pairs.iter().map(Pair::body).collect();
        let request = self.http.post("v1/users").id(user).path("roles-products").json(&bodies);
        match steps.send(call, request).await {
            // given in between, unless BlackLine means something else by it: reading again tells
            Err(error) if error.kind() == ErrorKind::Conflict => {
                let held = self.pairs(call, user).await?;
                if pairs.iter().all(|pair| held.contains(pair)) { Ok(Effect::Already) } else { Err(error) }
            }
            sent => sent.map(|sent| if sent.is_some() { Effect::Applied } else { Effect::Planned }),
        }
    }

    /// Takes one pair away.
    pub(crate) async fn take(&self, call: &Call, steps: &mut Steps, user: &str, pair: &Pair) -> Result<Effect> {
        let request = self.pairs_removal(user).query("roleId", &pair.role).query("productId", &pair.product);
        match steps.send(call, request).await {
            // that a pair which is not held is answered 404 is unverified: reading again tells
            Err(error) if error.was_missing() => {
                if self.pairs(call, user).await?.contains(pair) {
                    Err(error)
                } else {
                    Ok(Effect::Already)
                }
            }
            sent => sent.map(|sent| if sent.is_some() { Effect::Applied } else { Effect::Planned }),
        }
    }

    fn pairs_removal(&self, user: &str) -> Request {
        self.http.delete("v1/users").id(user).path("roles-products").guarding(&["roleId", "productId"])
    }
}

#[async_trait]
impl UnassignRole for BlackLine {
    /// Reads what is held and takes away the pairs that are named: a role in its product, or in every product where none is
    /// named.
    async fn unassign_role(&self, call: &Call, input: UnassignRoleInput) -> Result<Reply<User<'static>>> {
        let roles = input.placed_roles();
        check_places(&roles, &input.organizations)?;
        let user = self.user(call, &input.id).await?;
        let held = self.pairs(call, &input.id).await?;
        let is_held_id = |role: &UserRole<'_>| held.iter().any(|pair| pair.role == word(role));
        let known = if roles.iter().all(is_held_id) { Vec::new() } else { self.roles(call).await? };
        let mut named: Vec<(String, Option<Pair>)> = Vec::new();
        let mut unseen = None;
        for role in &roles {
            let id = if is_held_id(role) { word(role).to_owned() } else { BlackLine::role_id(&known, word(role))? };
            let product = assumed::product(role);
            let is_named = |pair: &&Pair| pair.role == id && product.is_none_or(|product| product == pair.product);
            let mut pairs: Vec<_> =
                held.iter().filter(is_named).map(|pair| (pair.shown(), Some(pair.clone()))).collect();
            if pairs.is_empty() {
                pairs.push((product.map_or_else(|| id.clone(), |product| format!("{id} ({product})")), None));
            }
            if let Some(product) = product.filter(|product| !products(&held).contains(product)) {
                unseen = Some(product.to_owned());
            }
            // a pair may be named twice, such as by id and by name
            pairs.retain(|pair| !named.contains(pair));
            named.extend(pairs);
        }
        if named.iter().any(|(_, pair)| pair.is_some()) {
            self.refuse_own(&user)?;
        }
        let mut steps = Steps::default();
        for (target, pair) in named {
            let effect = match pair {
                None => Ok(Effect::Already),
                Some(pair) => self.take(call, &mut steps, &input.id, &pair).await,
            };
            steps.add(target, effect);
        }
        let reply = steps.finish(Reply::sent(&input.id))?;
        Ok(match unseen {
            Some(product) => reply.note(format!(
                "the user has no role in `{product}`, and BlackLine has no list of products to tell whether it is one"
            )),
            None => reply,
        })
    }
}

#[async_trait]
impl AssignRole for BlackLine {
    /// Gives the pairs that are not held yet, in one request.
    async fn assign_role(&self, call: &Call, input: AssignRoleInput) -> Result<Reply<User<'static>>> {
        let roles = input.placed_roles();
        check_places(&roles, &input.organizations)?;
        if let Some(role) = roles.iter().find(|role| assumed::product(role).is_none()) {
            return Err(Error::invalid("a role of BlackLine needs its product")
                .about(word(role).to_owned())
                .hint("give the product's id in `roles[].organization`, or once in `organizations`"));
        }
        let known = self.roles(call).await?;
        let mut wanted: Vec<Pair> = Vec::new();
        for role in &roles {
            let product = assumed::product(role).unwrap_or_default().to_owned();
            let pair = Pair { role: BlackLine::role_id(&known, word(role))?, product };
            if !wanted.contains(&pair) {
                wanted.push(pair);
            }
        }
        self.user(call, &input.id).await?;
        let held = self.pairs(call, &input.id).await?;
        let new: Vec<Pair> = wanted.iter().filter(|pair| !held.contains(pair)).cloned().collect();
        let mut steps = Steps::default();
        let effect =
            if new.is_empty() { Effect::Already } else { self.give(call, &mut steps, &input.id, &new).await? };
        for pair in &wanted {
            steps.add(pair.shown(), Ok(if held.contains(pair) { Effect::Already } else { effect }));
        }
        steps.finish(Reply::sent(&input.id))
    }
}

#[async_trait]
impl DowngradeUser for BlackLine {
    /// Gives the lower role and takes the others of the same product away; the other way round the user would have none in
    /// between. What is held afterwards is read and compared, since the role may be held in another product too.
    async fn downgrade_user(&self, call: &Call, input: DowngradeUserInput) -> Result<Reply<User<'static>>> {
        let id = &input.user_id;
        let known = self.roles(call).await?;
        let role = input.role_id.clone().unwrap_or_default();
        if !known.iter().any(|known| known.id == role) {
            return Err(unknown_role(&role));
        }
        let user = self.user(call, id).await?;
        let held = self.pairs(call, id).await?;
        let lower = Pair { role, product: product_to_lower(&held, input.license_id.as_deref())? };
        let others: Vec<&Pair> = held.iter().filter(|pair| pair.product == lower.product && **pair != lower).collect();
        let mut steps = Steps::default();
        let is_held = held.contains(&lower);
        if is_held && others.is_empty() {
            steps.add(lower.shown(), Ok(Effect::Already));
            return steps.finish(Reply::sent(id));
        }
        self.refuse_own(&user)?;
        let (give, take) = (format!("give {}", lower.shown()), |pair: &Pair| format!("take {}", pair.shown()));
        let given = match is_held {
            true => Ok(Effect::Already),
            false => self.give(call, &mut steps, id, std::slice::from_ref(&lower)).await,
        };
        let goes_on = given.is_ok();
        steps.add(&give, given);
        for pair in &others {
            let effect = if goes_on { self.take(call, &mut steps, id, pair).await } else { steps.not_tried() };
            steps.add(take(pair), effect);
        }
        if steps.are_well() && !call.is_plan() {
            let now = self.pairs(call, id).await?;
            let is_so = |pair: &Pair| now.contains(pair) == (*pair == lower);
            if !is_so(&lower) || others.iter().any(|pair| !is_so(pair)) {
                let seen = |pair: &Pair, effect| if is_so(pair) { Ok(effect) } else { Err(not_shown()) };
                steps = Steps::default();
                steps.add(give, seen(&lower, if is_held { Effect::Already } else { Effect::Applied }));
                others.iter().for_each(|pair| steps.add(take(pair), seen(pair, Effect::Applied)));
            }
        }
        steps.finish(Reply::sent(id))
    }
}

fn not_shown() -> Error {
    Error::unexpected("BlackLine took the change, and the list of the user's roles does not show it")
        .hint("look at the user in BlackLine before repeating it")
}

/// The product that is named, or the only one that the user has a role in.
fn product_to_lower(held: &[Pair], named: Option<&str>) -> Result<String> {
    let products = products(held);
    match (named, products.iter().next()) {
        (Some(product), _) if products.contains(product) => Ok(product.to_owned()),
        (None, Some(only)) if products.len() == 1 => Ok((*only).to_owned()),
        (None, Some(_)) => {
            Err(Error::invalid("the user has roles in several products").hint("name the product in `license_id`"))
        }
        _ => Err(Error::new(ErrorKind::Conflict, "the user has no role in this product, so there is none to lower")),
    }
}

impl BlackLine {
    /// Roles, products, and products once more as organizations: everything that pairs tell of a user.
    pub(crate) async fn show_pairs(&self, call: &Call, user: &mut User<'static>, pairs: &[Pair]) -> Result<()> {
        let known = if pairs.is_empty() || !call.wants("roles") { Vec::new() } else { self.roles(call).await? };
        let name = |pair: &Pair| known.iter().find(|role| role.id == pair.role).and_then(|role| role.name.clone());
        user.roles = Some(pairs.iter().map(|pair| map::user_role(pair, name(pair))).collect());
        user.licenses = Some(products(pairs).into_iter().map(map::user_license).collect());
        user.organizations = Some(products(pairs).into_iter().map(map::user_organization).collect());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(role: &str, product: &str) -> Pair {
        Pair { role: role.into(), product: product.into() }
    }

    fn organization(id: &'static str) -> UserOrganization<'static> {
        UserOrganization { id: Some(id.into()), name: None }
    }

    #[test]
    fn a_role_is_written_as_a_number_and_a_product_as_a_text() {
        assert_eq!(pair("3", "12").body().to_string(), r#"{"productId":"12","roleId":3}"#);
        assert_eq!(pair("r-3", "p-12").body()["roleId"], "r-3");
    }

    #[test]
    fn organizations_must_fit_the_roles() {
        let roles = |count: usize| vec![UserRole { id: Some("3".into()), ..UserRole::default() }; count];
        let unnamed = Some(vec![UserOrganization { id: None, name: Some("Reconciliations".into()) }]);
        assert_eq!(check_places(&roles(1), &unnamed).unwrap_err().kind(), ErrorKind::InvalidRequest);
        let two = Some(vec![organization("12"), organization("14")]);
        assert!(check_places(&roles(2), &two).is_ok());
        assert!(check_places(&roles(3), &None).is_ok());
        assert!(check_places(&roles(3), &Some(vec![organization("12")])).is_ok());
        assert_eq!(check_places(&roles(3), &two).unwrap_err().kind(), ErrorKind::InvalidRequest);
        assert_eq!(check_places(&roles(1), &two).unwrap_err().kind(), ErrorKind::InvalidRequest);
    }

    #[test]
    fn the_product_to_lower_in_is_never_guessed() {
        let held = [pair("3", "12"), pair("4", "14")];
        assert_eq!(product_to_lower(&held, Some("14")).unwrap(), "14");
        assert_eq!(product_to_lower(&held[..1], None).unwrap(), "12");
        assert_eq!(product_to_lower(&held, None).unwrap_err().kind(), ErrorKind::InvalidRequest);
        assert_eq!(product_to_lower(&held, Some("15")).unwrap_err().kind(), ErrorKind::Conflict);
        assert_eq!(product_to_lower(&[], None).unwrap_err().kind(), ErrorKind::Conflict);
    }
}
