//! What a user holds: pairs of a role and a product. Giving and taking them away, and lowering one.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use userdir_core::action::*;
use userdir_core::http::Request;
use userdir_core::reply::Steps;
use userdir_core::{Call, Effect, Error, ErrorKind, Outcome, Reply, Result, async_trait};
use userdir_schema::{IntoOwned, Role, User, UserOrganization, UserRole};

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

/// The id of a role that the caller names by its id, else by its name. A word that is no role is a mistake, and must not
/// read as "taken away already".
fn role_id(known: &[Role<'_>], wanted: &UserRole<'_>) -> Result<String> {
    let word = wanted.id.as_deref().or(wanted.name.as_deref()).unwrap_or_default();
    if wanted.id.is_some() && known.iter().any(|role| role.id == word) {
        return Ok(word.to_owned());
    }
    let is_called = |role: &&Role<'_>| role.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(word));
    let mut called = known.iter().filter(is_called);
    match (called.next(), called.next()) {
        (Some(role), None) => Ok(role.id.to_string()),
        (None, _) => Err(unknown_role(word)),
        _ => Err(Error::invalid("several roles have this name; give the id").about(word)),
    }
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
    async fn roles(&self, call: &Call) -> Result<Vec<Role<'static>>> {
        self.http.get("v1/roles").all(call, &self.lists, |raw| Ok(map::role(raw)?.into_owned())).await
    }

    /// What a user holds.
    pub(crate) async fn pairs(&self, call: &Call, user: &str) -> Result<Vec<Pair>> {
        self.pairs_of(user).all(call, &self.lists, map::pair).await
    }

    pub(crate) fn pairs_of(&self, user: &str) -> Request {
        self.http.get("v1/users").id(user).path("roles-products")
    }

    /// Refuses to take anything from the user that the account itself is. Says so where that could not be told.
    pub(crate) fn refuse_own(&self, user: &User<'_>) -> Result<Option<&'static str>> {
        match user.username.as_deref() {
            Some(login) if login.eq_ignore_ascii_case(&self.username) => {
                Err(Error::refused("this is the user whose API key the account has")
                    .about(user.id.to_string())
                    .hint("use another user's key; this one could no longer do what userdir needs"))
            }
            Some(_) => Ok(None),
            None => Ok(Some("BlackLine shows no login of the user: whether it is the API user could not be checked")),
        }
    }

    /// Gives pairs, all in one request.
    async fn give(&self, call: &Call, steps: &mut Steps, user: &str, pairs: &[Pair], shown: fn(&Pair) -> String) {
        let bodies: Vec<Value> = pairs.iter().map(Pair::body).collect();
        let request = self.http.post("v1/users").id(user).path("roles-products").json(&bodies);
        let sent = steps.send(call, request).await.map(Effect::of_write);
        let held = match &sent {
            // given in between, unless BlackLine means something else by it: reading again tells
            Err(error) if error.kind() == ErrorKind::Conflict => self.pairs(call, user).await.unwrap_or_default(),
            _ => Vec::new(),
        };
        let (there, others): (Vec<&Pair>, Vec<&Pair>) = pairs.iter().partition(|pair| held.contains(pair));
        steps.add_all(there.into_iter().map(shown), Ok(Effect::Already));
        steps.add_all(others.into_iter().map(shown), sent);
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
            sent => sent.map(Effect::of_write),
        }
    }

    /// The reply to steps that all went well. A yes to several proves nothing of each, so the user's list of roles must
    /// show them; core looks after one alone.
    async fn read_back(
        &self,
        call: &Call,
        user: &str,
        steps: Steps,
        is_so: impl Fn(&[Pair], &str) -> bool + Send,
    ) -> Result<Reply<User<'static>>> {
        let reply = steps.finish(Reply::sent(user))?;
        if reply.steps.len() < 2 || reply.effect != Effect::Applied {
            return Ok(reply);
        }
        let now = self.pairs(call, user).await;
        let mut seen = Steps::default();
        for step in &reply.steps {
            let effect = step.effect.unwrap_or(Effect::Applied);
            let shows = match &now {
                Ok(now) if is_so(now, &step.target) => Ok(effect),
                Ok(_) => Err(not_shown()),
                Err(_) if effect == Effect::Already => Ok(effect),
                Err(error) => Err(Error::new(error.kind(), format!("sent, and not read back: {error}"))
                    .with_outcome(Outcome::Unknown)),
            };
            seen.add(&step.target, shows);
        }
        seen.finish(reply)
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
        let held_id = |role: &UserRole<'_>| {
            let id = role.id.as_deref()?;
            held.iter().any(|pair| pair.role == id).then(|| id.to_owned())
        };
        let known = match roles.iter().all(|role| held_id(role).is_some()) {
            true => Vec::new(),
            false => self.roles(call).await?,
        };
        let mut named: Vec<(String, Option<Pair>)> = Vec::new();
        let mut unseen = None;
        for role in &roles {
            let id = held_id(role).map_or_else(|| role_id(&known, role), Ok)?;
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
        let is_own = if named.iter().any(|(_, pair)| pair.is_some()) { self.refuse_own(&user)? } else { None };
        let mut steps = Steps::default();
        for (target, pair) in named {
            let effect = match pair {
                None => Ok(Effect::Already),
                Some(pair) => self.take(call, &mut steps, &input.id, &pair).await,
            };
            steps.add(target, effect);
        }
        let is_gone = |now: &[Pair], target: &str| now.iter().all(|pair| pair.shown() != target);
        let reply = self.read_back(call, &input.id, steps, is_gone).await?;
        let unseen = unseen.map(|product| {
            format!(
                "the user has no role in `{product}`, and BlackLine has no list of products to tell whether it is one"
            )
        });
        Ok(is_own.map(str::to_owned).into_iter().chain(unseen).fold(reply, Reply::note))
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
                .about(role.id.as_deref().or(role.name.as_deref()).unwrap_or_default())
                .hint("give the product's id in `roles[].organization`, or once in `organizations`"));
        }
        let known = self.roles(call).await?;
        let mut wanted: Vec<Pair> = Vec::new();
        for role in &roles {
            let product = assumed::product(role).unwrap_or_default().to_owned();
            let pair = Pair { role: role_id(&known, role)?, product };
            if !wanted.contains(&pair) {
                wanted.push(pair);
            }
        }
        self.user(call, &input.id).await?;
        let held = self.pairs(call, &input.id).await?;
        let (there, new): (Vec<Pair>, Vec<Pair>) = wanted.into_iter().partition(|pair| held.contains(pair));
        let mut steps = Steps::default();
        steps.add_all(there.iter().map(Pair::shown), Ok(Effect::Already));
        if !new.is_empty() {
            self.give(call, &mut steps, &input.id, &new, Pair::shown).await;
        }
        let is_held = |now: &[Pair], target: &str| now.iter().any(|pair| pair.shown() == target);
        self.read_back(call, &input.id, steps, is_held).await
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
        if !known.iter().any(|known| known.id == role.as_str()) {
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
        let is_own = self.refuse_own(&user)?;
        let (give, take) =
            (|pair: &Pair| format!("give {}", pair.shown()), |pair: &Pair| format!("take {}", pair.shown()));
        match is_held {
            true => steps.add(give(&lower), Ok(Effect::Already)),
            false => self.give(call, &mut steps, id, std::slice::from_ref(&lower), give).await,
        }
        let goes_on = steps.are_well();
        for pair in others {
            let effect = if goes_on { self.take(call, &mut steps, id, pair).await } else { steps.not_tried() };
            steps.add(take(pair), effect);
        }
        let is_so = |now: &[Pair], target: &str| {
            let is_given = now.contains(&lower) && target == give(&lower);
            is_given || target.starts_with("take ") && now.iter().all(|pair| take(pair) != target)
        };
        let reply = self.read_back(call, id, steps, is_so).await?;
        Ok(is_own.into_iter().fold(reply, Reply::note))
    }
}

