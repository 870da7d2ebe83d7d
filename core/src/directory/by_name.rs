//! Everything by name and JSON: for the server, the command line and the harness.

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use userdir_schema::{Unified, field_paths};

use super::Directory;
use crate::action::*;
use crate::call::Call;
use crate::definition::quoted;
use crate::error::{Error, Result};
use crate::page::Sink;
use crate::reply::Reply;

/// Items as JSON, one a line.
#[derive(Clone, Debug, Default)]
pub struct JsonItems {
    /// The lines; each ends with a line feed and holds none inside.
    pub text: Vec<u8>,
    /// How many.
    pub count: usize,
}

/// A page of items as JSON.
#[derive(Clone, Debug)]
pub struct JsonPage {
    /// The items.
    pub items: JsonItems,
    /// Where to go on; none when the list is complete.
    pub next_cursor: Option<String>,
    /// The vendor's list shows fewer fields than its get.
    pub is_partial: bool,
}

impl JsonItems {
    /// The items' texts.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        std::str::from_utf8(&self.text).unwrap_or_default().lines()
    }
}

/// Items that are held in memory until they are as many as asked for: of several vendor pages, and no larger than this
/// together.
struct Held {
    items: JsonItems,
    most: usize,
}

impl<T: Unified> Sink<T> for Held {
    fn take(&mut self, item: T::Of<'_>) -> Result<()> {
        Sink::<T>::take(&mut self.items, item)?;
        if self.items.text.len() <= self.most {
            return Ok(());
        }
        let message = format!("the vendor's items are larger than {} MiB together", self.most >> 20);
        Err(Error::unexpected(message).hint("ask for fewer with a limit"))
    }
}

impl<T: Unified> Sink<T> for JsonItems {
    fn take(&mut self, item: T::Of<'_>) -> Result<()> {
        let start = self.text.len();
        serde_json::to_writer(&mut self.text, &item)
            .map_err(|error| Error::unexpected("an item cannot be written as JSON").caused_by(error))?;
        // The vendor's own bytes may have line breaks between tokens; inside a string JSON forbids them. Most have none,
        // and looking for one is much faster than going over every byte.
        let line = self.text.get_mut(start..).unwrap_or_default();
        if line.contains(&b'\n') || line.contains(&b'\r') {
            for byte in line.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')) {
                *byte = b' ';
            }
        }
        self.text.push(b'\n');
        self.count += 1;
        Ok(())
    }
}

macro_rules! define_by_name {
    ([] $($(#[doc = $doc:literal])* $kind:ident $trait:ident . $method:ident $($stream:ident)? ($input:ident) -> $output:ident
        = $verb:ident $resource:literal $name:literal $(, shown by $confirm:expr)?;)*) => {
        impl Directory {
            /// Calls a get or write action: input and reply are JSON.
            ///
            /// # Errors
            /// As the action's; `InvalidRequest` names members that are unknown or of the wrong type.
            pub async fn call_json(&self, call: &Call, action: Action, input: Value) -> Result<Reply<Box<RawValue>>> {
                match action {
                    $(Action::$trait => define_by_name!(@call $kind $input self call input),)*
                }
            }

            /// Reads the vendor and tells whether the effect of a write is there. Changes nothing.
            ///
            /// # Errors
            /// As the action's read.
            pub async fn confirm_json(&self, call: &Call, action: Action, input: Value) -> Result<Shows> {
                match action {
                    $(Action::$trait => define_by_name!(@confirm $kind $input self call input),)*
                }
            }

            /// Reads exactly one vendor page, of at most `wanted` items where the vendor keeps to it, and gives the cursor
            /// to go on behind it. What the page holds is for the observers of the call.
            ///
            /// # Errors
            /// As the action's.
            pub async fn vendor_page(&self, call: &Call, action: Action, filter: Value, wanted: u32, cursor: Option<&str>) -> Result<Option<String>> {
                match action {
                    $(Action::$trait => define_by_name!(@page $kind $input self call filter wanted cursor),)*
                }
            }

            /// One page of a list action, at most `limit` items.
            ///
            /// # Errors
            /// As the action's.
            pub async fn list_json(&self, call: &Call, action: Action, filter: Value, limit: u32, cursor: Option<&str>) -> Result<JsonPage> {
                match action {
                    $(Action::$trait => define_by_name!(@list $kind $input self call filter limit cursor),)*
                }
            }

            /// All items of a list action, some at a time.
            pub fn stream_json(&self, call: &Call, action: Action, filter: Value) -> BoxStream<'static, Result<JsonItems>> {
                match action {
                    $(Action::$trait => define_by_name!(@stream $kind $input self call filter),)*
                }
            }
        }
    };

    (@call list $input:ident $this:ident $call:ident $json:ident) => { Err($this.not_of_this_kind(<$input as ListAction>::ACTION)) };
    (@call get $input:ident $this:ident $call:ident $json:ident) => {{
        let input = $this.parse::<$input>(<$input as GetAction>::ACTION, $json)?;
        to_raw($this.get($call, input).await?)
    }};
    (@call write $input:ident $this:ident $call:ident $json:ident) => {{
        let action = <$input as WriteAction>::ACTION;
        let json = $this.without_echoes::<$input>($call, $json).await?;
        let input = $this.parse::<$input>(action, json)?;
        to_raw($this.write($call, input).await?)
    }};

    (@confirm write $input:ident $this:ident $call:ident $json:ident) => {{
        let json = $this.without_echoes::<$input>($call, $json).await?;
        let input = $this.parse::<$input>(<$input as WriteAction>::ACTION, json)?;
        Ok($this.confirm($call, &input).await?.shows)
    }};
    (@confirm list $input:ident $this:ident $($rest:ident)*) => { Err($this.not_of_this_kind(<$input as ListAction>::ACTION)) };
    (@confirm get $input:ident $this:ident $($rest:ident)*) => { Err($this.not_of_this_kind(<$input as GetAction>::ACTION)) };

    (@page list $input:ident $this:ident $call:ident $json:ident $limit:ident $cursor:ident) => {{
        let filter = $this.parse::<$input>(<$input as ListAction>::ACTION, $json)?;
        $this.one_page($call, filter, $limit, $cursor).await
    }};
    (@page $kind:ident $input:ident $this:ident $($rest:ident)*) => { define_by_name!(@list $kind $input $this) };

    (@list list $input:ident $this:ident $call:ident $json:ident $limit:ident $cursor:ident) => {{
        let filter = $this.parse::<$input>(<$input as ListAction>::ACTION, $json)?;
        let mut held = Held { items: JsonItems::default(), most: $this.inner.runtime.shared.limits.items_bytes };
        let next_cursor = $this.fill($call, filter, $limit, $cursor, &mut held).await?;
        Ok(JsonPage { items: held.items, next_cursor, is_partial: $this.is_partial::<$input>() })
    }};
    (@list get $input:ident $this:ident $($rest:ident)*) => { Err($this.not_of_this_kind(<$input as GetAction>::ACTION)) };
    (@list write $input:ident $this:ident $($rest:ident)*) => { Err($this.not_of_this_kind(<$input as WriteAction>::ACTION)) };

    (@stream list $input:ident $this:ident $call:ident $json:ident) => {
        match $this.parse::<$input>(<$input as ListAction>::ACTION, $json) {
            Ok(filter) => $this.pages($call, filter, JsonItems::default).boxed(),
            Err(error) => futures_util::stream::once(async { Err(error) }).boxed(),
        }
    };
    (@stream $kind:ident $input:ident $this:ident $call:ident $json:ident) => {{
        let error = define_by_name!(@list $kind $input $this);
        futures_util::stream::once(async { error }).boxed()
    }};
}

crate::action_table! { [define_by_name] }

fn to_raw<T: serde::Serialize>(reply: Reply<T>) -> Result<Reply<Box<RawValue>>> {
    let value = serde_json::value::to_raw_value(&reply.value)
        .map_err(|error| Error::unexpected("the resource cannot be written as JSON").caused_by(error))?;
    Ok(Reply { value, effect: reply.effect, steps: reply.steps, notes: reply.notes })
}

impl Directory {
    fn not_of_this_kind(&self, action: Action) -> Error {
        let what = if action.info().kind == ActionKind::List { "is a list" } else { "is no list" };
        Error::invalid(format!("`{action}` {what} and cannot be called this way")).during(self.slug(), action)
    }