fn not_shown() -> Error {
    Error::unexpected("BlackLine took the change, and the list of the user's roles does not show it")
        .with_outcome(Outcome::Unknown)
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
        let name =
            |pair: &Pair| known.iter().find(|role| role.id == pair.role.as_str()).and_then(|role| role.name.clone());
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
    fn an_id_wins_over_a_name_and_two_equal_names_are_no_answer() {
        let known = [("9", "3"), ("3", "Preparer"), ("4", "preparer"), ("5", "Approver")].map(|(id, name)| Role {
            id: id.into(),
            name: Some(name.into()),
            ..Role::default()
        });
        let by_id = |id: &'static str| role_id(&known, &UserRole { id: Some(id.into()), ..UserRole::default() });
        let by_name =
            |name: &'static str| role_id(&known, &UserRole { name: Some(name.into()), ..UserRole::default() });
        assert_eq!((by_id("3").unwrap(), by_id("approver").unwrap()), ("3".to_owned(), "5".to_owned()));
        assert_eq!((by_name("3").unwrap(), by_name("APPROVER").unwrap()), ("9".to_owned(), "5".to_owned()));
        for wrong in [by_id("preparer"), by_name("preparer"), by_name("5"), by_id("6")] {
            assert_eq!(wrong.unwrap_err().kind(), ErrorKind::InvalidRequest);
        }
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