    /// Reads an input from JSON: names unknown members, takes `id` and `user_id` for each other on user actions. Null is
    /// what is not given, but in an update, where no input can say what it asks for.
    fn parse<I: Input>(&self, action: Action, json: Value) -> Result<I> {
        // 501 comes before 400
        self.supported(action)?;
        let wrong = |error: Error| error.during(self.slug(), action);
        let mut given = match json {
            Value::Object(given) => given,
            Value::Null => Map::new(),
            _ => return Err(wrong(Error::invalid("the input must be a JSON object"))),
        };
        // clients write null for what they do not give; in an update it asks to take something away
        let asks = |name: &str| action.info().method == "update" && !matches!(name, "id" | "user_id");
        given.retain(|name, value| !value.is_null() || asks(name));
        // what is sent along empty is not given; only where fields are set does an empty value mean something
        if action.is_write() && !matches!(action.info().method, "create" | "update") {
            given.retain(|_, value| !value.as_array().is_some_and(Vec::is_empty));
        }
        let members: Vec<&str> = I::members().collect();
        if action.info().resource == "users" {
            alias(&mut given, &members).map_err(wrong)?;
        }
        if let Some(unknown) = given.keys().find(|name| !members.contains(&name.as_str())) {
            let facts = self.definition().facts(action);
            let works = match action.info().kind {
                ActionKind::List => facts.map(|facts| facts.filters.to_vec()).unwrap_or_default(),
                _ => self.takes::<I>(facts),
            };
            let works = if works.is_empty() {
                "nothing works here".into()
            } else {
                format!("what works is {}", quoted(&works))
            };
            let noun = if action.info().kind == ActionKind::List { "filter" } else { "field" };
            return Err(wrong(Error::invalid(format!("unknown {noun} `{unknown}`; {works}"))));
        }
        if let Some((name, _)) = given.iter().find(|(_, value)| value.is_null()) {
            return Err(wrong(Error::invalid(format!("`{name}` is null, and null takes nothing away here")).hint(
                "leave it out to keep what is there, give an empty value, or set the vendor's own field with `remote_data`",
            )));
        }
        // each member by itself first, so that the wrong one is named
        for (name, value) in &given {
            let alone = Value::Object(Map::from_iter([(name.clone(), value.clone())]));
            I::deserialize(alone).map_err(|error| {
                // the reason repeats the value, which is nobody's business where it is a password
                let reason = if name == "password" { "it must be a text".into() } else { error.to_string() };
                wrong(Error::invalid(format!("`{name}` is wrong: {reason}")))
            })?;
        }
        I::deserialize(Value::Object(given))
            .map_err(|error| wrong(Error::invalid(format!("the input is wrong: {error}"))))
    }

    /// Lets read-only members through that an update merely echoes, and refuses those that it would change.
    async fn without_echoes<I: WriteAction>(&self, call: &Call, json: Value) -> Result<Value> {
        let info = I::ACTION.info();
        let (Value::Object(mut given), "update") = (json.clone(), info.method) else { return Ok(json) };
        let paths = field_paths(I::ACTION.resource());
        let is_read_only =
            |name: &str| paths.iter().any(|field| field.path == name) && !I::members().any(|m| m == name);
        let names: Vec<String> = given.keys().filter(|name| is_read_only(name)).cloned().collect();
        let echoed: Vec<(String, Value)> = names.iter().filter_map(|name| given.remove_entry(name)).collect();
        if echoed.is_empty() {
            return Ok(json);
        }
        // what is wrong with the rest is told before anything is read
        let rest = Value::Object(given);
        let input: I = self.ready(call, I::ACTION, self.parse(I::ACTION, rest.clone())?)?;
        let id = input.subject().unwrap_or_default();
        let reading = call.own_reading();
        let Some(reading) = I::Output::get(self.provider(), &reading, id) else { return Ok(json) };
        let current = reading.await.map_err(|error| self.explain(error, I::ACTION).about(id.to_owned()))?;
        let current = serde_json::to_value(current.value).unwrap_or_default();
        match echoed.iter().find(|(name, value)| current.get(name).unwrap_or(&Value::Null) != value) {
            None => Ok(rest),
            Some((name, _)) => Err(Error::invalid(format!("`{name}` is read-only; leave it out or send it as it is"))
                .during(self.slug(), I::ACTION)),
        }
    }
}

/// `user_id` and `id` name the same on user actions; where both are given they must agree.
fn alias(given: &mut Map<String, Value>, members: &[&str]) -> Result<()> {
    for (name, other) in [("id", "user_id"), ("user_id", "id")] {
        if members.contains(&name)
            && !members.contains(&other)
            && let Some(value) = given.remove(other)
        {
            if given.get(name).is_some_and(|there| *there != value) {
                return Err(Error::invalid("`id` and `user_id` are both given and differ"));
            }
            given.insert(name.to_owned(), value);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use userdir_schema::{RemoteData, User};

    use super::*;

    #[test]
    fn an_item_is_one_line_whatever_the_vendor_sends() {
        let sent = "{\n  \"a\": 1,\r\n  \"b\": \"x\\ny\"\n}";
        let raw: &RawValue = serde_json::from_str(sent).unwrap();
        let mut items = JsonItems::default();
        for id in ["u1", "u2"] {
            let user = User { remote_data: Some(RemoteData::from(raw)), ..User::with_id(id) };
            Sink::<User<'static>>::take(&mut items, user).unwrap();
        }
        assert_eq!((items.count, items.lines().count()), (2, 2));
        let line: Value = serde_json::from_str(items.lines().last().unwrap()).unwrap();
        assert_eq!(line["remote_data"], serde_json::from_str::<Value>(sent).unwrap());
    }
}
